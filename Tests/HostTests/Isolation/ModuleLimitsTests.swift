import PluginAPI
import Testing

@testable import Host

@Suite("What modules.limits says")
struct ModuleLimitsTests {
    private static let places = "sql: /nowhere/queries"

    @Test(
        "No call outlives its request, and without a deadline it may take as long",
        arguments: [
            ("", 60, 60), ("deadline: 10s", 10, 10), ("deadline: 90s", 60, 60),
            ("deadline: 10s, of: { guards: { deadline: 20s } }", 10, 20),
            ("of: { guards: { deadline: 90s } }", 60, 60),
        ])
    func deadlines(limits: String, usual: Int, own: Int) throws {
        let yaml = "limits: { request_timeout: 60s }\nmodules: { limits: { \(limits) } }\n"

        let configuration = try #require(load(yaml).configuration)

        #expect(configuration.limits(of: "positions").deadline == .seconds(usual))
        #expect(configuration.limits(of: "guards").deadline == .seconds(own))
    }

    @Test(
        "A deadline that is never reached is warned of",
        arguments: [
            ("deadline: 31s", "modules.limits.deadline"),
            ("of: { guards: { deadline: 31s } }", "modules.limits.of.guards.deadline"),
        ])
    func neverReached(limits: String, path: String) {
        let report = load("modules: { limits: { \(limits) } }")

        #expect(report.configuration != nil && report.warnings.map(\.path) == [path])
        #expect(report.text.contains("is longer than `limits.request_timeout` and never reached; make it 30s or less"))
        #expect(load("modules: { limits: { deadline: 30s } }").warnings.isEmpty)
    }

    @Test(
        "Limits of what is never called, and of a name that is nearly another, are warned of",
        arguments: [
            ("sqlite", "it is a storage"), ("memory", "it is a cache"), ("host", "the host's own operations"),
            ("position", "did you mean `positions`?"),
        ])
    func withoutEffect(id: String, part: String) {
        let yaml = "modules: { \(Self.places), limits: { of: { \(id): { calls: 3 } } } }"

        let report = load(yaml).withSQLModules(catalog: .fixture)

        #expect(report.configuration != nil && report.warnings.count == 1)
        #expect(report.text.contains("c.yaml:1:") && report.text.contains(part), "\(report.text)")
    }

    @Test("A module that may come later is no mistake", arguments: ["positions", "turnover", "pnl"])
    func later(id: String) {
        let yaml = "modules: { \(Self.places), limits: { of: { \(id): { calls: 3 } } } }"

        #expect(load(yaml).withSQLModules(catalog: .fixture).warnings.isEmpty)
    }

    @Test("The host's own operations may take as long as any request")
    func ownOperations() async throws {
        let yaml = "limits: { request_timeout: 60s }\nmodules: { limits: { deadline: 10s } }\n"
        try await ReloadFixture.run(yaml) { host in
            let operations = host.generations.current.queryPath.adminOperations
            let own = try #require(operations.first { $0.name == "host.reloadConfiguration" })

            #expect(own.deadline == .seconds(60))
        }
    }
}
