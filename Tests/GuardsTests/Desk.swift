import Glibc
import Guards
import PluginAPI
import PluginTesting
import Reconciliation
import SQLiteStorage
import Synchronization
import Testing
import TradingBook

/// A book, a reconciliation and the guards on a database of their own, driven through their operations as the host would.
struct Desk {
    let clock = ManualClock()
    let metrics = CountingMetrics()
    let announced = Announcements()
    let storage: SQLiteStorageModule
    private let book: BookModule
    var outbox: Outbox { book.outbox }
    private let reconciliation: ReconciliationModule
    let module: GuardsModule
    private let directory: String

    /// Runs `body` on a started desk with one dollar account, `acc` of user `ann`, and takes everything away afterwards.
    static func with(
        act: String = "close",
        marketAct: String = "report",
        interval: String = "10s",
        countdown: Duration = .seconds(10),
        _ body: (Desk) async throws -> Void
    ) async throws {
        let desk = try Desk(Desk.configuration(act: act, marketAct: marketAct, countdown: countdown))
        try await desk.storage.start()
        do {
            try await desk.migrate()
            try await desk.put(account: "acc", interval: interval)
            try await body(desk)
        } catch {
            await desk.close()
            throw error
        }
        await desk.close()
    }

    private init(_ configuration: ModuleConfiguration) throws {
        directory = try TemporaryDirectory().path
        storage = SQLiteStorageModule(path: "\(directory)/concord.db")
        let lent = Lent(clock: clock, storage: storage, metrics: metrics, announced: announced)
        book = try BookModule(
            configuration: ModuleConfiguration(["instruments": .mapping([:])]), context: lent.context([:]))
        reconciliation = try ReconciliationModule(
            configuration: Desk.reconciliationDefaults, context: lent.context(["book": book]))
        module = try GuardsModule(configuration: configuration, context: lent.context(["book": book]))
        book.extend(with: [reconciliation, module])
    }

    /// The guards of another host on the same storage, or of this one after a restart.
    func anotherHost(act: String = "close") throws -> GuardsModule {
        let lent = Lent(clock: clock, storage: storage, metrics: metrics, announced: announced)
        let book = try BookModule(
            configuration: ModuleConfiguration(["instruments": .mapping([:])]), context: lent.context([:]))
        let module = try GuardsModule(
            configuration: Desk.configuration(act: act), context: lent.context(["book": book]))
        book.extend(with: [module])
        return module
    }

    /// The contract's defaults, as the host fills them in.
    static func configuration(
        warning: FixedDecimal = "15",
        act: String = "close",
        marketAct: String = "report",
        countdown: Duration = .seconds(10)
    ) -> ModuleConfiguration {
        ModuleConfiguration([
            "drawdown": .mapping([
                "warning": .decimal(warning), "max": .decimal("20"), "min_equity": .decimal("100"),
                "countdown": .duration(countdown), "act": .text(act),
            ]),
            "market": .mapping(["price_gap": .decimal("5"), "spread": .decimal("0.5"), "act": .text(marketAct)]),
        ])
    }

    private static let reconciliationDefaults = ModuleConfiguration([
        "grace": .duration(.zero), "batch_size": .integer(500), "acknowledge_for": .duration(.seconds(86_400)),
        "pairing": .mapping([
            "window": .duration(.seconds(120)), "price": .text("20 pips"), "candidates": .integer(64),
        ]),
        "tolerance": .mapping([
            "volume": .text("exact"), "entry_price": .text("5 pips"), "take_profit": .text("10 pips"),
            "stop_loss": .text("10 pips"),
        ]),
    ])

