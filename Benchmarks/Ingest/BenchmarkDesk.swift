import Guards
import PluginAPI
import PluginTesting
import Reconciliation
import SQLiteStorage
import TradingBook

/// Book, reconciliation and guards on one SQLite file, called as the host calls them.
struct BenchmarkDesk: Sendable {
    private let storage: SQLiteStorageModule
    private let book: BookModule
    private let snapshots: Operation
    private let clock: ManualClock

    init(path: String) async throws {
        let clock = ManualClock(Timestamp(seconds: 1_800_000_000))
        let storage = SQLiteStorageModule(path: path)
        func context(_ required: [String: any Module]) -> ModuleContext {
            ModuleContext(
                logger: Unheard(), metrics: Unheard(), clock: clock, storage: storage, invalidator: Unheard(),
                required: required)
        }
        let book = try BookModule(
            configuration: ModuleConfiguration(["instruments": .mapping([:])]), context: context([:]))
        // Their stages take part in each ingest.
        book.extend(with: [
            try ReconciliationModule(configuration: Self.reconciliation, context: context(["book": book])),
            try GuardsModule(configuration: Self.guards, context: context(["book": book])),
        ])
        guard let snapshots = book.operations.first(where: { $0.name == "snapshots" }) else {
            throw ModuleError.unavailable(reason: "the book takes no snapshots")
        }
        (self.clock, self.storage, self.book, self.snapshots) = (clock, storage, book, snapshots)
    }

    /// Lets every event be written.
    func observe() {
        let everything = EventSubscription(name: "all", kinds: Set(Event.Kind.allCases))
        book.outbox.connect([("benchmark", everything)])
    }

    /// Starts storage, makes the schema and the accounts, and puts a trade for every position into the bot's book.
    func open(accounts: Int, positionsEach: Int) async throws {
        try await storage.start()
        let scripts = (BookModule.migrations + ReconciliationModule.migrations + GuardsModule.migrations)
            .map { Migration.script($0.up, for: .sqlite) }
        try await storage.migrationTransaction { transaction in
            for script in scripts { try transaction.executeScript(script) }
        }
        for account in 0..<accounts {
            let body = #"{"user_id": "user-\#(account)", "currency": "USD", "snapshot_interval": "manual"}"#
            _ = try await call("putAccount", body, ["id": .text("acc-\(account)")])
            let trades = (1...positionsEach).map { ticket in
                """
                {"trade_id": "t-\(ticket)", "account_id": "acc-\(account)", "symbol": "EURUSD", "direction": "buy",
                 "volume": \(ticket == 1 ? "0.20" : "0.10"), "entry_price": 1.10000,
                 "entry_time": "2026-01-05T09:00:00Z", "status": "open", "ticket": \(ticket)}
                """
            }
            _ = try await call("trades", "[\(trades.joined(separator: ","))]")
        }
    }

    /// Sends `total` snapshots, to one account after the other, each newer than all before; an account's come in order.
    func ingest(_ total: Int, inFlight: Int, from first: Int) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for lane in 0..<inFlight {
                group.addTask {
                    for number in first..<first + total
                    where number % IngestBenchmark.accountsTotal % inFlight == lane {
                        clock.advance(by: .milliseconds(1))
                        _ = try await snapshots.handler(request(Self.snapshot(number)))
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    func close() async { await storage.stop() }

    private static func snapshot(_ number: Int) -> String {
        let price = "1.1\(1_000 + number % 9_000)"
        let positions = (1...IngestBenchmark.positionsEach).map { ticket in
            """
            {"ticket":\(ticket),"symbol":"EURUSD","direction":"buy","volume":0.10,"entry_price":1.10000,\
            "entry_time":"2026-01-05T09:00:00Z","current_price":\(price),"profit":10.00,"swap":0,"commission":0,\
            "taxes":0,"comment":"t-\(ticket)"}
            """
        }
        let asOf = Timestamp(seconds: 1_767_607_200 + Int64(number))
        return """
            {"account_id":"acc-\(number % IngestBenchmark.accountsTotal)","as_of":"\(asOf)","completeness":"complete",\
            "account":{"balance":10000.00,"equity":10200.00,"margin":120.00,"credit":0},\
            "positions":[\(positions.joined(separator: ","))]}
            """
    }

    private func call(_ name: String, _ body: String, _ parameters: [String: Value] = [:]) async throws -> Reply {
        guard let operation = book.operations.first(where: { $0.name == name }) else {
            throw ModuleError.unavailable(reason: "the book has no operation \(name)")
        }
        return try await operation.handler(request(body, parameters))
    }

    private func request(_ body: String, _ parameters: [String: Value] = [:]) -> Request {
        Request(
            caller: Caller(subject: "desk", role: .operator, grant: .all), parameters: parameters,
            body: Array(body.utf8), contentType: "application/json", now: clock.now, cursors: Unheard())
    }

    private static let reconciliation = ModuleConfiguration([
        "grace": .duration(.zero), "batch_size": .integer(500), "acknowledge_for": .duration(.seconds(86_400)),
        "pairing": .mapping([
            "window": .duration(.seconds(120)), "price": .text("20 pips"), "candidates": .integer(64),
        ]),
        "tolerance": .mapping([
            "volume": .text("exact"), "entry_price": .text("5 pips"), "take_profit": .text("10 pips"),
            "stop_loss": .text("10 pips"),
        ]),
    ])

    private static let guards = ModuleConfiguration([
        "drawdown": .mapping([
            "warning": .decimal("15"), "max": .decimal("20"), "min_equity": .decimal("100"),
            "countdown": .duration(.seconds(10)), "act": .text("close"),
        ]),
        "market": .mapping(["price_gap": .decimal("5"), "spread": .decimal("0.5"), "act": .text("report")]),
    ])
}

/// Logs, metrics, announcements and cursors that nobody asks for here.
private struct Unheard: Logger, Metrics, CacheInvalidator, CursorSigner, Counter, Gauge, Histogram {
    func log(_ level: LogLevel, _ message: String, _ metadata: [String: String]) {}
    func invalidate(_ tags: [CacheTag]) async {}
    func sign(_ lastRow: [Value]) -> String { "" }
    func increment(by amount: Int) {}
    func set(_ value: Double) {}
    func record(_ value: Double) {}
    func counter(_ name: String, help: String, labels: [(name: String, value: String)]) -> any Counter { self }
    func gauge(_ name: String, help: String, labels: [(name: String, value: String)]) -> any Gauge { self }
    func histogram(
        _ name: String,
        help: String,
        labels: [(name: String, value: String)],
        buckets: [Double]
    ) -> any Histogram { self }
}
