import Foundation
import PluginAPI
import PluginTesting
import SQLiteStorage
import Synchronization
import Testing

@testable import TradingBook

/// The book on a real database in a temporary folder, with an account `acc-1` of `user-1` in USD.
struct BookFixture: Sendable {
    let book: BookModule
    let storage: SQLiteStorageModule
    let clock = ManualClock(Timestamp(seconds: 1_767_607_200))  // 2026-01-05T10:00:00Z
    static let agent = Caller(subject: "agent-1", role: .agent, grant: .all)
    static let `operator` = Caller(subject: "op", role: .operator)

    /// Runs `body` on a fresh book and removes it.
    static func run(
        stages: [any IngestStage] = [],
        configuration: ModuleConfiguration = ModuleConfiguration(),
        _ body: (BookFixture) async throws -> Void
    ) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "book-\(UUID().uuidString)")
        let storage = SQLiteStorageModule(path: folder.appending(path: "book.db").path)
        try await storage.start()
        let fixture = try await BookFixture(storage: storage, stages: stages, configuration: configuration)
        let result = await Result { try await body(fixture) }
        await storage.stop()
        try FileManager.default.removeItem(at: folder)
        try result.get()
    }

    private init(
        storage: SQLiteStorageModule,
        stages: [any IngestStage],
        configuration: ModuleConfiguration
    ) async throws {
        self.storage = storage
        try await storage.migrationTransaction { transaction in
            for migration in BookModule.migrations {
                try transaction.executeScript(Migration.script(migration.up, for: transaction.dialect))
            }
        }
        book = try Self.book(on: storage, clock, stages, configuration)
        try await put("acc-1", account(user: "user-1"))
    }

    private init(otherHostOf fixture: BookFixture, stages: [any IngestStage]) throws {
        storage = fixture.storage
        book = try Self.book(on: storage, clock, stages, ModuleConfiguration())
    }

    /// The same book on another host, which has read nothing yet.
    func otherHost(stages: [any IngestStage] = []) throws -> BookFixture {
        try BookFixture(otherHostOf: self, stages: stages)
    }

    private static func book(
        on storage: SQLiteStorageModule,
        _ clock: ManualClock,
        _ stages: [any IngestStage],
        _ configuration: ModuleConfiguration
    ) throws -> BookModule {
        let book = try BookModule(
            configuration: configuration,
            context: ModuleContext(
                logger: SilentLogger(), metrics: SilentMetrics(), clock: clock, storage: storage,
                invalidator: NoInvalidator()))
        book.extend(BookExtensions(stages: stages))
        return book
    }

    // MARK: Calling operations as the host does

    func call(
        _ name: String,
        _ body: String = "",
        by caller: Caller = BookFixture.agent,
        account: String? = nil,
        contentType: String = "application/json",
        parameters: [String: Value] = [:],
        key: String? = nil
    ) async throws -> Reply {
        let operation = try #require(book.operations.first { $0.name == name })
        var parameters = parameters
        if let account { parameters["account_id"] = .text(account) }
        return try await operation.handler(
            Request(
                caller: caller, account: account, parameters: parameters, body: Array(body.utf8),
                contentType: contentType, idempotencyKey: key, requestID: "r-1", now: clock.now,
                cursors: NoCursors()))
    }

    /// The answer as text.
    func text(
        _ name: String,
        _ body: String = "",
        by caller: Caller = BookFixture.agent,
        parameters: [String: Value] = [:],
        key: String? = nil
    ) async throws -> String {
        String(
            decoding: try await call(name, body, by: caller, parameters: parameters, key: key).body, as: UTF8.self)
    }

    /// The refusal of a call that must be refused.
    func refusal(
        _ name: String,
        _ body: String = "",
        by caller: Caller = BookFixture.agent,
        account: String? = nil,
        contentType: String = "application/json",
        parameters: [String: Value] = [:],
        key: String? = nil
    ) async throws -> Problem {
        try await #require(throws: Problem.self) {
            try await call(
                name, body, by: caller, account: account, contentType: contentType, parameters: parameters, key: key)
        }
    }

    func put(_ id: String, _ body: String, by caller: Caller = BookFixture.operator) async throws {
        _ = try await call("putAccount", body, by: caller, parameters: ["id": .text(id)])
    }

    func account(user: String, currency: String = "USD", extra: String = "") -> String {
        #"{"user_id": "\#(user)", "currency": "\#(currency)"\#(extra)}"#
    }

    // MARK: Looking into the database

    func rows(_ sql: SQL) async throws -> Rows { try await storage.rows(sql) }

    /// What a statement's filter takes `symbol` for.
    func canonical(_ symbol: String) async throws -> String? {
        try await rows("SELECT \(book.canonicalSymbol(symbol))").first?.text(0)
    }

    func count(_ table: String) async throws -> Int64 {
        try await storage.rows(SQL(parts: [.text("SELECT count(*) FROM \(table)")])).first?.integer(0) ?? -1
    }

    /// How many rows each table has, to see that a refusal has changed nothing.
    func counts() async throws -> [String: Int64] {
        var counts: [String: Int64] = [:]
        for table in [
            "users", "accounts", "signals", "approvals", "trades", "snapshots", "positions", "flows", "quotes",
            "observed_digits", "idempotency_keys", "instruments", "audit_logs", "statements",
        ] {
            counts[table] = try await count(table)
        }
        return counts
    }

    /// Open positions as `ticket`s, ascending.
    func openTickets() async throws -> [Int64] {
        try await rows("SELECT ticket FROM positions WHERE status = 'open' ORDER BY ticket").compactMap {
            $0.integer(0)
        }
    }
}