    private func migrate() async throws {
        let scripts = (BookModule.migrations + ReconciliationModule.migrations + GuardsModule.migrations).map {
            Migration.script($0.up, for: .sqlite)
        }
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

    func put(account: String, interval: String = "10s", user: String = "ann") async throws {
        let body = #"{"user_id": "\#(user)", "currency": "USD", "snapshot_interval": "\#(interval)"}"#
        try await send("putAccount", body, ["id": .text(account)])
    }

    @discardableResult
    func post(snapshot: String) async throws -> JSONValue {
        try await send("snapshots", snapshot)
    }

    /// A complete snapshot of an account, taken now, with positions of these tickets.
    @discardableResult
    func see(
        equity: String,
        account: String = "acc",
        balance: String? = nil,
        flows: String = "",
        quotes: String = "",
        completeness: String = "complete",
        age: Duration = .zero,
        tickets: [Int] = [],
        symbol: String = "XAUUSD"
    ) async throws -> JSONValue {
        let positions = tickets.map { ticket in
            """
            {"ticket": \(ticket), "symbol": "\(symbol)", "direction": "buy", "volume": 0.10, "entry_price": 1950.50,
             "entry_time": "2026-01-05T09:58:11Z", "current_price": 1955.75, "profit": 52.50, "swap": -1.25}
            """
        }.joined(separator: ",")
        let figures = balance.map { #"{"equity": \#(equity), "balance": \#($0)}"# } ?? #"{"equity": \#(equity)}"#
        return try await post(
            snapshot: """
                {"account_id": "\(account)", "as_of": "\(clock.now - age)", "completeness": "\(completeness)",
                 "account": \(figures), "positions": [\(positions)], "flows": [\(flows)], "quotes": [\(quotes)]}
                """)
    }

    @discardableResult
    func rerun() async throws -> JSONValue {
        try await send("rerun", #"{"account_id": "acc"}"#)
    }

    @discardableResult
    private func send(_ name: String, _ body: String, _ parameters: [String: Value] = [:]) async throws -> JSONValue {
        let reply = try await operation(name, of: [book, reconciliation]).handler(
            Request(
                caller: Caller(subject: "agent", role: .operator, grant: .all), parameters: parameters,
                body: Array(body.utf8), contentType: "application/json", now: clock.now, cursors: PlainCursors()))
        return try JSONValue(parsing: reply.body)
    }

    /// What time alone causes, `duration` from now.
    func wait(_ duration: Duration = .zero) async throws {
        clock.advance(by: duration)
        try await module.runDue(at: clock.now, deadline: .now + .seconds(10))
    }

    /// A call of an agent, as the host makes it.
    @discardableResult
    func command(
        _ name: String,
        _ body: String,
        id: String = "",
        by subject: String = "bot",
        covering grant: Caller.Grant = .accounts(["acc"]),
        key: String? = nil
    ) async throws -> JSONValue {
        let reply = try await operation(name, of: [module]).handler(
            Request(
                caller: Caller(subject: subject, role: .agent, grant: grant), parameters: ["id": .text(id)],
                body: Array(body.utf8), contentType: "application/json", idempotencyKey: key, requestID: "r-1",
                now: clock.now, cursors: PlainCursors()))
        return try JSONValue(parsing: reply.body)
    }

    /// The refusal of a call that must be refused.
    func refusal(
        _ name: String,
        _ body: String,
        id: String = "",
        by subject: String = "bot",
        covering grant: Caller.Grant = .accounts(["acc"]),
        key: String? = nil
    ) async throws -> Problem {
        try await #require(throws: Problem.self) {
            try await command(name, body, id: id, by: subject, covering: grant, key: key)
        }
    }

    @discardableResult
    func lease(limit: Int = 50, seconds: Int = 30, by subject: String = "bot") async throws -> [JSONValue] {
        try await command(
            "leaseCloseCommands", #"{"account_id": "acc", "limit": \#(limit), "seconds": \#(seconds)}"#, by: subject
        )["commands"]?.elements ?? []
    }

    /// Everything that there is to close or was, as users see it.
    func commands(_ statuses: String...) async throws -> [JSONValue] {
        let all = ["pending", "leased", "confirmed", "failed", "expired"]
        let reply = try await operation("closeCommands", of: [module]).handler(
            Request(
                caller: Caller(subject: "ann", role: .user), user: "ann", accounts: ["acc"],
                parameters: ["limit": .integer(500)], choices: ["status": statuses.isEmpty ? all : statuses],
                now: clock.now, cursors: PlainCursors()))
        return try JSONValue(parsing: reply.body)["commands"]?.elements ?? []
    }

    /// Releases the guard of `acc`, as an operator.
    @discardableResult
    func release(_ body: String = #"{"note": "seen"}"#, key: String? = nil) async throws -> JSONValue {
        let operation = try #require(module.adminOperations.first { $0.name == "release" })
        let reply = try await operation.handler(
            Request(
                caller: Caller(subject: "root", role: .operator), user: "ann", accounts: ["acc"], account: "acc",
                body: Array(body.utf8), contentType: "application/json", idempotencyKey: key, requestID: "r-9",
                now: clock.now, cursors: PlainCursors()))
        return try JSONValue(parsing: reply.body)
    }

    func trips() async throws -> [JSONValue] {
        try await ask("history", ["limit": .integer(50)])["trips"]?.elements ?? []
    }

    func count(_ table: String) async throws -> Int64? {
        try await storage.rows(SQL(parts: [.text("SELECT count(*) FROM \(table)")])).first?.integer(0)
    }

    /// Asks a query of the guards for `ann`.
    func ask(
        _ name: String,
        _ parameters: [String: Value] = [:],
        accounts: [String] = ["acc"],
        cursor: [Value]? = nil
    ) async throws -> JSONValue {
        try JSONValue(parsing: try await reply(name, parameters, accounts: accounts, cursor: cursor).body)
    }

    func reply(
        _ name: String,
        _ parameters: [String: Value] = [:],
        accounts: [String] = ["acc"],
        cursor: [Value]? = nil
    ) async throws -> Reply {
        try await operation(name, of: [module]).handler(
            Request(
                caller: Caller(subject: "ann", role: .user), user: "ann", accounts: accounts, parameters: parameters,
                cursor: cursor, now: clock.now, cursors: PlainCursors()))
    }

    private func operation(_ name: String, of services: [any QueryService]) throws -> PluginAPI.Operation {
        guard let operation = services.flatMap(\.operations).first(where: { $0.name == name }) else {
            throw ModuleError.unavailable(reason: "no operation \(name)")
        }
        return operation
    }
}

extension JSONValue {
    /// The elements of an array, or nothing.
    var elements: [JSONValue] { if case .array(let all) = self { all } else { [] } }
    /// The text of a string or number, `true`, `false`, or the name of what else it is.
    var text: String {
        switch self {
        case .string(let text), .number(let text): text
        case .boolean(let flag): "\(flag)"
        default: kindName
        }
    }
}

/// What the modules of one desk are lent.
private struct Lent {
    let clock: ManualClock
    let storage: SQLiteStorageModule
    let metrics: CountingMetrics
    let announced: Announcements

    func context(_ required: [String: any Module]) -> ModuleContext {
        ModuleContext(
            logger: Silence(), metrics: metrics, clock: clock, storage: storage, invalidator: announced,
            required: required)
    }
}

private struct PlainCursors: CursorSigner {
    func sign(_ lastRow: [Value]) -> String { lastRow.map { "\($0)" }.joined(separator: "|") }
}

private struct Silence: Logger, Gauge, Histogram {
    func log(_ level: LogLevel, _ message: String, _ metadata: [String: String]) {}
    func set(_ value: Double) {}
    func record(_ value: Double) {}
}

/// Remembers which tags a module has announced by itself.
final class Announcements: CacheInvalidator {
    private let seen = Mutex<[[CacheTag]]>([])

    var all: [[CacheTag]] { seen.withLock { $0 } }
    func invalidate(_ tags: [CacheTag]) async { seen.withLock { $0.append(tags) } }
}

/// Counters by name and label value, each there once it is made.
final class CountingMetrics: Metrics {
    private let counts = Mutex<[String: Int]>([:])

    subscript(name: String) -> Int? { counts.withLock { $0[name] } }

    func counter(_ name: String, help: String, labels: [(name: String, value: String)]) -> any Counter {
        let key = labels.isEmpty ? name : "\(name){\(labels.map(\.value).joined(separator: ","))}"
        counts.withLock { $0[key] = $0[key] ?? 0 }
        return One(name: key, metrics: self)
    }

    func gauge(_ name: String, help: String, labels: [(name: String, value: String)]) -> any Gauge { Silence() }

    func histogram(
        _ name: String,
        help: String,
        labels: [(name: String, value: String)],
        buckets: [Double]
    ) -> any Histogram { Silence() }

    private struct One: Counter {
        let name: String
        let metrics: CountingMetrics

        func increment(by amount: Int) { metrics.counts.withLock { $0[name, default: 0] += amount } }
    }
}
