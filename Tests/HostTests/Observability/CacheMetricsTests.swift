import MemoryCache
import PluginAPI
import PluginTesting
import Testing

@testable import Host

struct CacheMetricsTests {
    @Test("What the in-process cache holds is read from it when it is asked for")
    func figures() async throws {
        let (registry, clock) = (MetricsRegistry(), ManualClock())
        let cache = MemoryCacheModule(maxSize: 1 << 20, clock: clock)
        CacheMetrics.register(cache, in: registry)
        for number in 0..<100 {
            let entry = CacheEntry(
                body: [UInt8](repeating: 0, count: 20_000), etag: "\"e\"", tags: [],
                stamp: cache.immediateStamp(for: []), storedAt: clock.now, freshUntil: clock.now + .seconds(5),
                staleUntil: clock.now + .seconds(60))
            cache.immediateStore(entry, for: "k-\(number)")
        }
        cache.immediateInvalidate([.account("a"), .user("u")])
        let statistics = await cache.statistics

        let lines = String(decoding: MetricsText(registry.snapshot()).bytes, as: UTF8.self)
            .split(separator: "\n").map(String.init)

        #expect(statistics.evictions > 0 && statistics.entries > 0)
        #expect(lines.contains("cache_bytes \(statistics.bytes)"))
        #expect(lines.contains("cache_max_bytes \(1 << 20)"))
        #expect(lines.contains("cache_entries \(statistics.entries)"))
        #expect(lines.contains("cache_evictions_total \(statistics.evictions)"))
        #expect(lines.contains("cache_invalidations_total 2"))
    }
}
