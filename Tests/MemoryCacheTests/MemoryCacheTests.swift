import CMalloc
import PluginAPI
import PluginConformance
import PluginTesting
import Testing

@testable import CacheBenchmark
@testable import MemoryCache

@Suite("Memory cache")
struct MemoryCacheTests {
    private let clock = ManualClock()

    @Test("MemoryCache keeps every promise of CacheBackend", arguments: CacheRequirement.all)
    func conformance(_ requirement: CacheRequirement) async throws {
        let clock = ManualClock()
        let cache = MemoryCacheModule(maxSize: 1 << 20, clock: clock)
        try await requirement.check(cache, clock) { clock.advance(by: $0) }
    }

    @Test("A scan of keys asked for once does not push out a key in use")
    func scanResistance() {
        let cache = MemoryCacheModule(maxSize: 1 << 20, clock: clock)
        for index in 0..<50 {
            cache.immediateStore(entry(bytes: 1_000), for: "used-\(index)")
            _ = cache.immediateEntry(for: "used-\(index)")
        }

        for index in 0..<5_000 { cache.immediateStore(entry(bytes: 1_000), for: "scan-\(index)") }

        let kept = (0..<50).filter { cache.immediateEntry(for: "used-\($0)") != nil }
        #expect(kept.count == 50)
    }

    @Test("Of keys that few ask for often it finds more than LRU, scans or not", arguments: [0, 0.2])
    func hitRatio(scanShare: Double) async {
        var trace = Trace(keys: 100_000, scanShare: scanShare, seed: 1)
        var replay = await Replay(room: 1_000, bodyBytes: 1_024)

        for _ in 0..<60_000 { replay.ask(trace.next()) }

        #expect(replay.hitRatio > replay.hitRatioOfLRU + 0.03)
    }

    @Test("A key stored again soon after its eviction goes straight to the main queue")
    func ghost() {
        let cache = MemoryCacheModule(maxSize: 1 << 20, clock: clock)
        cache.immediateStore(entry(bytes: 1_000), for: "k")
        var index = 0
        while cache.keys(matching: "k", limit: 1) == ["k"] {
            cache.immediateStore(entry(bytes: 1_000), for: "first-\(index)")
            index += 1
        }
        cache.immediateStore(entry(bytes: 1_000), for: "k")

        for index in 0..<2_000 { cache.immediateStore(entry(bytes: 1_000), for: "second-\(index)") }

        #expect(cache.immediateEntry(for: "k") != nil)
    }

    @Test("Keys that come and go without filling the cache do not make it grow")
    func churn() async {
        let cache = MemoryCacheModule(maxSize: 1 << 20, clock: clock)

        for _ in 0..<10_000 {
            cache.immediateStore(entry(bytes: 10, stamp: cache.immediateStamp(for: [])), for: "k")
            cache.immediateInvalidate([.account("acc-1")])
            _ = cache.immediateEntry(for: "k")
        }

        let statistics = await cache.statistics
        #expect(statistics.entries == 0)
        #expect(statistics.bytes == 0)
    }

    @Test("A body is kept without the room it was given while it grew")
    func slack() throws {
        let cache = MemoryCacheModule(maxSize: 1 << 20, clock: clock)
        var grown = entry(bytes: 2_186)
        grown.body.reserveCapacity(4_096)

        cache.immediateStore(grown, for: "k")

        let kept = try #require(cache.immediateEntry(for: "k"))
        #expect(kept == grown)
        #expect(kept.body.capacity < 2_600)
    }

