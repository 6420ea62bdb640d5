import Glibc
import PluginAPI
import PluginTesting
import Positions
import SQLiteStorage
import TradingBook

/// A book and the positions service on a database of their own, driven through their operations as the host would.
struct Desk {
    let clock = ManualClock()
    let book: BookModule
    let module: PositionsModule
    private let storage: SQLiteStorageModule
    private let directory: String

    /// Runs `body` on a started desk with one dollar account, `acc` of user `ann`, and takes everything away afterwards.
    static func with(_ body: (Desk) async throws -> Void) async throws {
        let desk = try Desk()
        try await desk.storage.start()
        do {
            try await desk.migrate()
            try await desk.put(account: "acc", #"{"user_id": "ann", "currency": "USD"}"#)
            try await body(desk)
        } catch {
            await desk.close()
            throw error
        }
        await desk.close()
    }

    private init() throws {
        directory = try TemporaryDirectory().path
        storage = SQLiteStorageModule(path: "\(directory)/concord.db")
        book = try BookModule(
            configuration: ModuleConfiguration(["instruments": .mapping([:])]),
            context: Desk.context(clock, storage, [:]))
        module = try PositionsModule(
            configuration: ModuleConfiguration(["timeout": .duration(.seconds(30))]),
            context: Desk.context(clock, storage, ["book": book]))
    }

    private static func context(
        _ clock: ManualClock,
        _ storage: SQLiteStorageModule,
        _ required: [String: any Module]
    ) -> ModuleContext {
        ModuleContext(
            logger: Silence(), metrics: Silence(), clock: clock, storage: storage, invalidator: Silence(),
            required: required)
    }

    private func migrate() async throws {
        let scripts = (BookModule.migrations + PositionsModule.migrations).map { Migration.script($0.up, for: .sqlite) }
        try await storage.migrationTransaction { transaction in
            for script in scripts { try transaction.executeScript(script) }
        }
    }

    private func close() async {
        await storage.stop()
        for suffix in ["", "-wal", "-shm", ".lock"] { unlink("\(directory)/concord.db\(suffix)") }
        rmdir(directory)
    }

    // MARK: What clients do

    func put(account: String, _ body: String) async throws {
        try await send("putAccount", body, ["id": .text(account)])
    }

    func put(instrument: String, _ body: String) async throws {
        try await send("putInstrument", body, ["symbol": .text(instrument)])
    }

    func post(snapshot: String) async throws {
        try await send("snapshots", snapshot)
    }

    /// As a reconciliation does that has found a position's trade.
    func pair(ticket: Int64, with trade: String) async throws {
        try await storage.transaction { transaction in
            _ = try transaction.execute("UPDATE positions SET matched_trade_id = \(trade) WHERE ticket = \(ticket)")
        }
    }

    private func send(_ name: String, _ body: String, _ parameters: [String: Value] = [:]) async throws {
        _ = try await operation(name, of: book).handler(
            Request(
                caller: Caller(subject: "agent", role: .operator, grant: .all), parameters: parameters,
                body: Array(body.utf8), contentType: "application/json", now: clock.now, cursors: PlainCursors()))
    }

    /// Asks a query for `ann`.
    func ask(
        _ name: String,
        _ parameters: [String: Value] = [:],
        accounts: [String] = ["acc"],
        cursor: [Value]? = nil
    ) async throws -> JSONValue {
        try JSONValue(parsing: try await reply(name, parameters, accounts: accounts, cursor: cursor).body)
    }

    @discardableResult
    func reply(
        _ name: String,
        _ parameters: [String: Value] = [:],
        accounts: [String] = ["acc"],
        cursor: [Value]? = nil
    ) async throws -> Reply {
        try await operation(name, of: module).handler(
            Request(
                caller: Caller(subject: "ann", role: .user), user: "ann", accounts: accounts, parameters: parameters,
                cursor: cursor, now: clock.now, cursors: PlainCursors()))
    }

    private func operation(_ name: String, of service: any QueryService) throws -> PluginAPI.Operation {
        guard let operation = service.operations.first(where: { $0.name == name }) else {
            throw ModuleError.unavailable(reason: "no operation \(name)")
        }
        return operation
    }
}

extension JSONValue {
    /// The elements of an array, or nothing.
    var elements: [JSONValue] { if case .array(let all) = self { all } else { [] } }
    /// The text of a string or number, or the name of what else it is.
    var text: String {
        switch self {
        case .string(let text), .number(let text): text
        default: kindName
        }
    }
}

private struct PlainCursors: CursorSigner {
    func sign(_ lastRow: [Value]) -> String { lastRow.map { "\($0)" }.joined(separator: "|") }
}

/// Takes everything a module is lent and does nothing with it.
private struct Silence: Logger, CacheInvalidator, Metrics, Counter, Gauge, Histogram {
    func log(_ level: LogLevel, _ message: String, _ metadata: [String: String]) {}
    func invalidate(_ tags: [CacheTag]) async {}
    func counter(_ name: String, help: String, labels: [(name: String, value: String)]) -> any Counter { self }
    func gauge(_ name: String, help: String, labels: [(name: String, value: String)]) -> any Gauge { self }
    func histogram(
        _ name: String,
        help: String,
        labels: [(name: String, value: String)],
        buckets: [Double]
    ) -> any Histogram { self }
    func increment(by amount: Int) {}
    func set(_ value: Double) {}
    func record(_ value: Double) {}
}
