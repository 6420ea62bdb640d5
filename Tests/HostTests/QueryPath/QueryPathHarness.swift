import HTTPTypes
import MemoryCache
import PluginAPI
import PluginTesting
import Synchronization
import Testing

@testable import Host

/// A query path over fakes: one service of the operations a test gives, accounts `a1`, `a2` of `ann` and `b1` of `bob`.
struct QueryPathHarness {
    let path: QueryPath
    let clock: ManualClock
    let cache: FakeCache
    let directory: FakeDirectory
    let invalidations: Invalidations
    let metrics = RecordingMetrics()
    let log = RecordingLogger()

    init(
        _ operations: [Operation],
        usesCache: Bool = true,
        usesMemoryCache: Bool = false,
        memoryMax: Int = 4 << 20,
        shared: (any SharedCache)? = nil,
        directory: FakeDirectory = FakeDirectory(),
        cursors: CursorCodec = CursorCodec(secret: Array("a secret of the tests".utf8)),
        status: @autoclosure @escaping @Sendable () -> ModuleStatus = .ok,
        clock: ManualClock = ManualClock(),
        storage: (any StorageBackend)? = nil,
        threads: OwnThreads? = nil,
        adjust: (inout QueryPathSettings) -> Void = { _ in }
    ) throws {
        self.clock = clock
        cache = FakeCache(clock: clock)
        self.directory = directory
        invalidations = Invalidations(logger: log)
        if let shared { invalidations.listen(to: shared) }
        let memory: any SynchronousCache =
            usesMemoryCache ? MemoryCacheModule(maxSize: memoryMax, clock: clock) : cache
        var settings = QueryPathSettings()
        settings.jitter = { 1_000 }
        // A machine that stands still for a while is no fault.
        settings.callTimeout = .seconds(3_600)
        settings.moduleLimits.usual.deadline = .seconds(3_600)
        adjust(&settings)
        let metrics = metrics
        let gates = threads.map { ModuleGates("fake", limits: ModuleLimits(), metrics: metrics, threads: $0) }
        let services = [LoadedService(id: "fake", service: FakeService(operations), status: status, gates: gates)]
        let commands = CacheCommands(
            keys: CachedKeys(of: services, prefix: settings.keyPrefix, defaultTTL: settings.defaultTTL),
            cache: usesCache ? memory : nil, invalidations: invalidations,
            audit: AdminAudit(storage: storage ?? NoStorage()), logger: log)
        path = try QueryPath(
            services: services, hostOperations: commands.operations, directory: directory,
            cache: usesCache ? memory : nil,
            shared: shared.map { SharedLayer($0, keyPrefix: settings.keyPrefix) }, invalidations: invalidations,
            cursors: cursors, settings: settings, clock: clock, metrics: metrics, logger: log)
    }

    /// Has an operator, or somebody else, do something on the operators' listener.
    func order(
        _ name: String,
        _ body: String? = nil,
        as caller: Caller = .root,
        key: String? = nil,
        requestID: String = "r-1"
    ) async throws -> OutgoingAnswer {
        let target = try #require(path.adminOperations.first { $0.operation.name == name })
        var headers: HTTPFields = [:]
        if body != nil { headers[.contentType] = "application/json" }
        headers[.idempotencyKey] = key
        let incoming = IncomingRequest(
            method: .post, path: target.template, headers: headers, body: Array((body ?? "").utf8), peer: "127.0.0.1",
            requestID: requestID, receivedAt: clock.now)
        return await path.answer(target, to: incoming, pathParameters: [:], caller: caller)
    }

    /// Asks the first operation, or the one named.
    func ask(
        _ query: String? = nil,
        as caller: Caller = .ann,
        method: HTTPRequest.Method = .get,
        headers: HTTPFields = [:],
        body: String = "",
        path segments: [String: String] = [:],
        operation name: String? = nil,
        deadline: ContinuousClock.Instant? = nil
    ) async -> OutgoingAnswer {
        let target = path.operations.first { name == nil || $0.operation.name == name } ?? path.operations[0]
        let incoming = IncomingRequest(
            method: method, path: target.template, query: query, headers: headers, body: Array(body.utf8),
            peer: "127.0.0.1", requestID: "r-1", receivedAt: clock.now, deadline: deadline)
        return await path.answer(target, to: incoming, pathParameters: segments, caller: caller)
    }
}