/// A snapshot of `acc-1`, with positions in gold.
func snapshotBody(
    at asOf: String = "2026-01-05T10:00:00Z",
    completeness: String = "complete",
    tickets: [Int] = [1, 2],
    equity: String = "10052.50",
    more: String = ""
) -> String {
    let positions = tickets.map { ticket in
        """
        {"ticket": \(ticket), "symbol": "XAUUSD", "direction": "buy", "volume": 0.10, "entry_price": 1950.50,
         "entry_time": "2026-01-05T09:58:11Z", "current_price": 1955.75}
        """
    }
    return """
        {"account_id": "acc-1", "as_of": "\(asOf)", "completeness": "\(completeness)",
         "account": {"balance": 10000, "equity": \(equity)}, "positions": [\(positions.joined(separator: ","))]\(more)}
        """
}

extension Result where Failure == any Error {
    fileprivate init(_ body: () async throws -> Success) async {
        do { self = .success(try await body()) } catch { self = .failure(error) }
    }
}

/// Gives every first run a verdict and remembers what it was called with.
final class RecordingStage: IngestStage {
    private let seen = Mutex<[IngestChange]>([])
    var changes: [IngestChange] { seen.withLock { $0 } }

    func apply(_ change: IngestChange, outcome: inout IngestOutcome, in transaction: any Transaction) throws {
        seen.withLock { $0.append(change) }
        outcome.run = RunSummary(
            runID: "run-\(change.sequence)-\(change.rerun)",
            verdict: change.isSuperseded ? .superseded : .reconciled, matched: Int64(change.snapshot.positions.count))
        outcome.guardsJSON = #"{"state":"ok"}"#
    }
}

/// Wants to be told when its transaction is stored.
final class CommitCountingStage: IngestStage {
    private let commits = Mutex(0)
    var committed: Int { commits.withLock { $0 } }

    func apply(_ change: IngestChange, outcome: inout IngestOutcome, in transaction: any Transaction) throws {
        outcome.afterCommit.append { self.commits.withLock { $0 += 1 } }
    }
}

/// Fails whatever comes.
struct FailingStage: IngestStage {
    struct Failure: Error {}

    func apply(_ change: IngestChange, outcome: inout IngestOutcome, in transaction: any Transaction) throws {
        throw Failure()
    }
}

struct SilentLogger: Logger {
    func log(_ level: LogLevel, _ message: String, _ metadata: [String: String]) {}
}

struct SilentMetrics: Metrics {
    struct Meter: Counter, Gauge, Histogram {
        func increment(by amount: Int) {}
        func set(_ value: Double) {}
        func record(_ value: Double) {}
    }

    func counter(_ name: String, help: String, labels: [(name: String, value: String)]) -> any Counter { Meter() }
    func gauge(_ name: String, help: String, labels: [(name: String, value: String)]) -> any Gauge { Meter() }
    func histogram(
        _ name: String,
        help: String,
        labels: [(name: String, value: String)],
        buckets: [Double]
    ) -> any Histogram { Meter() }
}

struct NoInvalidator: CacheInvalidator {
    func invalidate(_ tags: [CacheTag]) async {}
}

struct NoCursors: CursorSigner {
    func sign(_ lastRow: [Value]) -> String { "" }
}
