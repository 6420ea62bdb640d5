import PluginAPI
import Testing

@testable import Host

@Suite("What is printed of the configuration")
struct ConfigurationRenderingTests {
    @Test(
        "The sample is a configuration without a mistake, with every default",
        arguments: [ModuleCatalog.fixture, .large])
    func sample(_ catalog: ModuleCatalog) {
        let sample = ConfigurationSample.text(HostSpec(catalog))

        let report = load(sample, catalog: catalog)

        #expect(report.mistakes.isEmpty, "\(report.text)\n\(sample)")
        #expect(report.configuration == load("", catalog: catalog).configuration)
        for line in sample.split(separator: "\n") { #expect(line.count <= 120) }
    }

    @Test("The sample marks what takes a restart, and nothing else", arguments: [("port", true), ("level", false)])
    func restarts(key: String, isMarked: Bool) throws {
        let lines = ConfigurationSample.text(HostSpec(.compiledIn)).split(separator: "\n").map(String.init)
        let index = try #require(lines.firstIndex { $0.drop { $0 == " " }.hasPrefix("\(key):") })

        #expect(lines[index - 1].hasSuffix(" Needs a restart.") == isMarked, "\(lines[index - 1])")
    }

    @Test("What is shown reads back as the same configuration")
    func showIsReadable() throws {
        let yaml = """
            cache: { prefix: "a: #b 'c\\"" }
            auth: { roles: { "x y": user, "null": operator } }
            cors: { origins: ["https://a.example", "http://localhost:3000"] }
            queries: [reconciliation: { grace: { default: 0s, broker_closed: 10s } }, positions]
            instruments: { EURUSD.m: { digits: 5, pip: 0.0001, aliases: ["true", "~", ""] } }
            """
        let report = load(yaml)
        let document = try #require(report.document, "\(report.text)")

        let shown = ConfigurationListing.text(document, source: "c.yaml", showsOrigin: false)
        let withOrigins = ConfigurationListing.text(document, source: "c.yaml", showsOrigin: true)

        #expect(load(shown).configuration == report.configuration, "\(shown)")
        #expect(load(withOrigins).configuration == report.configuration, "\(withOrigins)")
    }

    @Test("Each shown value says where it came from")
    func origins() throws {
        let secret = String(repeating: "s3cr", count: 8)
        let report = load(
            "server:\n  port: \"${env:PORT}\"\n  host: ::1\n",
            environment: ["PORT": "9000", "JWT_SECRET_KEY": secret, "CONCORD__LOG__FORMAT": "text"],
            flags: [.flag("--log-level", ["log", "level"], "debug")])
        let document = try #require(report.document)

        let shown = ConfigurationListing.text(document, source: "c.yaml", showsOrigin: true)

        #expect(shown.contains("  port: 9000  # c.yaml:2:9 through env PORT\n"), "\(shown)")
        #expect(shown.contains("  host: \"::1\"  # c.yaml:3:9\n"))
        #expect(shown.contains("    secret: \"•••\"  # env JWT_SECRET_KEY\n"))
        #expect(shown.contains("  format: text  # env CONCORD__LOG__FORMAT\n"))
        #expect(shown.contains("  level: debug  # flag --log-level\n"))
        #expect(shown.contains("    lifetime: 24h  # default\n"))
    }

    @Test(
        "A secret is in no output, wherever it was written and whatever else is wrong",
        arguments: [
            "auth: { jwt: { secret: SECRET } }",
            "auth: { jwt: { secert: SECRET } }",
            "auth: { jwt: { 'secret': \"SECRET\", algorithm: none } }",
            "auth: { jwt: { secret: [SECRET] } }",
            "auth:\n  jwt:\n    secret: { a: SECRET }",
            "auth:\n  jwt:\n    secret:\n      SECRET\n    nope: 1",
            "auth: { jwt: { nope: 1, secret: SECRET } }",
            "auth: { jwt: { secret: \"SECRET }",
            "auth: { jwt: { secret: SECRET } ",
            "auth: { jwt: { Secret: \"SECRET\" } }",
            "auth: { jwt: { jwt_secret: SECRET } }",
            "secret: SECRET",
            "auth: { jwt: { secret: \"SECRET\\u0001\" } }",
            "auth: { jwt: { secret: \"SECRET${env:X\" } }",
            "storage: { use: postgres, postgres: { url: 'postgres://u:SECRET@h/d', pool: 1 } }",
            "storage: { use: postgres, postgres: { pool_size: x, url: 'postgres://u:SECRET@h/d' } }",
            "cache: { redis: { urll: SECRET } }",
            "server: { port: \"${env:KEY}\" }",
            "auth: { jwt: { secret: \"${file:/key}\" } }\nserver: { port: \"${file:/key}\" }",
        ])
    func secrets(_ yaml: String) {
        let secret = "hunter2-hunter2"
        let environment = ["KEY": secret, "JWT_SECRET_KEY": secret, "CONCORD__AUTH__JWT__SECERT": secret]

        for variables in [[:], ["KEY": secret], environment] {
            for catalog in [ModuleCatalog.fixture, .large] {
                let report = load(
                    yaml.replacing("SECRET", with: secret), environment: variables, files: ["/key": secret],
                    catalog: catalog)
                var json = JSONWriter()
                json.object { report.write(to: &$0) }
                let shown = report.document.map {
                    ConfigurationListing.text($0, source: "c.yaml", showsOrigin: true)
                }

                #expect(!report.text.contains("hunter2"), "\(report.text)")
                #expect(!json.text.contains("hunter2"))
                #expect(shown?.contains("hunter2") != true)
                #expect(!String(describing: report.configuration).contains("hunter2"))
            }
        }
    }

    @Test(
        "The caret stands below the mistake, and only the secret is masked",
        arguments: [
            (
                "auth: { jwt: { secret: hunter2-hunter2, liftime: 1h } }",
                "auth: { jwt: { secret: •••, liftime: 1h } }", "liftime"
            ),
            (
                "auth: { jwt: { secret: 'hunter2, '' }', liftime: 1h } }",
                "auth: { jwt: { secret: •••, liftime: 1h } }", "liftime"
            ),
            (
                "auth: { jwt: { liftime: 1h, secret: hunter2-hunter2 } }",
                "auth: { jwt: { liftime: 1h, secret: ••• } }", "liftime"
            ),
            (
                "auth: { jwt: { secret: hunter2, algorithm: HS512 } }",
                "auth: { jwt: { secret: •••, algorithm: HS512 } }", "HS512"
            ),
            ("limits: { requests_per_minut: 1 }", "limits: { requests_per_minut: 1 }", "requests_per_minut"),
            ("storage: { use: sqlite, curl: x }", "storage: { use: sqlite, curl: ••• }", "curl"),
        ])
    func carets(yaml: String, line: String, place: String) throws {
        let report = load(yaml)

        let lines = report.text.split(separator: "\n", omittingEmptySubsequences: false)
        let shown = lines.indices.filter { lines[$0] == "  \(line)" }
        let column = try #require(line.firstRange(of: place)).lowerBound
        let caret = "  " + String(repeating: " ", count: line.distance(from: line.startIndex, to: column)) + "^"

        #expect(shown.contains { lines[$0 + 1] == caret }, "\(report.text)")
    }

    @Test("A line with many mistakes is looked through once, and each has the excerpt that it would have alone")
    func manyMistakes() throws {
        let yaml = "cors: { origins: [" + Array(repeating: "x", count: 500).joined(separator: ", ") + "] }\n"
        let report = load("auth: { jwt: { secret: short, leeway: x } }\n" + yaml)
        let names = report.specification.secretNames
        var excerpts = SourceExcerpts(names: names)

        let together = report.mistakes.map { excerpts.excerpt(for: $0, in: report.source) }

        #expect(report.mistakes.count > 500 && excerpts.linesMasked == 2)
        for (mistake, excerpt) in zip(report.mistakes, together) {
            var one = SourceExcerpts(names: names)
            let alone = one.excerpt(for: mistake, in: report.source)
            #expect(alone?.line == excerpt?.line && alone?.caret == excerpt?.caret)
            #expect(excerpt?.line.contains("short") == false)
        }
    }

    @Test("No key that holds no secret is taken for one that does")
    func plainKeys() throws {
        let sample = ConfigurationSample.text(HostSpec(.large))
        let names = HostSpec(.large).secretNames

        for line in sample.split(separator: "\n").map({ Array($0.unicodeScalars) }) {
            let text = String(String.UnicodeScalarView(line))
            if text.contains("url:") || text.contains("secret:") || text.contains("#") { continue }
            #expect(MaskedLine(line, names: names).shown == line, "\(text)")
        }
    }

    @Test("The schema knows every key, and no other")
    func schema() throws {
        let schema = try JSONValue(parsing: ConfigurationSchema.text(HostSpec(.large)).utf8)

        #expect(schema["$schema"] == .string("https://json-schema.org/draft/2020-12/schema"))
        #expect(schema["type"] == .string("object"))
        #expect(schema["additionalProperties"] == .boolean(false))
        let port = schema["properties"]?["server"]?["properties"]?["port"]
        #expect(port?["default"] == .number("8000"))
        #expect(schema["properties"]?["storage"]?["properties"]?["postgres"]?["properties"]?["url"] != nil)
    }

    @Test("A module's table lists its keys under dotted names, between the markers of its README")
    func table() throws {
        let guards = try #require(ModuleCatalog.fixture.services.last)
        let table = ModuleTable(keys: guards.sectionKeys)
        let readme = "# Guards\n\n\(ModuleTable.begin)\nold\n\(ModuleTable.end)\n\nMore.\n"

        let updated = try #require(table.inserted(into: readme))

        #expect(table.text.hasPrefix("| key | type | default | meaning |\n|---|---|---|---|\n| `drawdown.warning` |"))
        #expect(table.text.contains("| `market.act` | `close` or `report` | `report` | Act. |"))
        #expect(updated.contains("\(ModuleTable.begin)\n\n| key |"))
        #expect(!updated.contains("old"))
        #expect(table.inserted(into: updated) == updated)
        #expect(table.inserted(into: "# Guards\n") == nil)
        #expect(ModuleTable(keys: []).text == "It has no settings.\n")
    }

    @Test(
        "The nearest name is the one with the fewest slips",
        arguments: [
            ("prot", "port"), ("hosst", "host"), ("POTR", "port"), ("levle", "level"), ("xyzzy", nil), ("", nil),
        ])
    func nearest(written: String, meant: String?) {
        #expect(NearestName.of(written, among: ["host", "port", "level"]) == meant)
    }
}