extension Caller {
    static let ann = Caller(subject: "ann", role: .user)
    static let bob = Caller(subject: "bob", role: .user)
    static let nobody = Caller(subject: "nobody", role: .user)
    static let agentOfA1 = Caller(subject: "bot", role: .agent, grant: .accounts(["a1", "ghost"]))
    static let agentOfAll = Caller(subject: "bot", role: .agent, grant: .all)
    static let root = Caller(subject: "root", role: .operator)
}

extension OutgoingAnswer {
    func header(_ name: String) -> String? { HTTPField.Name(name).flatMap { headers[$0] } }
    var json: JSONValue? { try? JSONValue(parsing: body) }
    var detail: String? { if case .string(let text)? = json?["detail"] { text } else { nil } }
}

extension Operation {
    /// A query that answers the same object always.
    static func constant(
        _ text: String = #"{"n":1}"#,
        at path: String = "/things",
        scope: Scope = .accounts,
        roles: Set<Role> = [.user, .agent, .operator],
        parameters: [Parameter] = [],
        isPaged: Bool = false
    ) -> Operation {
        .query(
            "things", at: path, scope: scope, roles: roles, ttl: .seconds(10), parameters: parameters, isPaged: isPaged,
            reply: .anyObject
        ) { _ in Reply(body: Array(text.utf8)) }
    }

    /// A query whose answer and failures a test decides.
    static func asking(
        scope: Scope = .accounts,
        ttl: Duration? = .seconds(10),
        parameters: [Parameter] = [],
        isPaged: Bool = false,
        isServedStale: Bool = true,
        isWarmable: Bool = false,
        _ handler: @escaping @Sendable (Request) async throws -> Reply
    ) -> Operation {
        .query(
            "asking", at: "/asking", scope: scope, ttl: ttl, parameters: parameters, isPaged: isPaged,
            isServedStale: isServedStale, isWarmable: isWarmable, reply: .anyObject, handler)
    }
}

// MARK: - Fakes

struct FakeService: QueryService {
    static let descriptor = ModuleDescriptor(id: "fake", summary: "What a test declares")
    let operations: [Operation]

    init(_ operations: [Operation]) { self.operations = operations }
    init(configuration: ModuleConfiguration, context: ModuleContext) throws(ModuleError) { operations = [] }
}

final class FakeDirectory: AccountDirectory {
    static let descriptor = ModuleDescriptor(id: "book", summary: "Owners of a test")
    private struct State {
        var owners = ["a1": "ann", "a2": "ann", "b1": "bob"]
        var isDown = false
        var lookUps = 0
        /// Holds look-ups back after they have read.
        var door: Door?
    }
    private let state = Mutex(State())

    init() {}
    init(configuration: ModuleConfiguration, context: ModuleContext) throws(ModuleError) {}

    var lookUps: Int { state.withLock { $0.lookUps } }
    func setDown(_ isDown: Bool) { state.withLock { $0.isDown = isDown } }
    func give(_ account: String, to user: String) { state.withLock { $0.owners[account] = user } }
    func hold(_ door: Door?) { state.withLock { $0.door = door } }

    func accounts(of user: String) async throws(StorageError) -> [String] {
        let found = try lookUp { owners in owners.filter { $0.value == user }.map(\.key).sorted() }
        await state.withLock { $0.door }?.pass()
        return found
    }

    func owner(of account: String) async throws(StorageError) -> String? {
        let found = try lookUp { $0[account] }
        await state.withLock { $0.door }?.pass()
        return found
    }

    private func lookUp<Result: Sendable>(_ read: ([String: String]) -> Result) throws(StorageError) -> Result {
        let result: Result? = state.withLock { state in
            state.lookUps += 1
            return state.isDown ? nil : read(state.owners)
        }
        guard let result else { throw .unavailable(reason: "down in a test") }
        return result
    }
}

/// Keeps everything, and forgets as `CacheBackend` promises.
final class FakeCache: SynchronousCache {
    static let descriptor = ModuleDescriptor(id: "fake_cache", summary: "Entries of a test")
    private struct State {
        var entries: [String: CacheEntry] = [:]
        var versions: [CacheTag: UInt64] = [:]
        func stamp(_ tags: [CacheTag]) -> CacheStamp { CacheStamp(versions: tags.map { versions[$0, default: 0] }) }
    }
    private let state = Mutex(State())
    private let clock: any HostClock

    init(clock: any HostClock) { self.clock = clock }
    init(configuration: ModuleConfiguration, context: ModuleContext) throws(ModuleError) { clock = context.clock }

    var keys: [String] { state.withLock { $0.entries.keys.sorted() } }

