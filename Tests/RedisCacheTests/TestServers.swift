import Foundation
import PluginAPI
import PluginTesting
import Synchronization

@testable import RedisCache

/// The servers that `scripts/servers/redis` has started.
enum TestServers {
    static var plain: String { get throws { try url("CONCORD_TEST_REDIS_URL") } }
    static var tls: String { get throws { try url("CONCORD_TEST_REDIS_TLS_URL") } }

    private static func url(_ name: String) throws -> String {
        guard let url = ProcessInfo.processInfo.environment[name] else {
            throw MissingServer("\(name) is not set: run scripts/servers/redis start FOLDER and export what it prints")
        }
        return url
    }
}

struct MissingServer: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}

/// Makes cache modules as the host would, each test under a prefix of its own unless it names one.
func makeCache(
    _ url: String,
    prefix: String = "t\(UInt32.random(in: .min ... .max))_",
    clock: any HostClock = RealClock(),
    budget: Duration = .seconds(2),
    socketTimeout: Duration = .seconds(5),
    metrics: any Metrics = NoMetrics()
) throws -> RedisCacheModule {
    try makeCache(
        Secret(url), prefix: prefix, clock: clock, budget: budget, socketTimeout: socketTimeout, metrics: metrics)
}

func makeCache(
    _ url: Secret,
    prefix: String = "t\(UInt32.random(in: .min ... .max))_",
    clock: any HostClock = RealClock(),
    budget: Duration = .seconds(2),
    socketTimeout: Duration = .seconds(5),
    metrics: any Metrics = NoMetrics()
) throws -> RedisCacheModule {
    try RedisCacheModule(
        configuration: ModuleConfiguration([
            "url": .secret(url), "connect_timeout": .duration(.seconds(2)),
            "socket_timeout": .duration(socketTimeout), "budget": .duration(budget),
        ]),
        context: ModuleContext(
            logger: NoLog(), metrics: metrics, clock: clock, storage: NoStorage(), invalidator: NobodyListens(),
            cachePrefix: prefix))
}

/// Runs `body` with a started cache and stops it afterwards.
func withCache(_ cache: RedisCacheModule, _ body: (RedisCacheModule) async throws -> Void) async throws {
    try await cache.start()
    do { try await body(cache) } catch {
        await cache.stop()
        throw error
    }
    await cache.stop()
}

extension RedisCacheModule {
    /// An entry under one tag, stamped now.
    func makeEntry(_ text: String = "{}", tags: [CacheTag] = [.account("acc-1")]) async throws -> CacheEntry {
        CacheEntry(
            body: Array(text.utf8), etag: "\"e\"", tags: tags, stamp: try await stamp(for: tags), storedAt: clock.now,
            freshUntil: clock.now + .seconds(10), staleUntil: clock.now + .seconds(60))
    }
}

/// Asks again until it is so, for at most a minute: for what happens soon, and later on a machine that is busy.
func eventually(_ condition: () async throws -> Bool) async rethrows -> Bool {
    let end = ContinuousClock.now + .seconds(60)
    while ContinuousClock.now < end {
        if try await condition() { return true }
        try? await Task.sleep(for: .milliseconds(20))
    }
    return try await condition()
}

struct RealClock: HostClock {
    var now: Timestamp { Timestamp(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000)) }
}

struct NoLog: Logger {
    func log(_ level: LogLevel, _ message: String, _ metadata: [String: String]) {}
}

struct NobodyListens: CacheInvalidator {
    func invalidate(_ tags: [CacheTag]) async {}
}

/// Remembers the last value of each gauge, and counts.
final class SeenGauges: Metrics {
    private let values = Mutex<[String: Double]>([:])
    private let counts = Mutex<[String: Int]>([:])

    func value(_ name: String) -> Double? { values.withLock { $0[name] } }
    func count(_ name: String) -> Int { counts.withLock { $0[name, default: 0] } }

    func counter(_ name: String, help: String, labels: [(name: String, value: String)]) -> any Counter {
        SeenCounter { amount in self.counts.withLock { $0[name, default: 0] += amount } }
    }

    func gauge(_ name: String, help: String, labels: [(name: String, value: String)]) -> any Gauge {
        let text = labels.map { "\($0.name)=\($0.value)" }.joined(separator: ",")
        return SeenGauge { value in self.values.withLock { $0["\(name){\(text)}"] = value } }
    }

    func histogram(
        _ name: String, help: String, labels: [(name: String, value: String)], buckets: [Double]
    ) -> any Histogram { NoMeter() }
}

struct SeenGauge: Gauge {
    let see: @Sendable (Double) -> Void

    func set(_ value: Double) { see(value) }
}

struct SeenCounter: Counter {
    let add: @Sendable (Int) -> Void

    func increment(by amount: Int) { add(amount) }
}

struct NoMetrics: Metrics {
    func counter(_ name: String, help: String, labels: [(name: String, value: String)]) -> any Counter { NoMeter() }
    func gauge(_ name: String, help: String, labels: [(name: String, value: String)]) -> any Gauge { NoMeter() }
    func histogram(
        _ name: String, help: String, labels: [(name: String, value: String)], buckets: [Double]
    ) -> any Histogram { NoMeter() }
}

struct NoMeter: Counter, Gauge, Histogram {
    func increment(by amount: Int) {}
    func set(_ value: Double) {}
    func record(_ value: Double) {}
}
