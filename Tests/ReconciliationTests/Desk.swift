import Glibc
import PluginAPI
import PluginTesting
import Reconciliation
import SQLiteStorage
import Synchronization
import TradingBook

/// A book and a reconciliation on a database of their own, driven through their operations as the host would.
struct Desk {
    let clock = ManualClock()
    let storage: SQLiteStorageModule
    let book: BookModule
    let module: ReconciliationModule
    /// What was announced to the cache, in order.
    let announced = Announcements()
    /// What was counted.
    let counts = Counts()
    private let directory: String

    /// Runs `body` on a started desk with one account, `acc` of user `ann`, and takes everything away afterwards.
    static func with(
        grace: ConfigurationValue = .duration(.zero),
        interval: String = "10s",
        retention: ConfigurationValue? = nil,
        _ body: (Desk) async throws -> Void
    ) async throws {
        let desk = try Desk(grace: grace, retention: retention)
        try await desk.storage.start()
        do {
            try await desk.migrate()
            try await desk.openAccount(interval: interval)
            try await body(desk)
        } catch {
            await desk.close()
            throw error
        }
        await desk.close()
    }

    private init(grace: ConfigurationValue, retention: ConfigurationValue?) throws {
        directory = try TemporaryDirectory().path
        storage = SQLiteStorageModule(path: "\(directory)/concord.db")
        var configuration = ModuleConfiguration(["instruments": .mapping([:])])
        configuration.values["retention"] = retention
        book = try BookModule(
            configuration: configuration, context: Desk.context(clock, storage, announced, counts, [:]))
        module = try ReconciliationModule(
            configuration: Desk.configuration(grace: grace),
            context: Desk.context(clock, storage, announced, counts, ["book": book]))
        book.extend(with: [module])
    }

    /// The same modules once more on the same storage, as another host has them.
    func otherHost(batchSize: Int = 500) throws -> ReconciliationModule {
        let book = try BookModule(
            configuration: ModuleConfiguration(["instruments": .mapping([:])]),
            context: Desk.context(clock, storage, announced, counts, [:]))
        let module = try ReconciliationModule(
            configuration: Desk.configuration(grace: .duration(.zero), batchSize: batchSize),
            context: Desk.context(clock, storage, announced, counts, ["book": book]))
        book.extend(with: [module])
        return module
    }

    private static func context(
        _ clock: ManualClock,
        _ storage: SQLiteStorageModule,
        _ announced: Announcements,
        _ counts: Counts,
        _ required: [String: any Module]
    ) -> ModuleContext {
        ModuleContext(
            logger: SilentLogger(), metrics: counts, clock: clock, storage: storage, invalidator: announced,
            required: required)
    }

    /// The contract's defaults, as the host fills them in.
    static func configuration(grace: ConfigurationValue, batchSize: Int = 500) -> ModuleConfiguration {
        ModuleConfiguration([
            "grace": grace, "batch_size": .integer(batchSize), "acknowledge_for": .duration(.seconds(86_400)),
            "pairing": .mapping([
                "window": .duration(.seconds(120)), "price": .text("20 pips"), "candidates": .integer(64),
            ]),
            "tolerance": .mapping([
                "volume": .text("exact"), "entry_price": .text("5 pips"), "take_profit": .text("10 pips"),
                "stop_loss": .text("10 pips"),
            ]),
        ])
    }

    private func migrate() async throws {
        let scripts = (BookModule.migrations + ReconciliationModule.migrations).map {
            Migration.script($0.up, for: .sqlite)
        }
        try await storage.migrationTransaction { transaction in
            for script in scripts { try transaction.executeScript(script) }
        }
    }

    func openAccount(_ id: String = "acc", of user: String = "ann", interval: String) async throws {
        let body = #"{"user_id": "\#(user)", "currency": "USD", "snapshot_interval": "\#(interval)"}"#
        _ = try await send("putAccount", .put, "/accounts/{account_id}", body, account: id)
    }

    private func close() async {
        await storage.stop()
        for suffix in ["", "-wal", "-shm", ".lock"] { unlink("\(directory)/concord.db\(suffix)") }
        rmdir(directory)
    }

    // MARK: What clients do

