import HTTPTypes
import PluginAPI
import PluginTesting
import Synchronization
import Testing

@testable import Host

/// The cache that hosts share, behind the one each host has.
@Suite("Shared cache on the query path")
struct SharedCacheTests {
    @Test("What one host has built another finds, and keeps in front from then on")
    func hit() async throws {
        let (shared, calls) = (FakeSharedCache(), Tally())
        let (one, other) = (try host(shared, calls), try host(shared, calls))

        let built = await one.ask()
        let found = await other.ask()
        shared.change { $0.isDown = true }
        let kept = await other.ask()

        #expect(calls.value == 1)
        #expect(built.header("Cache-Status") == "concord; fwd=uri-miss; stored")
        for answer in [found, kept] {
            #expect(answer.body == built.body && answer.header("ETag") == built.header("ETag"))
            #expect(answer.header("Cache-Status") == "concord; hit; ttl=10")
        }
        #expect(shared.keys.allSatisfy { $0.hasPrefix("1:fake.asking:") })
        #expect(other.metrics.count("cache_requests_total fake_shared fake.asking hit") == 1)
        #expect(one.metrics.count("cache_requests_total fake_shared fake.asking miss") == 1)
    }

    @Test("A shared cache that does not answer fails no request and is counted")
    func down() async throws {
        let (shared, calls) = (FakeSharedCache(), Tally())
        shared.change { $0.isDown = true }
        let harness = try host(shared, calls)

        #expect(await harness.ask().status == .ok)
        await harness.invalidations.invalidate([.account("a1")])
        #expect(await harness.ask().status == .ok)

        #expect(calls.value == 2)
        #expect(harness.metrics.count("cache_requests_total fake_shared fake.asking error") == 2)
        #expect(harness.log.all.contains { $0.contains("shared cache not invalidated yet") })
    }

    @Test("A host answers from its own copies only while they may be trusted")
    func trust() async throws {
        let (shared, calls) = (FakeSharedCache(), Tally())
        let harness = try host(shared, calls)
        _ = await harness.ask()
        shared.change { state in
            state.isLocalCopyGood = false
            state.entries = [:]
        }

        _ = await harness.ask()
        #expect(calls.value == 2)

        shared.change { $0.isLocalCopyGood = true }
        _ = await harness.ask()
        #expect(calls.value == 2)
    }

    @Test(
        "What another host has written is not answered from this host's copies, nor is what may have gone unheard",
        arguments: [CacheNotice.invalidated([.account("a1"), .user("ann")]), .missed])
    func heard(_ notice: CacheNotice) async throws {
        let (shared, calls) = (FakeSharedCache(), Tally())
        let harness = try host(shared, calls)
        _ = await harness.ask()
        let lookUps = harness.directory.lookUps

        shared.change { $0.entries = [:] }
        shared.tell(notice)
        _ = await harness.ask()

        #expect(calls.value == 2)
        #expect(harness.directory.lookUps > lookUps)
    }

    @Test("A write is known to the shared cache before it is answered")
    func written() async throws {
        let (shared, calls) = (FakeSharedCache(), Tally())
        let (one, other) = (try host(shared, calls), try host(shared, calls))
        _ = await one.ask()

        await one.invalidations.invalidate([.account("a1")])
        _ = await other.ask()

        #expect(calls.value == 2)
    }

    @Test("What a reader finds while the shared cache is being told of a write is not answered after it")
    func between() async throws {
        let (shared, calls) = (FakeSharedCache(), Tally())
        let harness = try host(shared, calls)
        _ = await harness.ask()
        shared.change { $0.beforeInvalidating = { _ = await harness.ask() } }

        await harness.invalidations.invalidate([.account("a1")])
        _ = await harness.ask()

        #expect(calls.value == 2)
    }

    @Test("An answer that was written under while it was built is not found by the next request")
    func overtaken() async throws {
        let (shared, calls, door) = (FakeSharedCache(), Tally(), Door())
        let harness = try host(shared, calls, door)
        async let slow = harness.ask()
        while calls.value == 0 { await Task.yield() }
        await harness.invalidations.invalidate([.account("a1")])
        door.open()
        _ = await slow

        _ = await harness.ask()
        #expect(calls.value == 2)
    }

