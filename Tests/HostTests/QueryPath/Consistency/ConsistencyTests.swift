import Foundation
import PluginAPI
import PluginTesting
import Testing

@testable import Host
@testable import RedisCache

/// No request that began after a write had returned is answered as before it, in 100,000 random operations and more.
@Suite("What is read after a write", .serialized)
struct ConsistencyTests {
    /// `CONCORD_TEST_SEED` runs one again.
    private let seed =
        ProcessInfo.processInfo.environment["CONCORD_TEST_SEED"].flatMap(UInt64.init)
        ?? UInt64.random(in: 0...UInt64(UInt32.max))

    @Test("With memory alone no answer is older than what was written before its request")
    func memory() async throws {
        let ledger = Ledger(itemsTotal: RandomTraffic.itemsTotal, hostsTotal: 1)
        let host = try host(ledger)

        let (faults, counts) = await RandomTraffic(seed: seed, ledger: ledger, hosts: [host])
            .run(operationsTotal: 100_000)

        #expect(faults.isEmpty, "seed \(seed): \(faults.count), first \(faults.prefix(3))")
        let evictions = await host.path.cache?.statistics.evictions ?? 0
        expectAll(counts.merging(["eviction": evictions]) { $1 }, also: ["eviction", "prepared, concord; fwd"])
    }

    @Test("With Redis between two hosts each shows its own writes at once, and the other's once it has heard of them")
    func redis() async throws {
        let clock = ManualClock()
        let ledger = Ledger(itemsTotal: RandomTraffic.itemsTotal, hostsTotal: 2)
        let prefix = "t\(UInt32.random(in: .min ... .max))_"
        let caches = try [makeCache(prefix, clock), makeCache(prefix, clock)]
        let hosts = try caches.map { try host(ledger, shared: $0, clock: clock) }
        var traffic = RandomTraffic(seed: seed, ledger: ledger, hosts: hosts)
        traffic.hear = { await caches[$0].hasHeard() }
        traffic.disturb = { caches[$0].loseSubscription() }
        for cache in caches { try await cache.start() }

        let (faults, counts) = await traffic.run(operationsTotal: 40_000)

        for cache in caches { await cache.stop() }
        #expect(faults.isEmpty, "seed \(seed): \(faults.count), first \(faults.prefix(3))")
        let found = hosts.reduce(0) { $0 + $1.metrics.count("cache_requests_total redis fake.figures hit") }
        expectAll(counts.merging(["found in Redis": found]) { $1 }, also: ["hearing", "found in Redis"])
    }

    /// Everything that can happen has happened often enough to mean something.
    private func expectAll(_ counts: [String: Int], also: [String]) {
        let usual = [
            "write", "note", "scheduled write", "expiry", "administration", "at hand", "concord; hit; ttl",
            "concord; fwd",
        ]
        for what in usual + also { #expect(counts[what, default: 0] > 100, "\(what) in \(counts)") }
    }

    /// With less room than there are answers.
    private func host(
        _ ledger: Ledger,
        shared: (any SharedCache)? = nil,
        clock: ManualClock = ManualClock()
    ) throws -> QueryPathHarness {
        try QueryPathHarness(
            RandomTraffic.operations(ledger), usesMemoryCache: true, memoryMax: 256 << 10, shared: shared,
            directory: RandomTraffic.directory(), clock: clock)
    }

    /// As the host makes it, with a budget that no answer on a busy machine exceeds.
    private func makeCache(_ prefix: String, _ clock: any HostClock) throws -> RedisCacheModule {
        let url = try #require(ProcessInfo.processInfo.environment["CONCORD_TEST_REDIS_URL"])
        return try RedisCacheModule(
            configuration: ModuleConfiguration([
                "url": .secret(Secret(url)), "connect_timeout": .duration(.seconds(10)),
                "socket_timeout": .duration(.seconds(60)), "budget": .duration(.seconds(60)),
            ]),
            context: ModuleContext(
                logger: RecordingLogger(), metrics: RecordingMetrics(), clock: clock, storage: NoStorage(),
                invalidator: NobodyToTell(), cachePrefix: prefix))
    }
}

extension RedisCacheModule {
    /// Whatever was published before has been told to the host: Redis answers on the same connection, in order.
    fileprivate func hasHeard() async -> Bool {
        do {
            _ = try await subscription.link.connection().send([RedisCommand("PING")], within: .seconds(60))
            return true
        } catch {
            return false
        }
    }

    fileprivate func loseSubscription() {
        try? subscription.link.connection().close(.disconnected("cut by a test"))
    }
}

private struct NobodyToTell: CacheInvalidator {
    func invalidate(_ tags: [CacheTag]) async {}
}