    func immediateStamp(for tags: [CacheTag]) -> CacheStamp { state.withLock { $0.stamp(tags) } }
    func immediateEntry(for key: String) -> CacheEntry? {
        state.withLock { state in
            guard let entry = state.entries[key], entry.staleUntil > clock.now, state.stamp(entry.tags) == entry.stamp
            else { return nil }
            return entry
        }
    }
    func immediateStore(_ entry: CacheEntry, for key: String) {
        state.withLock { state in
            if state.stamp(entry.tags) == entry.stamp { state.entries[key] = entry }
        }
    }
    func immediateInvalidate(_ tags: [CacheTag]) {
        state.withLock { state in
            for tag in tags { state.versions[tag, default: 0] += 1 }
        }
    }
    func keys(matching pattern: String, limit: Int) -> [String] { Array(keys.prefix(limit)) }
    func remove(_ key: String) { state.withLock { $0.entries[key] = nil } }
    func stamp(for tags: [CacheTag]) async throws -> CacheStamp { immediateStamp(for: tags) }
    func entry(for key: String) async throws -> CacheEntry? { immediateEntry(for: key) }
    func store(_ entry: CacheEntry, for key: String) async throws { immediateStore(entry, for: key) }
    func invalidate(_ tags: [CacheTag]) async throws { immediateInvalidate(tags) }
    func clear() async throws { state.withLock { $0.entries = [:] } }
    var immediateStatistics: CacheStatistics {
        CacheStatistics(entries: keys.count, bytes: 0, bytesMax: nil, evictions: 0, invalidations: 0)
    }
    var statistics: CacheStatistics { immediateStatistics }
}

/// Counts by name and label values: `cache_requests_total memory fake.asking hit`.
final class RecordingMetrics: Metrics {
    private let counts = Mutex<[String: Int]>([:])

    func count(_ name: String) -> Int { counts.withLock { $0[name, default: 0] } }
    var names: [String] { counts.withLock { $0.keys.sorted() } }
    private let levels = Mutex<[String: Double]>([:])
    /// What a gauge was set to last.
    func level(_ name: String) -> Double? { levels.withLock { $0[name] } }

    func counter(_ name: String, help: String, labels: [(name: String, value: String)]) -> any Counter {
        let name = ([name] + labels.map(\.value)).joined(separator: " ")
        counts.withLock { $0[name] = 0 }
        return Meter { amount in self.counts.withLock { $0[name, default: 0] += amount } }
    }
    func gauge(_ name: String, help: String, labels: [(name: String, value: String)]) -> any Gauge {
        let name = ([name] + labels.map(\.value)).joined(separator: " ")
        return Meter(add: { _ in }, level: { level in self.levels.withLock { $0[name] = level } })
    }
    func histogram(
        _ name: String,
        help: String,
        labels: [(name: String, value: String)],
        buckets: [Double]
    ) -> any Histogram { Meter { _ in } }

    private struct Meter: Counter, Gauge, Histogram {
        let add: @Sendable (Int) -> Void
        var level: @Sendable (Double) -> Void = { _ in }
        func increment(by amount: Int) { add(amount) }
        func set(_ value: Double) { level(value) }
        func record(_ value: Double) {}
    }
}

final class RecordingLogger: Logger {
    private let lines = Mutex<[String]>([])
    var all: [String] { lines.withLock { $0 } }
    func log(_ level: LogLevel, _ message: String, _ metadata: [String: String]) {
        let data = metadata.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ")
        lines.withLock { $0.append("\(level.rawValue) \(message) \(data)") }
    }
}

/// A door that stays shut until a test opens it.
final class Door: Sendable {
    private struct State {
        var isOpen = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }
    private let state = Mutex(State())

    func pass() async {
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                if !state.isOpen { state.waiting.append(continuation) }
                return state.isOpen
            }
            if isOpen { continuation.resume() }
        }
    }

    func open() {
        let waiting = state.withLock { state in
            state.isOpen = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }
}

/// Counts, for fakes that are called from many tasks.
final class Tally: Sendable {
    private let number = Atomic<Int>(0)
    var value: Int { number.load(ordering: .sequentiallyConsistent) }
    @discardableResult
    func add() -> Int { number.add(1, ordering: .sequentiallyConsistent).newValue }
}

/// A value that tests change while others read it.
final class Locked<Value: Sendable>: Sendable {
    private let mutex: Mutex<Value>
    init(_ value: Value) { mutex = Mutex(value) }
    var value: Value {
        get { mutex.withLock { $0 } }
        set { mutex.withLock { $0 = newValue } }
    }
    func change(_ body: (inout Value) -> Void) { mutex.withLock { body(&$0) } }
}
