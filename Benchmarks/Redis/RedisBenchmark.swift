import Foundation
import PluginAPI
import PluginTesting
import RedisCache

/// Entries of 1 KB read through the cache interface by 32 tasks, side by side with `redis-benchmark -P 1 -c 32` of GET on
/// values as large, on the server that `CONCORD_TEST_REDIS_URL` names.
///
/// A get reads an entry of no tags with the version of everything, decodes it and checks it; a look-up reads the versions of
/// the entry's three tags as well. The argument is the number of reads a round (300000).
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
        try await store(tags: [], under: "1:benchmark.get:u:ann:limit=50", in: cache)
        try await store(tags: tags, under: "1:benchmark.lookup:u:ann:limit=50", in: cache)
        let get: Read = { try await cache.entry(for: "1:benchmark.get:u:ann:limit=50") }
        let lookUp: Read = { try await cache.lookUp("1:benchmark.lookup:u:ann:limit=50", tags: tags).entry }

        var rates: (gets: [Double], lookUps: [Double], theirs: [Double]) = ([], [], [])
        _ = try await measure(total / 10, lookUp)
        for round in 1...roundsTotal {
            let theirs = try redisBenchmark(url, total)
            let (gets, getCPU) = try await measure(total, get)
            let (lookUps, lookUpCPU) = try await measure(total, lookUp)
            print(
                "round \(round): redis-benchmark \(Int(theirs)) GET/s, ours \(Int(gets))/s, \(getCPU) µs of CPU each,")
            print("    look-ups with three tags \(Int(lookUps))/s, \(lookUpCPU) µs of CPU each")
            rates.gets.append(gets)
            rates.lookUps.append(lookUps)
            rates.theirs.append(theirs)
        }
        let theirs = median(rates.theirs)
        print("medians: redis-benchmark \(Int(theirs)) GET/s,", terminator: " ")
        print("ours \(Int(median(rates.gets)))/s, ratio \(ratio(median(rates.gets), theirs)),", terminator: " ")
        print("look-ups \(Int(median(rates.lookUps)))/s, ratio \(ratio(median(rates.lookUps), theirs))")
        await cache.stop()
    }

    private typealias Read = @Sendable () async throws -> CacheEntry?

    private static func store(tags: [CacheTag], under key: String, in cache: RedisCacheModule) async throws {
        let now = Timestamp(microseconds: 0)
        let entry = CacheEntry(
            body: [UInt8](repeating: 0x61, count: bodyBytes), etag: "\"0123456789abcdef\"", tags: tags,
            stamp: try await cache.stamp(for: tags), storedAt: now, freshUntil: now + .seconds(3_600),
            staleUntil: now + .seconds(3_600))
        try await cache.store(entry, for: key)
    }

    /// - Returns: Reads a second, and microseconds of this process's processor time for each.
    private static func measure(_ total: Int, _ read: @escaping Read) async throws -> (rate: Double, cpu: Double) {
        let (begin, cpu) = (ContinuousClock.now, clock())
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<tasks {
                group.addTask {
                    for _ in 0..<(total / tasks) {
                        guard try await read()?.body.count == bodyBytes else {
                            throw ModuleError.unavailable(reason: "a read found nothing")
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        let count = Double(total / tasks * tasks)
        return (count / seconds(since: begin), (Double(clock() - cpu) / count * 10).rounded() / 10)
    }

    private static func median(_ rates: [Double]) -> Double { rates.sorted()[rates.count / 2] }

    private static func ratio(_ ours: Double, _ theirs: Double) -> Double { (ours / theirs * 100).rounded() / 100 }

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
