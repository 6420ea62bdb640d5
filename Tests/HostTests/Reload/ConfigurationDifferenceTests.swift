import PluginAPI
import Synchronization
import Testing

@testable import Host

@Suite("What differs between two configurations")
struct ConfigurationDifferenceTests {
    private static let base = """
        auth: { jwt: { secret: a-secret-of-forty-characters-for-tests-only } }
        storage: { sqlite: { path: here.db } }

        """

    @Test(
        "Each changed setting is named by its path, with both values, and whether it takes a restart",
        arguments: [
            (old: "", new: "", changes: []),
            (old: "", new: "log: { level: info }", changes: []),
            (old: "", new: "log: { level: debug }", changes: ["log.level info → debug"]),
            (old: "log: { level: debug }", new: "", changes: ["log.level debug → info"]),
            (old: "", new: "server: { port: 1 }", changes: ["server.port 8000 → 1 restart"]),
            (old: "", new: "log: { format: text }", changes: ["log.format json → text restart"]),
            (
                old: "", new: "cache: { prefix: x_, memory: { max_size: 1MiB } }",
                changes: ["cache.prefix concord_ → x_", "cache.memory.max_size 64MiB → 1MiB restart"]
            ),
            (old: "", new: "cache: { use: none }", changes: ["cache.use memory → none restart"]),
            (
                old: "", new: "cors: { origins: [https://a.example] }",
                changes: ["cors.origins [] → [https://a.example]"]
            ),
            (
                old: "queries: [guards: { drawdown: { max: 20% } }]",
                new: "queries: [guards: { drawdown: { max: 25%, warning: 10% } }]",
                changes: [
                    "queries.guards.drawdown.warning 15% → 10%", "queries.guards.drawdown.max 20% → 25%",
                ]
            ),
            (
                old: "queries: [positions]", new: "queries: [positions, guards]",
                changes: ["queries book, positions → book, positions, guards"]
            ),
            (
                old: "instruments: { GOLD: { digits: 2, pip: 0.1, multiplier: 100, quote_currency: USD } }",
                new: "instruments: { GOLD: { digits: 3, pip: 0.1, multiplier: 100, quote_currency: USD } }",
                changes: ["instruments.GOLD.digits 2 → 3"]
            ),
            (
                old: "instruments: { GOLD: { digits: 2, pip: 0.1, multiplier: 100, quote_currency: USD } }",
                new: "instruments: { }",
                changes: ["instruments.GOLD {digits: 2, pip: 0.1, multiplier: 100, quote_currency: USD} → nil"]
            ),
        ]
    )
    func settings(old: String, new: String, changes: [String]) throws {
        let difference = try Self.difference(
            load(Self.base + old, catalog: .compiledIn), load(Self.base + new, catalog: .compiledIn))

        #expect(difference.settings.map(Self.line) == changes)
    }

    @Test("Sections of modules that are not in use make no difference")
    func idle() throws {
        let difference = try Self.difference(
            load(Self.base, catalog: .compiledIn),
            load(Self.base + "cache: { redis: { url: redis://elsewhere, budget: 1s } }", catalog: .compiledIn))

        #expect(difference.settings.isEmpty)
    }

    @Test("A secret is named and not shown, whatever it was changed in")
    func secret() throws {
        let files = Locked(["/key": String(repeating: "first", count: 8)])
        let yaml = "auth: { jwt: { secret: \"${file:/key}\" } }\n"

        let old = loaded(yaml, reading: files)
        files.value["/key"] = String(repeating: "other", count: 8)
        let difference = try Self.difference(old, loaded(yaml, reading: files))

        #expect(difference.settings.map(Self.line) == ["auth.jwt.secret ••• → •••"])
    }

    @Test("A password in a file that is read again at each connect is no change of what needs a restart")
    func rotated() throws {
        let files = Locked(["/pw": "first", "/key": String(repeating: "key", count: 12)])
        func yaml(_ host: String) -> String {
            """
            auth: { jwt: { secret: "${file:/key}" } }
            storage: { use: postgres, postgres: { url: "postgresql://ann:${file:/pw}@\(host)/x" } }

            """
        }

        let old = loaded(yaml("db"), reading: files)
        files.value["/pw"] = "second"
        let rotated = try Self.difference(old, loaded(yaml("db"), reading: files))
        let moved = try Self.difference(old, loaded(yaml("elsewhere"), reading: files))

        #expect(rotated.settings.isEmpty)
        #expect(moved.settings.map(Self.line) == ["storage.postgres.url ••• → ••• restart"])
    }

    private func loaded(_ yaml: String, reading files: Locked<[String: String]>) -> ConfigurationReport {
        let loader = ConfigurationLoader(catalog: .compiledIn) { path in
            files.value[path].map { .success($0) } ?? .failure(FileProblem(detail: "is not there"))
        }
        return loader.load(ConfigurationSource(name: "c.yaml", text: yaml))
    }

    private static func difference(
        _ old: ConfigurationReport,
        _ new: ConfigurationReport
    ) throws -> ConfigurationDifference {
        #expect(old.errors.isEmpty && new.errors.isEmpty, "\(old.text)\(new.text)")
        return ConfigurationDifference(
            from: try #require(old.document), to: try #require(new.document), new.specification)
    }

    private static func line(_ setting: ChangedSetting) -> String {
        let end = setting.isReloadable ? "" : " restart"
        return "\(setting.path) \(setting.before ?? "nil") → \(setting.after ?? "nil")\(end)"
    }
}