    @Test("With storage down an answer of another host is served stale")
    func stale() async throws {
        let shared = FakeSharedCache()
        let one = try host(shared, Tally())
        let other = try QueryPathHarness(
            [.asking { _ in throw StorageError.unavailable(reason: "down in a test") }], usesMemoryCache: true,
            shared: shared)
        let built = await one.ask()
        other.clock.advance(by: .seconds(20))

        let answer = await other.ask()

        #expect(answer.status == .ok && answer.body == built.body)
        #expect(answer.header("Cache-Status") == "concord; hit; ttl=-10; detail=stale-if-error")
        #expect(other.metrics.count("cache_requests_total fake_shared fake.asking stale") == 1)
    }

    private func host(_ shared: FakeSharedCache, _ calls: Tally, _ door: Door? = nil) throws -> QueryPathHarness {
        try QueryPathHarness(
            [
                .asking { _ in
                    let number = calls.add()
                    await door?.pass()
                    return Reply(body: Array(#"{"n":\#(number)}"#.utf8))
                }
            ], usesMemoryCache: true, shared: shared)
    }
}

/// Keeps everything, for several hosts of one process.
final class FakeSharedCache: SharedCache {
    static let descriptor = ModuleDescriptor(id: "fake_shared", summary: "Entries of several hosts of a test")

    struct State {
        var entries: [String: CacheEntry] = [:]
        var versions: [CacheTag: UInt64] = [:]
        var isDown = false
        var isLocalCopyGood = true
        /// What happens just before an invalidation takes effect.
        var beforeInvalidating: (@Sendable () async -> Void)?
        var listeners: [@Sendable (CacheNotice) -> Void] = []

        func stamp(_ tags: [CacheTag]) -> CacheStamp { CacheStamp(versions: tags.map { versions[$0, default: 0] }) }
    }

    private let state = Mutex(State())

    init() {}
    init(configuration: ModuleConfiguration, context: ModuleContext) throws(ModuleError) {}

    var keys: [String] { state.withLock { $0.entries.keys.sorted() } }
    var isLocalCopyGood: Bool { state.withLock { $0.isLocalCopyGood } }

    func change(_ body: (inout State) -> Void) { state.withLock { body(&$0) } }
    func tell(_ notice: CacheNotice) { for listener in state.withLock({ $0.listeners }) { listener(notice) } }
    func listen(_ heard: @escaping @Sendable (CacheNotice) -> Void) { change { $0.listeners.append(heard) } }

    func lookUp(_ key: String, tags: [CacheTag]) async throws -> CacheLookUp {
        try whenUp { state in
            let entry = state.entries[key].flatMap { state.stamp($0.tags) == $0.stamp ? $0 : nil }
            return CacheLookUp(entry: entry, stamp: state.stamp(tags))
        }
    }
    func storeSoon(_ entry: CacheEntry, for key: String) { _ = try? whenUp { $0.entries[key] = entry } }
    func stamp(for tags: [CacheTag]) async throws -> CacheStamp { try whenUp { $0.stamp(tags) } }
    func entry(for key: String) async throws -> CacheEntry? { try await lookUp(key, tags: []).entry }
    func store(_ entry: CacheEntry, for key: String) async throws { storeSoon(entry, for: key) }
    func invalidate(_ tags: [CacheTag]) async throws {
        await state.withLock { $0.beforeInvalidating }?()
        try whenUp { state in for tag in tags { state.versions[tag, default: 0] += 1 } }
    }
    func clear() async throws { change { $0.entries = [:] } }
    var statistics: CacheStatistics {
        CacheStatistics(entries: keys.count, bytes: 0, bytesMax: nil, evictions: 0, invalidations: 0)
    }

    private func whenUp<Result: Sendable>(_ body: (inout State) -> Result) throws -> Result {
        try state.withLock { state in
            if state.isDown { throw ModuleError.unavailable(reason: "down in a test") }
            return body(&state)
        }
    }
}
