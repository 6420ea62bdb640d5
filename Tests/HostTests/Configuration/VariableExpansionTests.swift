import PluginAPI
import Testing

@testable import Host

@Suite("Variables and files in values are expanded once")
struct VariableExpansionTests {
    @Test(
        "A value takes what its variables hold",
        arguments: [
            (text: "${env:A}", level: "debug"),
            (text: "${env:UNSET:-warning}", level: "warning"),
            (text: "${env:EMPTY:-error}", level: "error"),
            (text: "${env:A:-warning}", level: "debug"),
            (text: "de${env:B}g", level: "debug"),
            (text: "${env:C}${env:D}", level: "debug"),
            (text: "${file:/level}", level: "trace"),
        ]
    )
    func expands(text: String, level: String) {
        let variables = ["A": "debug", "B": "bu", "C": "de", "D": "bug", "EMPTY": ""]

        let report = load("log: { level: \"\(text)\" }", environment: variables, files: ["/level": "trace\n"])

        #expect(report.configuration?.log.level.rawValue == level, "\(report.text)")
    }

    @Test("An unset or empty variable leaves the key absent", arguments: ["${env:UNSET}", "${env:EMPTY}"])
    func unset(_ text: String) {
        let report = load("log: { level: \"\(text)\" }\ncors: { origins: [\"\(text)\"] }", environment: ["EMPTY": ""])

        #expect(report.mistakes.isEmpty)
        #expect(report.configuration?.log.level == .info)
        #expect(report.configuration?.corsOrigins == [])
    }

    @Test("A text with an unset variable in it counts as absent, with a warning")
    func partlyUnset() {
        let report = load("storage: { sqlite: { path: \"${env:DIR}/a.db\" } }")

        #expect(report.configuration?.storage.configuration.text("path") == "var/concord.db")
        #expect(report.text.contains("c.yaml:1:28: warning: `DIR` is not set"))
    }

    @Test("What a variable holds is not expanded again")
    func once() {
        let environment = ["A": "${env:B}", "B": "never", "C": "$${x}"]
        let report = load("cache: { prefix: \"${env:A}-${env:C}\" }", environment: environment)

        #expect(report.configuration?.cache.prefix == "${env:B}-$${x}")
    }

    @Test(
        "Dollar signs alone are text, and $${ stands for ${",
        arguments: [("pa$$word$", "pa$$word$"), ("$${env:A}", "${env:A}"), ("$", "$"), ("{$}", "{$}")])
    func dollars(written: String, read: String) {
        #expect(load("cache: { prefix: '\(written)' }").configuration?.cache.prefix == read)
    }

    @Test("A number may come through a variable, in quotes")
    func number() {
        let yaml = "server: { port: \"${env:PORT:-9000}\" }"

        #expect(load(yaml).configuration?.server.port == 9000)
        #expect(load(yaml, environment: ["PORT": "9001"]).configuration?.server.port == 9001)
    }

    @Test("A bad value out of a variable is refused without being repeated")
    func notRepeated() {
        let report = load("server: { port: \"${env:PORT}\" }", environment: ["PORT": "hunter2"])

        #expect(report.text.contains("c.yaml:1:17: error: `server.port`: the value, not repeated here"))
        #expect(report.text.contains("a whole number from 0 to 65535"))
        #expect(!report.text.contains("hunter2"))
    }

    @Test("The secret may be a file of its own, without its last line break")
    func secretFile() {
        let secret = String(repeating: "s3cr", count: 8)
        let yaml = "environment: production\nauth: { jwt: { secret: \"${file:/run/key}\" } }"

        let report = load(yaml, files: ["/run/key": secret + "\n"])

        #expect(report.configuration?.auth.secret == .configured(.init(secret)), "\(report.text)")
    }
}
