import Foundation
import PluginAPI
import PluginTesting
import RedisCache

/// Entries of 1 KB looked up through the cache interface by 32 tasks, side by side with `redis-benchmark -P 1 -c 32` of GET on
/// values as large, on the server that `CONCORD_TEST_REDIS_URL` names.
///
/// A look-up reads the entry and the versions of its three tags and of everything, decodes it and checks it. The argument is
/// the number of look-ups a round (300000).
@main
struct RedisBenchmark {
    static let tasks = 32
    static let bodyBytes = 1_024
    static let roundsTotal = 3

    static func main() async throws {
        let total = CommandLine.arguments.dropFirst().compactMap { Int($0) }.first ?? 300_000
        guard let url = ProcessInfo.processInfo.environment["CONCORD_TEST_REDIS_URL"] else {
            throw ModuleError.unavailable(reason: "CONCORD_TEST_REDIS_URL is not set; see scripts/servers/redis")
        }
        let cache = try makeCache(url)
        try await cache.start()
        let tags = [CacheTag.account("acc-1"), .user("ann"), .module("reconciliation")]
        let now = Timestamp(microseconds: 0)
        let entry = CacheEntry(
            body: [UInt8](repeating: 0x61, count: bodyBytes), etag: "\"0123456789abcdef\"", tags: tags,
            stamp: try await cache.stamp(for: tags), storedAt: now, freshUntil: now + .seconds(3_600),
            staleUntil: now + .seconds(3_600))
        try await cache.store(entry, for: key)

        var (ours, theirs): ([Double], [Double]) = ([], [])
        _ = try await lookUps(total / 10, cache, tags)
        for round in 1...roundsTotal {
            theirs.append(try redisBenchmark(url, total))
            ours.append(try await lookUps(total, cache, tags))
            print("round \(round): \(Int(ours[round - 1])) look-ups/s, redis-benchmark \(Int(theirs[round - 1])) GET/s")
        }
        let (own, other) = (ours.sorted()[roundsTotal / 2], theirs.sorted()[roundsTotal / 2])
        print("medians: \(Int(own)) and \(Int(other)), ratio \((own / other * 100).rounded() / 100)")
        await cache.stop()
    }

    private static let key = "1:benchmark.lookup:u:ann:limit=50"

    /// - Returns: Look-ups a second.
    private static func lookUps(_ total: Int, _ cache: RedisCacheModule, _ tags: [CacheTag]) async throws -> Double {
        let begin = ContinuousClock.now
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<tasks {
                group.addTask {
                    for _ in 0..<(total / tasks) {
                        guard try await cache.lookUp(key, tags: tags).entry?.body.count == bodyBytes else {
                            throw ModuleError.unavailable(reason: "a look-up found nothing")
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        return Double(total / tasks * tasks) / seconds(since: begin)
    }

    /// - Returns: What `redis-benchmark` says: GET a second.
    private static func redisBenchmark(_ url: String, _ total: Int) throws -> Double {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments =
            ["redis-benchmark", "-u", url, "-P", "1", "-c", "\(tasks)", "-n", "\(total)", "-d", "\(bodyBytes)"]
            + ["-t", "set,get", "--csv"]
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        let line = text.split(separator: "\n").first { $0.hasPrefix("\"GET\"") } ?? ""
        let fields = line.split(separator: ",")
        guard fields.count > 1, let rate = Double(fields[1].filter { $0 != "\"" }) else {
            throw ModuleError.unavailable(reason: "redis-benchmark says no rate for GET: \(text)")
        }
        return rate
    }

    private static func makeCache(_ url: String) throws -> RedisCacheModule {
        try RedisCacheModule(
            configuration: ModuleConfiguration([
                "url": .secret(Secret(url)), "connect_timeout": .duration(.seconds(5)),
                "socket_timeout": .duration(.seconds(5)), "budget": .duration(.seconds(5)),
            ]),
            context: ModuleContext(
                logger: Unheard(), metrics: Unheard(), clock: ManualClock(Timestamp(microseconds: 0)),
                storage: NoStorage(), invalidator: Unheard(), cachePrefix: "bench_"))
    }

    private static func seconds(since begin: ContinuousClock.Instant) -> Double {
        let duration = ContinuousClock.now - begin
        return Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
    }
}