    @Test("What counts is what the entries take of memory")
    func trueBytes() async {
        // In a process of its own: other tests allocate and free as well.
        await #expect(processExitsWith: .success) {
            // The longest have pages of their own, which are more than what was asked for.
            for bodyBytes in [0, 100, 2_000, 20_000] {
                let share = MemoryCacheTests.shareTaken(
                    bodyBytes: bodyBytes, entries: bodyBytes < 20_000 ? 20_000 : 4_000)
                // Tables count as when they have just doubled.
                precondition((0.5...1).contains(share), "bodies of \(bodyBytes) bytes: \(share)")
            }
        }
    }

    /// What the allocator gave for many entries, as a share of what counts for them.
    private static func shareTaken(bodyBytes: Int, entries: Int) -> Double {
        let tests = MemoryCacheTests()
        let cache = MemoryCacheModule(maxSize: 256 << 20, clock: tests.clock)
        let before = AllocatedBytes.now
        for number in 0..<entries {
            let entry = tests.entry(bytes: bodyBytes, stamp: cache.immediateStamp(for: []))
            cache.immediateStore(entry, for: "positions.open:u:user-\(number)")
        }
        let taken = AllocatedBytes.now - before
        precondition(cache.immediateStatistics.entries == entries)
        return Double(taken) / Double(cache.immediateStatistics.bytes)
    }

    @Test("Keys are found by pattern, up to a limit, and can be removed")
    func patterns() {
        let cache = MemoryCacheModule(maxSize: 64 << 20, clock: clock)
        for key in ["positions.open:u-1", "positions.closed:u-1", "guards.status:u-1"] {
            cache.immediateStore(entry(bytes: 10), for: key)
        }

        #expect(
            cache.keys(matching: "positions.*", limit: 10).sorted() == ["positions.closed:u-1", "positions.open:u-1"])
        #expect(cache.keys(matching: "*", limit: 2).count == 2)
        cache.remove("guards.status:u-1")
        #expect(cache.keys(matching: "guards*", limit: 10).isEmpty)
    }

    @Test("Entries that are out of date are not listed")
    func outdatedKeys() {
        let cache = MemoryCacheModule(maxSize: 1 << 20, clock: clock)
        cache.immediateStore(entry(bytes: 10), for: "k")

        cache.immediateInvalidate([.account("acc-1")])

        #expect(cache.keys(matching: "*", limit: 10).isEmpty)
    }

    @Test("A tag that left the bounded table counts as bumped, so that nothing old is served")
    func boundedTags() {
        let cache = MemoryCacheModule(maxSize: 1 << 20, clock: clock, tags: TagVersions(tagsMax: 8))
        let old = entry(bytes: 10)
        cache.immediateInvalidate([.account("acc-1")])

        for index in 0..<100 { cache.immediateInvalidate([.account("other-\(index)")]) }
        cache.immediateStore(old, for: "old")
        cache.immediateStore(entry(bytes: 10, stamp: cache.immediateStamp(for: [])), for: "new")

        #expect(cache.immediateEntry(for: "old") == nil)
        #expect(cache.immediateEntry(for: "new") != nil)
    }

    @Test(
        "A star stands for any text",
        arguments: [
            ("*", "", true), ("a*", "a", true), ("*a", "ba", true), ("a*b*c", "a--b--b-c", true),
            ("a*b", "ac", false), ("a", "aa", false), ("", "", true), ("**", "x", true), ("a*a", "a", false),
        ]
    )
    func globs(pattern: String, text: String, matches: Bool) {
        #expect(Glob(pattern).matches(text) == matches)
    }

    private func entry(bytes: Int, stamp: CacheStamp = CacheStamp(versions: [0])) -> CacheEntry {
        CacheEntry(
            body: [UInt8](repeating: 0, count: bytes), etag: "\"e\"", tags: [.account("acc-1")], stamp: stamp,
            storedAt: clock.now, freshUntil: clock.now + .seconds(5), staleUntil: clock.now + .seconds(60))
    }
}

/// What the whole process has of the allocator's pages.
private enum AllocatedBytes {
    static var now: Int {
        // Figures are those of the last epoch that was begun.
        var epoch: UInt64 = 1
        precondition(mallctl("epoch", nil, nil, &epoch, MemoryLayout<UInt64>.size) == 0)
        var (bytes, size) = (0, MemoryLayout<Int>.size)
        precondition(mallctl("stats.active", &bytes, &size, nil, 0) == 0)
        return bytes
    }
}
