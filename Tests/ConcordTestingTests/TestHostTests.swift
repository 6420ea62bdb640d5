import ConcordTesting
import Host
import PluginAPI
import PluginTesting
import Positions
import Testing

@Suite("The test kit's host")
struct TestHostTests {
    @Test("A service that is not compiled in reads the scoped views of the fixture book")
    func outsideService() async throws {
        try await TestHost.run(TallyModule.self) { host in
            try await host.book.fill()

            let ann = try await host.ask("tally", "bySymbol", as: .user("ann"))
            let bob = try await host.ask("tally", "bySymbol", as: .user("bob"))

            #expect(ann.status == 200, "\(ann.text)")
            #expect(
                ann.text == #"{"rows":[{"symbol":"EURUSD","lots":0.3},{"symbol":"XAUUSD","lots":0.5}]}"#)
            #expect(bob.rows.count == 1)
        }
    }

    @Test("A service that is not compiled in has no storage of its own, as a host lends it none")
    func noStorage() async throws {
        try await TestHost.run(CuriousModule.self) { host in
            let reply = try await host.ask("curious", "accounts", as: .user("ann"))

            #expect(reply.status == 503, "\(reply.text)")
        }
    }

    @Test("An answer is a hit until the clock has passed its TTL, or a write has touched what it depends on")
    func cache() async throws {
        try await TestHost.run(TallyModule.self) { host in
            try await host.book.fill()

            #expect(try await host.ask("tally", "bySymbol", as: .user("ann")).isHit == false)
            let hit = try await host.ask("tally", "bySymbol", as: .user("ann"))
            #expect(hit.isHit)
            #expect(hit.cacheStatus?.hasPrefix("concord; hit; ttl=") == true)

            host.clock.advance(by: .seconds(59))
            #expect(try await host.ask("tally", "bySymbol", as: .user("ann")).isHit)
            host.clock.advance(by: .seconds(1))
            #expect(try await host.ask("tally", "bySymbol", as: .user("ann")).isHit == false)
            #expect(try await host.ask("tally", "bySymbol", as: .user("ann")).isHit)

            try await host.book.put(trades: [FixtureTrade("t-9", of: "acc-1")])
            let fresh = try await host.ask("tally", "bySymbol", as: .user("ann"))
            #expect(fresh.isHit == false)
            #expect(fresh.rows.first?["lots"] == .number("0.4"))
        }
    }

    @Test("A call takes the whole way of a request: token, role, parameters, path")
    func refusals() async throws {
        try await TestHost.run(PositionsModule.self) { host in
            try await host.book.fill()

            let nobody = try await host.ask("positions", "open", as: nil)
            #expect(nobody.status == 401)
            let limit = try await host.ask("positions", "closed", ["limit": "0"], as: .user("ann"))
            #expect(limit.status == 400)
            #expect(limit.detail?.contains("limit") == true)
            #expect(await host.ask(path: "/api/v1/nothing", as: .user("ann")).status == 404)
            #expect(await host.ask(path: "/admin/modules", as: .user("ann")).status == 403)
            #expect(await host.ask(path: "/admin/modules", as: .operator).status == 200)
        }
    }

    @Test("Path parameters go into the path and are percent-encoded")
    func pathParameters() async throws {
        try await TestHost.run(PositionsModule.self) { host in
            try await host.book.fill()
            let open = try await host.ask("positions", "open", ["account_id": "acc-3"], as: .user("bob"))
            guard case .array(let positions)? = open.json["positions"],
                case .string(let id)? = positions[0]["position_id"]
            else { throw TestHostError(reason: open.text) }

            let one = try await host.ask("positions", "byID", ["position_id": id], as: .user("bob"))
            let none = try await host.ask("positions", "byID", ["position_id": "a/b?c"], as: .user("bob"))

            #expect(one.json["symbol"] == .string("GBPUSD"))
            #expect(none.status == 404)
            #expect(none.detail == "There is no such position.")
        }
    }

    @Test("Settings are checked as the configuration file is")
    func settings() async throws {
        let failure = await #expect(throws: EmbeddedHostError.self) {
            try await TestHost.run(PositionsModule.self, settings: ["positions": "{ timeot: 3s }"]) { _ in }
        }
        #expect(failure?.reason.contains("timeot") == true)
        #expect(failure?.reason.contains("did you mean `timeout`") == true, "\(failure?.reason ?? "")")
    }

    @Test("A module that does not start ends the run with its own words")
    func broken() async throws {
        let failure = await #expect(throws: TestHostError.self) {
            try await TestHost.run(BrokenModule.self) { _ in }
        }
        #expect(failure?.reason.contains("broken") == true)
        #expect(failure?.reason.contains("it is too late") == true)
    }

    @Test("An operation that is not there is told with those that are")
    func unknownOperation() async throws {
        try await TestHost.run(TallyModule.self) { host in
            let failure = await #expect(throws: TestHostError.self) {
                try await host.ask("tally", "bySymbl", as: .user("ann"))
            }
            #expect(failure?.reason == "module tally has no operation bySymbl; it has: bySymbol")
        }
    }

    @Test("What the book refuses ends the test with the book's answer")
    func refusedFixture() async throws {
        try await TestHost.run(TallyModule.self) { host in
            let failure = await #expect(throws: TestHostError.self) {
                try await host.book.put(trades: [FixtureTrade("t-1", of: "nobody's")])
            }
            #expect(failure?.reason.hasPrefix("the book answered 404 to trades: ") == true, "\(failure?.reason ?? "")")
        }
    }

    @Test("SQL modules of a directory are loaded like any other module")
    func sqlModules() async throws {
        let directory = #filePath.replacing("Tests/ConcordTestingTests/TestHostTests.swift", with: "config/queries")
        try await TestHost.run(sqlModules: directory) { host in
            try await host.book.fill()
            let reply = try await host.ask("pnl", "by_day", as: .user("ann"))
            #expect(reply.status == 200, "\(reply.text)")
        }
    }
}

/// What an author writes.
private struct TallyModule: QueryService {
    static let descriptor = ModuleDescriptor(id: "tally", summary: "Lots by symbol", requires: ["book"])
    private let views: any ViewReader

    init(configuration: ModuleConfiguration, context: ModuleContext) { views = context.views }

    var operations: [PluginAPI.Operation] {
        [
            .query(
                "bySymbol", at: "/tally", ttl: .seconds(60), reply: .rows(["symbol": .text, "lots": .decimal])
            ) { request in
                try await views.rows(
                    "SELECT symbol, sum(volume) AS lots FROM v_trades GROUP BY symbol ORDER BY symbol", for: request)
            }
        ]
    }
}

/// Tries to read tables.
private struct CuriousModule: QueryService {
    static let descriptor = ModuleDescriptor(id: "curious", summary: "Counts accounts", requires: ["book"])
    private let storage: any StorageBackend

    init(configuration: ModuleConfiguration, context: ModuleContext) { storage = context.storage }

    var operations: [PluginAPI.Operation] {
        [
            .query("accounts", at: "/curious", reply: .object(["count": .integer])) { request in
                let rows = try await storage.rows("SELECT count(*) FROM accounts", deadline: request.deadline)
                return Reply { (json: inout JSONWriter) in json.field("count", rows.first?.integer(0) ?? 0) }
            }
        ]
    }
}

private struct BrokenModule: QueryService {
    static let descriptor = ModuleDescriptor(id: "broken", summary: "Does not start", requires: ["book"])
    init(configuration: ModuleConfiguration, context: ModuleContext) {}
    func start() async throws { throw ModuleError.unavailable(reason: "it is too late") }
    var operations: [PluginAPI.Operation] { [] }
}
