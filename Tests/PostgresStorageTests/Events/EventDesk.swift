import BuiltIn
import PluginAPI
import PluginTesting
import SQLiteStorage
import Synchronization
import Testing
import TradingBook

@testable import Host

/// One storage, and any number of hosts on it, each with an observer of its own.
struct EventDesk: Sendable {
    let storage: any StorageBackend
    let clock = ManualClock()

    /// Runs `body` on a new storage of the dialect with these accounts.
    static func with(
        _ dialect: SQLDialect,
        accounts: [String] = ["acc"],
        _ body: @escaping (EventDesk) async throws -> Void
    ) async throws {
        func run(_ storage: any StorageBackend) async throws {
            let desk = EventDesk(storage: storage)
            try await Migrator(storage: storage, clock: desk.clock, modules: BuiltInModules.all).up()
            let host = try desk.host(observing: [])
            for account in accounts { try await host.put(account) }
            try await body(desk)
        }
        switch dialect {
        case .postgres: try await TestDatabase.withStorage { storage, _ in try await run(storage) }
        case .sqlite:
            let storage = SQLiteStorageModule(path: "\(try TemporaryDirectory().path)/concord.db")
            try await storage.start()
            do {
                try await run(storage)
            } catch {
                await storage.stop()
                throw error
            }
            await storage.stop()
        @unknown default: Issue.record("no storage of dialect \(dialect)")
        }
    }

    func host(
        observing kinds: Set<Event.Kind> = Set(Event.Kind.allCases),
        attemptsMax: Int64 = 3,
        pause: Duration = .seconds(8),
        timeout: Duration = .seconds(20),
        _ receiver: Receiver = Receiver()
    ) throws -> EventHost {
        let desk = try Desk(on: storage, clock: clock, retention: .mapping(["events": .duration(.seconds(86_400))]))
        return EventHost(
            desk: desk, clock: clock,
            observer: TestObserver(
                receiver: receiver, kinds: kinds, attemptsMax: attemptsMax, pause: pause,
                timeout: timeout),
            receiver: receiver)
    }

    // MARK: Looking into the database

    func count(_ table: String) async throws -> Int64 {
        try await storage.rows(SQL(stringLiteral: "SELECT count(*) FROM \(table)")).first?.integer(0) ?? -1
    }

    func column(_ sql: SQL) async throws -> [String] { try await storage.rows(sql).compactMap { $0.text(0) } }
}

/// A host: every service, an observer, and what brings it its events.
struct EventHost: Sendable {
    let desk: Desk
    let clock: ManualClock
    let observer: TestObserver
    let receiver: Receiver

    init(desk: Desk, clock: ManualClock, observer: TestObserver, receiver: Receiver) {
        (self.desk, self.clock, self.observer, self.receiver) = (desk, clock, observer, receiver)
        desk.book.outbox.connect(observer.subscriptions.map { (TestObserver.descriptor.id, $0) })
    }

    var outbox: Outbox { desk.book.outbox }
    static let subscription = "test/all"

    func put(_ account: String) async throws {
        _ = try await desk.send(
            "putAccount", #"{"user_id": "ann", "currency": "USD", "snapshot_interval": "manual"}"#,
            ["id": .text(account)])
    }

    /// Another complete snapshot each time: its equity says which.
    @discardableResult
    func see(_ account: String = "acc", equity: Int, tickets: [Int] = []) async throws -> String {
        let positions = tickets.map { ticket in
            """
            {"ticket": \(ticket), "symbol": "XAUUSD", "direction": "buy", "volume": 0.10, "entry_price": 1950.50,
             "entry_time": "2026-01-05T09:58:11Z", "current_price": 1955.75, "profit": 52.50}
            """
        }.joined(separator: ",")
        return try await desk.send(
            "snapshots",
            """
            {"account_id": "\(account)", "as_of": "\(clock.now)", "completeness": "complete",
             "account": {"equity": \(equity)}, "positions": [\(positions)]}
            """)
    }

    var dispatcher: EventDispatcher {
        dispatcher(LoadedService(id: TestObserver.descriptor.id, service: observer) { .ok })
    }

    func dispatcher(_ observed: LoadedService) -> EventDispatcher {
        var limits = EventDispatcher.Limits()
        limits.pause = .milliseconds(5)
        return EventDispatcher(
            [LoadedService(id: "book", service: desk.book) { .ok }, observed], clock: clock, metrics: MetricsRegistry(),
            logger: SilentLog(), limits: limits)
    }

