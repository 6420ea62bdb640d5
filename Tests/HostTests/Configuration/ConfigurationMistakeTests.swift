import PluginAPI
import Testing

@testable import Host

/// One mistake: the file, where it is reported, and words of the message.
struct MistakeCase: Sendable, CustomTestStringConvertible {
    let yaml: String
    let place: String
    let words: [String]

    init(_ yaml: String, _ place: String, _ words: String...) {
        self.yaml = yaml
        self.place = place
        self.words = words
    }

    var testDescription: String { "\(yaml.prefix(60)) → \(place)" }
}

@Suite("A mistake in the file is named with its line and column")
struct ConfigurationMistakeTests {
    @Test(
        "Each mistake is reported once, where it is, with what would be right",
        arguments: keys + shapes + numbers + quantities + words + lists + rules)
    func mistake(_ mistake: MistakeCase) {
        let report = load(mistake.yaml)

        #expect(report.errors.count == 1, "\(report.text)")
        #expect(report.configuration == nil)
        #expect(report.text.contains("c.yaml:\(mistake.place): error: "), "\(report.text)")
        for word in mistake.words { #expect(report.text.contains(word), "\(report.text)") }
    }

    @Test("A text that is not YAML is one mistake, where the parser stopped", arguments: syntax)
    func syntaxMistake(_ mistake: MistakeCase) {
        let report = load(mistake.yaml)

        #expect(report.configuration == nil)
        #expect(report.text.contains("c.yaml:\(mistake.place): error: "), "\(report.text)")
        for word in mistake.words { #expect(report.text.contains(word), "\(report.text)") }
    }

    @Test("All mistakes come at once, in the file's order, each with its line and a caret")
    func allAtOnce() {
        let report = load(
            """
            server: { prot: 1 }
            limits:
              body: lots
              body: 1KiB
            storage: { use: oracle }
            log: { level: loud }
            """)

        #expect(
            report.text == """
                c.yaml:1:11: error: unknown key `prot` in `server`; did you mean `port`?
                  server: { prot: 1 }
                            ^
                c.yaml:3:9: error: `limits.body`: “lots” is not a size; write a whole number and a unit, such as 64MiB
                    body: lots
                          ^
                c.yaml:4:3: error: the key `body` is here a second time; line 3 has it already
                    body: 1KiB
                    ^
                c.yaml:5:17: error: `storage.use`: “oracle” is not known; it is one of sqlite
                  storage: { use: oracle }
                                  ^
                c.yaml:6:15: error: `log.level`: “loud” is not known; it is one of trace, debug, info, notice, warning, error, critical
                  log: { level: loud }
                                ^

                """)
    }

    @Test("The caret stands below the place also behind wide letters and tabs")
    func caret() throws {
        let report = load("log: { level: \"é\tü\", nope: 1 }")

        let lines = report.text.split(separator: "\n").map(String.init)
        #expect(lines.contains("  log: { level: \"é ü\", nope: 1 }"))
        let caret = try #require(lines.last)
        #expect(caret.firstIndex(of: "^").map { caret.distance(from: caret.startIndex, to: $0) } == 23)
    }

    @Test("A flood of mistakes is counted, not printed")
    func flood() {
        let yaml = (0..<1500).map { "key\($0): 1\n" }.joined()

        let report = load(yaml)

        #expect(report.errors.count == 1500)
        #expect(report.text.hasSuffix("… and 500 more\n"))
    }

    @Test(
        "An empty file, a comment and an empty document are all defaults",
        arguments: ["", "# nothing\n", "---\n", "{}"])
    func empty(_ yaml: String) {
        let report = load(yaml)

        #expect(report.mistakes.isEmpty, "\(report.text)")
        #expect(report.configuration?.server == HostConfiguration.Listener(host: "127.0.0.1", port: 8000))
    }

    @Test("JSON names each mistake by place, key, detail and hint")
    func json() throws {
        let report = load("server:\n  prot: 1\n")

        var writer = JSONWriter()
        writer.object { report.write(to: &$0) }

        let json = try JSONValue(parsing: writer.bytes)
        #expect(json["valid"] == .boolean(false))
        guard case .array(let mistakes) = json["mistakes"], let first = mistakes.first else {
            Issue.record("no mistakes in \(writer.text)")
            return
        }
        #expect(first["place"] == .string("c.yaml:2:3"))
        #expect(first["line"] == .number("2"))
        #expect(first["column"] == .number("3"))
        #expect(first["key"] == .string("server.prot"))
        #expect(first["hint"] == .string("did you mean `port`?"))
        #expect(first["source"] == .string("  prot: 1"))
    }

    // MARK: Tables

    private static let keys = [
        MistakeCase("sever: {}", "1:1", "unknown key `sever`", "did you mean `server`?"),
        MistakeCase("server: { prot: 1 }", "1:11", "did you mean `port`?"),
        MistakeCase("server: { Port: 1 }", "1:11", "did you mean `port`?"),
        MistakeCase("server: { quux: 1 }", "1:11", "valid here: host, port"),
        MistakeCase("auth:\n  jwt:\n    liftime: 1h", "3:5", "did you mean `lifetime`?"),
        MistakeCase("limits:\n  request_per_minute: 5", "2:3", "did you mean `requests_per_minute`?"),
        MistakeCase("queries:\n  - guards:\n      drawdwon: {}", "3:7", "did you mean `drawdown`?"),
        MistakeCase("queries:\n  - positions: { timeot: 1s }", "2:18", "did you mean `timeout`?"),
        MistakeCase("storage: { postgres: { url: x } }", "1:12", "no storage module `postgres`", "compiled in: sqlite"),
        MistakeCase("cache:\n  redis: { url: x }", "2:3", "no cache module `redis`", "compiled in: memory"),
        MistakeCase("storage: { sqlit: { path: x } }", "1:12", "did you mean `sqlite`?"),
        MistakeCase("storage: { migrat: auto }", "1:12", "did you mean `migrate`?"),
        MistakeCase("storage: { sqlite: { pth: x } }", "1:22", "did you mean `path`?"),
        MistakeCase("cors: {}\ncors: {}", "2:1", "`cors` is here a second time", "line 1"),
        MistakeCase("server:\n  port: 1\n  host: ::1\n  port: 2", "4:3", "`port` is here a second time", "line 2"),
        MistakeCase("<<: {}", "1:1", "merge keys are not read"),
        MistakeCase("? [a]\n: 1", "1:3", "a key must be text"),
        MistakeCase("server: { ~: 1 }", "1:11", "a key must be text"),
        MistakeCase("instruments: { GOLD: { digits: 2, pips: 1, pip: 0.1 } }", "1:35", "did you mean `pip`?"),
        MistakeCase("instruments: { GOLD: { digits: 2 } }", "1:22", "`instruments.GOLD.pip` is required"),
        MistakeCase("queries: [ book: { instruments: {} } ]", "1:20", "unknown key `instruments`"),
        MistakeCase("modules: { dynamic: [ { id: a, file: b } ] }", "1:23", "`modules.dynamic[0].sha256` is required"),
    ]

    private static let shapes = [
        MistakeCase("- 1", "1:1", "the configuration is a list"),
        MistakeCase("hello", "1:1", "the configuration is one value"),
        MistakeCase("server: 8000", "1:9", "`server` is one value"),
        MistakeCase("server: [8000]", "1:9", "`server` is a list"),
        MistakeCase("server: { port: {} }", "1:17", "`server.port` is a mapping", "a whole number from 0 to 65535"),
        MistakeCase("server: { port: [1] }", "1:17", "`server.port` is a list"),
        MistakeCase("server: { port: }", "1:17", "`server.port` has no value"),
        MistakeCase("server: { port: null }", "1:17", "`server.port` has no value"),
        MistakeCase("cors: { origins: https://a.example }", "1:18", "`cors.origins` is one value"),
        MistakeCase("cors: { origins: { a: b } }", "1:18", "`cors.origins` is a mapping"),
        MistakeCase("auth: { roles: [owner] }", "1:16", "`auth.roles` is a list"),
        MistakeCase("server: &a {}\n", "1:9", "anchors and tags are not read"),
        MistakeCase("server: { port: !!int 1 }", "1:17", "anchors and tags are not read"),
        MistakeCase("server: {}\n---\nadmin: {}", "2:1", "a second document"),
    ]

    private static let numbers = [
        MistakeCase("server: { port: eighty }", "1:17", "“eighty” is not a whole number"),
        MistakeCase("server: { port: 8000.5 }", "1:17", "is not a whole number"),
        MistakeCase("server: { port: 0x1F }", "1:17", "is not a whole number"),
        MistakeCase("server: { port: 08000 }", "1:17", "is not a whole number"),
        MistakeCase("server: { port: +80 }", "1:17", "is not a whole number"),
        MistakeCase("server: { port: \"8000\" }", "1:17", "is text", "without quotes"),
        MistakeCase("server: { port: -1 }", "1:17", "out of range", "0 to 65535"),
        MistakeCase("server: { port: 65536 }", "1:17", "out of range", "0 to 65535"),
        MistakeCase("server: { port: 99999999999999999999 }", "1:17", "out of range"),
        MistakeCase("limits: { requests_per_minute: 0 }", "1:32", "out of range", "1 to 1000000000"),
        MistakeCase("limits: { agent_requests_per_minute: 1000000001 }", "1:38", "out of range"),
        MistakeCase("limits: { failed_auth_per_minute: many }", "1:35", "is not a whole number"),
        MistakeCase("queries: [ guards: { drawdown: { min_equity: 1e3 } } ]", "1:46", "without an exponent"),
        MistakeCase("queries: [ guards: { drawdown: { min_equity: -1 } } ]", "1:46", "out of range"),
        MistakeCase("queries: [ guards: { drawdown: { max: 20 } } ]", "1:39", "is not a percentage", "15%"),
        MistakeCase("queries: [ guards: { drawdown: { max: 120% } } ]", "1:39", "out of range", "0% to 100%"),
        MistakeCase("queries: [ guards: { drawdown: { max: x% } } ]", "1:39", "is not a percentage"),
        MistakeCase("queries: [ guards: { market: { enabled: yes } } ]", "1:41", "write true or false"),
        MistakeCase("queries: [ guards: { market: { enabled: \"true\" } } ]", "1:41", "is text"),
        MistakeCase("instruments: { GOLD: { digits: 9, pip: 0.1 } }", "1:32", "0 to 8"),
    ]

    private static let quantities = [
        MistakeCase("cache: { default_ttl: 10 }", "1:23", "has no unit", "ms, s, m, h, d"),
        MistakeCase("cache: { default_ttl: 10sec }", "1:23", "unknown unit `sec`"),
        MistakeCase("cache: { default_ttl: 10 s }", "1:23", "unknown unit ` s`"),
        MistakeCase("cache: { default_ttl: 1.5s }", "1:23", "is not a duration"),
        MistakeCase("cache: { default_ttl: -1s }", "1:23", "is not a duration"),
        MistakeCase("cache: { default_ttl: soon }", "1:23", "is not a duration", "10s"),
        MistakeCase("cache: { default_ttl: 2d }", "1:23", "out of range", "0s to 1d"),
        MistakeCase("cache: { default_ttl: 99999999999999999999s }", "1:23", "out of range"),
        MistakeCase("limits: { request_timeout: 1ms }", "1:28", "100ms to 1h"),
        MistakeCase("auth: { jwt: { lifetime: 0s } }", "1:26", "1s to 365d"),
        MistakeCase("auth: { jwt: { leeway: 1h } }", "1:24", "0s to 10m"),
        MistakeCase("limits: { body: 8MB }", "1:17", "unknown unit `MB`", "KiB, MiB, GiB"),
        MistakeCase("limits: { body: 8mib }", "1:17", "unknown unit `mib`"),
        MistakeCase("limits: { body: lots }", "1:17", "is not a size"),
        MistakeCase("limits: { body: 0 }", "1:17", "1KiB to 1GiB"),
        MistakeCase("cache: { memory: { max_size: 9GiB } }", "1:30", "1MiB to 1GiB"),
        MistakeCase("retention: { audit: forever }", "1:21", "`retention.audit`", "`keep`"),
        MistakeCase("retention: { runs: 0s }", "1:20", "`retention.runs`", "1m to"),
    ]

    private static let words = [
        MistakeCase("environment: prod", "1:14", "it is one of development, production"),
        MistakeCase("environment: Production", "1:14", "did you mean `production`?"),
        MistakeCase("log: { level: INFO }", "1:15", "did you mean `info`?"),
        MistakeCase("log: { format: xml }", "1:16", "one of json, text"),
        MistakeCase("auth: { jwt: { algorithm: none } }", "1:27", "one of HS256"),
        MistakeCase("auth: { roles: { owner: admin } }", "1:25", "`auth.roles.owner`", "user, agent, operator"),
        MistakeCase("storage: { use: postgres }", "1:17", "one of sqlite"),
        MistakeCase("storage: { use: sqllite }", "1:17", "did you mean `sqlite`?"),
        MistakeCase("storage: { migrate: later }", "1:21", "one of auto, manual"),
        MistakeCase("cache: { use: redis }", "1:15", "one of memory, none"),
        MistakeCase("server: { host: \"\" }", "1:17", "is not an address"),
        MistakeCase("server: { host: 1.2.3 }", "1:17", "is not an address"),
        MistakeCase("server: { host: 256.0.0.1 }", "1:17", "is not an address"),
        MistakeCase("server: { host: a_b }", "1:17", "is not an address"),
        MistakeCase("server: { host: \"::x\" }", "1:17", "is not an address"),
        MistakeCase("storage: { sqlite: { path: \"\" } }", "1:28", "is no path"),
        MistakeCase("storage: { sqlite: { path: \"a\\0b\" } }", "1:28", "control character"),
        MistakeCase(
            "queries: [ reconciliation: { tolerance: { volume: 5 } } ]", "1:51", "is not a tolerance", "exact, 5 pips"),
    ]

    private static let lists = [
        MistakeCase("queries: reconciliation", "1:10", "`queries` is no list"),
        MistakeCase("queries: { guards: {} }", "1:10", "`queries` is no list"),
        MistakeCase("queries: [guard]", "1:11", "no query service `guard`", "did you mean `guards`?"),
        MistakeCase("queries:\n  - turnover: {}", "2:5", "compiled in: book, reconciliation, positions, guards"),
        MistakeCase("queries: [guards, guards]", "1:19", "`guards` is here a second time", "line 1"),
        MistakeCase("queries:\n  - guards: {}\n    positions: {}", "3:5", "one item names two services"),
        MistakeCase("queries: [[guards]]", "1:11", "an item of `queries` is a service's name"),
        MistakeCase("queries: [{}]", "1:11", "an item of `queries` is a service's name"),
        MistakeCase("queries:\n  -\n  - guards", "2:4", "an item of `queries` is a service's name"),
        MistakeCase("queries: [guards: 5]", "1:19", "`queries.guards` is one value"),
        MistakeCase("queries: [reconciliation: { grace: soon }]", "1:36", "is not a duration"),
        MistakeCase("queries: [reconciliation: { grace: { a: soon } }]", "1:41", "is not a duration"),
        MistakeCase("queries: [reconciliation: { grace: [1s] }]", "1:36", "is a list"),
        MistakeCase("cors: { origins: ['*'] }", "1:19", "list the origins"),
        MistakeCase("cors: { origins: [desk.example] }", "1:19", "http:// or https://"),
        MistakeCase("cors: { origins: ['https://a.example/'] }", "1:19", "more than scheme, host and port"),
        MistakeCase("cors: { origins: ['https://*.a.example'] }", "1:19", "has a wildcard"),
        MistakeCase("cors: { origins: ['https://a.example:0'] }", "1:19", "1 to 65535"),
        MistakeCase("cors: { origins: ['https://A.example'] }", "1:19", "lower case"),
    ]

    private static let rules = [
        MistakeCase("admin: { host: 0.0.0.0 }", "1:16", "without TLS"),
        MistakeCase("admin: { host: desk.example }", "1:16", "without TLS"),
        MistakeCase("admin: { port: 8000 }", "1:16", "are the same"),
        MistakeCase("server: { port: 8001 }", "1:17", "are the same"),
        MistakeCase("server: { host: 0.0.0.0, port: 8001 }", "1:32", "are the same"),
        MistakeCase("environment: production", "1:14", "`auth.jwt.secret` is required in production"),
        MistakeCase(
            "environment: production\nauth: { jwt: { secret: short } }", "2:24", "fewer than 32 bytes", "openssl rand"),
        MistakeCase("auth: { jwt: { secret: \"\" } }", "1:24", "fewer than 32 bytes"),
        MistakeCase("modules: { dynamic: [ { id: a, file: b, sha256: c } ] }", "1:49", "is not 64 hexadecimal digits"),
        MistakeCase("log: { level: \"${env:LEVEL\" }", "1:15", "a ${ is not closed"),
        MistakeCase("log: { level: \"${LEVEL}\" }", "1:15", "neither env nor file"),
        MistakeCase("log: { level: \"${env:A B}\" }", "1:15", "no good variable name"),
        MistakeCase("auth: { jwt: { secret: \"${file:/nowhere}\" } }", "1:24", "/nowhere is not there"),
    ]

    private static let syntax = [
        MistakeCase("server: {", "1:10", "not YAML"),
        MistakeCase("server:\n\tport: 1", "2:1", "not YAML", "indent with spaces"),
        MistakeCase("server: { port: ${env:PORT} }", "1:18", "in quotes"),
        MistakeCase("a: b: c", "1:5", "mapping values are not allowed"),
        MistakeCase("a: 'open", "1:9", "not YAML"),
        MistakeCase("server: *a", "1:9", "aliases are not followed"),
        MistakeCase("a: [\u{1}]", "1:5", "a control character is not text"),
        MistakeCase("a: *", "1:5", "not YAML"),
        MistakeCase(String(repeating: "[", count: 500), "1:34", "deeper than 32 levels"),
        MistakeCase(String(repeating: "- ", count: 500), "1:67", "deeper than 32 levels"),
        MistakeCase("# " + String(repeating: "x", count: 1 << 20), "1:1", "at most 1048576"),
    ]
}
