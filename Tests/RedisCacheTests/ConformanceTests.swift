import PluginConformance
import PluginTesting
import Testing

@testable import RedisCache

@Suite("Redis cache: the promises of every cache")
struct ConformanceTests {
    @Test("RedisCache keeps every promise of CacheBackend", arguments: CacheRequirement.all)
    func plain(_ requirement: CacheRequirement) async throws {
        try await check(requirement, try TestServers.plain)
    }

    @Test("RedisCache keeps every promise of CacheBackend over TLS", arguments: CacheRequirement.all)
    func tls(_ requirement: CacheRequirement) async throws {
        try await check(requirement, try TestServers.tls)
    }

    private func check(_ requirement: CacheRequirement, _ url: String) async throws {
        let clock = ManualClock()
        try await withCache(makeCache(url, clock: clock, budget: .seconds(5))) { cache in
            try await requirement.check(cache, clock) { clock.advance(by: $0) }
        }
    }
}