    func post(trades: String) async throws {
        _ = try await send("trades", .post, "/trades", trades)
    }

    @discardableResult
    func post(snapshot: String) async throws -> JSONValue {
        try await send("snapshots", .post, "/snapshots", snapshot)
    }

    func rerun(_ body: String = #"{"account_id": "acc"}"#) async throws -> JSONValue {
        try await send("rerun", .post, "/reconciliation/runs", body)
    }

    private func send(
        _ name: String,
        _ method: PluginAPI.Operation.Method,
        _ path: String,
        _ body: String,
        account: String? = nil
    ) async throws -> JSONValue {
        guard
            let operation = (book.operations + module.operations).first(where: {
                $0.method == method
                    && ($0.path == path || $0.path.hasPrefix("/accounts/{") && path.hasPrefix("/accounts/{"))
            })
        else { throw ModuleError.unavailable(reason: "no operation \(name)") }
        var parameters: [String: Value] = [:]
        if let account {
            let names = operation.path.split(separator: "{").dropFirst().compactMap { $0.split(separator: "}").first }
            for name in names { parameters[String(name)] = .text(account) }
        }
        let request = Request(
            caller: Caller(subject: "agent", role: .agent, grant: .all), account: account, parameters: parameters,
            body: Array(body.utf8), contentType: "application/json", now: clock.now, cursors: PlainCursors())
        return try JSONValue(parsing: try await operation.handler(request).body)
    }

    /// Asks a query of the reconciliation for `ann`.
    func ask(
        _ name: String,
        _ parameters: [String: Value] = [:],
        choices: [String: [String]] = [:],
        accounts: [String] = ["acc"],
        cursor: [Value]? = nil
    ) async throws -> JSONValue {
        try JSONValue(
            parsing: try await reply(name, parameters, choices: choices, accounts: accounts, cursor: cursor).body)
    }

    func reply(
        _ name: String,
        _ parameters: [String: Value] = [:],
        choices: [String: [String]] = [:],
        accounts: [String] = ["acc"],
        cursor: [Value]? = nil
    ) async throws -> Reply {
        guard let operation = module.operations.first(where: { $0.name == name }) else {
            throw ModuleError.unavailable(reason: "no operation \(name)")
        }
        let request = Request(
            caller: Caller(subject: "ann", role: .user), user: "ann", accounts: accounts, parameters: parameters,
            choices: choices, cursor: cursor, now: clock.now, cursors: PlainCursors())
        return try await operation.handler(request)
    }
}

extension JSONValue {
    /// The elements of an array, or nothing.
    var elements: [JSONValue] { if case .array(let all) = self { all } else { [] } }
    /// The text of a string or number.
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

private struct SilentLogger: Logger {
    func log(_ level: LogLevel, _ message: String, _ metadata: [String: String]) {}
}

/// Remembers which tags were announced.
final class Announcements: CacheInvalidator {
    private let tags = Mutex<[CacheTag]>([])

    func invalidate(_ tags: [CacheTag]) async { self.tags.withLock { $0 += tags } }

    /// Those announced since the last look.
    func take() -> [CacheTag] {
        tags.withLock { tags in
            defer { tags = [] }
            return tags
        }
    }
}

/// Counters by name and label values: `recon_runs_total breaks`.
final class Counts: Metrics {
    private let totals = Mutex<[String: Int]>([:])

    subscript(_ name: String) -> Int { totals.withLock { $0[name] ?? 0 } }

    private struct Meter: Counter, Gauge, Histogram {
        let name: String
        let counts: Counts

        func increment(by amount: Int) { counts.totals.withLock { $0[name, default: 0] += amount } }
        func set(_ value: Double) {}
        func record(_ value: Double) {}
    }

    func counter(_ name: String, help: String, labels: [(name: String, value: String)]) -> any Counter {
        Meter(name: ([name] + labels.map(\.value)).joined(separator: " "), counts: self)
    }

    func gauge(_ name: String, help: String, labels: [(name: String, value: String)]) -> any Gauge {
        Meter(name: name, counts: self)
    }

    func histogram(
        _ name: String,
        help: String,
        labels: [(name: String, value: String)],
        buckets: [Double]
    ) -> any Histogram {
        Meter(name: name, counts: self)
    }
}