    /// Delivers until `isDone`, and leaves nothing under way.
    func deliver(until isDone: @escaping @Sendable () async throws -> Bool) async throws {
        let delivering = Task { await dispatcher.run() }
        defer { delivering.cancel() }
        try await eventually(isDone)
        delivering.cancel()
        await delivering.value
    }

    func claim(lease: Duration = .seconds(30), token: String = "other") async throws -> [ClaimedEvents] {
        try await desk.storage.transaction { [outbox, now = clock.now] transaction in
            try outbox.claim(
                Self.subscription, limit: 16, token: token, lease: lease, at: now, in: transaction
            ).claimed
        }
    }

    @discardableResult
    func settle(_ claim: ClaimedEvents, _ outcome: ClaimedEvents.Outcome) async throws -> Bool {
        try await desk.storage.transaction { [outbox, now = clock.now] transaction in
            try outbox.settle(claim, outcome, module: "test", at: now, in: transaction)
        }
    }
}

/// Waits for what other tasks do; much longer than it can take.
func eventually(_ isDone: @Sendable () async throws -> Bool) async throws {
    let end = ContinuousClock.now + .seconds(60)
    while try await !isDone() {
        guard ContinuousClock.now < end else { throw ProgramFailed(what: "what was waited for did not happen") }
        try await Task.sleep(for: .milliseconds(5))
    }
}

/// Takes events, or does not, and remembers them; several observers may share one.
final class Receiver: Sendable {
    private struct State {
        var taken: [Event] = []
        var tried: [Event] = []
        var underWay: Set<String> = []
        var overlaps: [String] = []
    }

    private let state = Mutex(State())
    private let answer: @Sendable (Event) async throws -> Void

    /// - Parameter answer: Throws for an event that is not taken.
    init(_ answer: @escaping @Sendable (Event) async throws -> Void = { _ in }) {
        self.answer = answer
    }

    /// In the order in which they were taken.
    var taken: [Event] { state.withLock(\.taken) }
    var tried: [Event] { state.withLock(\.tried) }
    /// Accounts of which two events were under way at once.
    var overlaps: [String] { state.withLock(\.overlaps) }

    func take(_ event: Event) async throws {
        state.withLock { state in
            if !state.underWay.insert(event.account).inserted { state.overlaps.append(event.account) }
            state.tried.append(event)
        }
        defer { state.withLock { _ = $0.underWay.remove(event.account) } }
        try await answer(event)
        state.withLock { $0.taken.append(event) }
    }
}

struct TestObserver: QueryService, EventObserver {
    static let descriptor = ModuleDescriptor(id: "test", summary: "A test's observer")

    let operations: [PluginAPI.Operation] = []
    let subscriptions: [EventSubscription]
    private let receiver: Receiver

    init(receiver: Receiver, kinds: Set<Event.Kind>, attemptsMax: Int64, pause: Duration, timeout: Duration) {
        self.receiver = receiver
        subscriptions =
            kinds.isEmpty
            ? []
            : [
                EventSubscription(
                    name: "all", kinds: kinds, timeout: timeout, attemptsMax: attemptsMax,
                    firstPause: pause, pauseMax: .seconds(60))
            ]
    }

    init(configuration: ModuleConfiguration, context: ModuleContext) throws(ModuleError) {
        throw .unavailable(reason: "made by tests alone")
    }

    func observe(_ event: Event, for subscription: String) async throws {
        try await receiver.take(event)
    }
}

/// Goes up once.
final class Flag: Sendable {
    private let up = Atomic(false)

    var isUp: Bool { up.load(ordering: .sequentiallyConsistent) }
    func raise() { up.store(true, ordering: .sequentiallyConsistent) }
}

private struct SilentLog: Logger {
    func log(_ level: LogLevel, _ message: String, _ metadata: [String: String]) {}
}

extension Event {
    /// Whether it tells of a snapshot with this equity.
    func isOf(equity: Int) -> Bool { data.contains("\"equity\":\(equity),") }
}

extension JSONValue {
    var text: String? {
        switch self {
        case .string(let text), .number(let text): text
        default: nil
        }
    }
    var elements: [JSONValue] { if case .array(let elements) = self { elements } else { [] } }
}
