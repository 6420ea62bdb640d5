import Foundation
import PluginAPI
import PluginTesting
import Synchronization
import Testing

@testable import RedisCache

/// What happens to Redis happens to nobody else: every call ends, and all is well again once Redis is.
@Suite("Redis cache: faults")
struct FaultTests {
    @Test("Killed and started again, empty: calls end with an error, and it heals by itself")
    func killed() async throws {
        let redis = try await ThrowAwayRedis()
        try await withCache(makeCache(redis.url)) { cache in
            try await cache.store(try await cache.makeEntry(), for: "k")
            redis.kill()

            #expect(await eventually { await cache.health() != .ok })
            await #expect(throws: RedisError.self) { try await cache.lookUp("k", tags: [.account("acc-1")]) }
            cache.storeSoon(entry(cache), for: "k")

            try await redis.start()
            #expect(await eventually { await cache.health() == .ok })
            #expect(try await cache.entry(for: "k") == nil)
            try await cache.store(try await cache.makeEntry("new"), for: "k")
            #expect(try await cache.entry(for: "k")?.body == Array("new".utf8))
        }
    }

    @Test("Frozen: calls end at the budget, then Redis is not asked, and thawed it is asked again")
    func frozen() async throws {
        let redis = try await ThrowAwayRedis()
        let metrics = SeenGauges()
        try await withCache(makeCache(redis.url, budget: .seconds(1), metrics: metrics)) { cache in
            redis.freeze()

            #expect(await eventually { await asked(cache) == .timedOut(.seconds(1)) })
            #expect(await eventually { await asked(cache) == .resting("Redis did not answer within 1.0 seconds") })
            let waited = metrics.count("redis_timeouts_total")
            #expect((1...3).contains(waited))
            for _ in 0..<100 { _ = await asked(cache) }
            #expect(metrics.count("redis_timeouts_total") == waited)
            #expect(await cache.health() == .degraded(reason: "Redis did not answer within 1.0 seconds"))
            #expect(cache.isLocalCopyGood)

            redis.thaw()
            #expect(await eventually { await cache.health() == .ok })
            let found = try await cache.lookUp("k", tags: [.account("acc-1")])
            #expect(found.stamp != nil)
        }
    }

    @Test("Frozen for longer than the socket time-out: the connection is given up, and another one made")
    func frozenLong() async throws {
        let redis = try await ThrowAwayRedis()
        try await withCache(makeCache(redis.url, socketTimeout: .seconds(2))) { cache in
            redis.freeze()
            #expect(await eventually { !cache.client.link.isUp })

            redis.thaw()
            #expect(await eventually { await cache.health() == .ok })
        }
    }

    @Test("Slow: it is not asked while it is slow")
    func slow() async throws {
        let redis = try await ThrowAwayRedis()
        try await withCache(makeCache(redis.url, budget: .seconds(1))) { cache in
            let sleeper = try redis.begin(["-r", "1000", "DEBUG", "SLEEP", "2"])
            // Together: of calls one after the other every second one comes when the server is nearly awake.
            #expect(
                await eventually {
                    async let others = (asked(cache), asked(cache), asked(cache))
                    _ = await (asked(cache), others)
                    return !cache.client.isAnswering
                })
            redis.end(sleeper)
            #expect(await eventually { await cache.health() == .ok })
        }
    }

    @Test("Full: what is kept is still found and invalidated, and there is room again later")
    func full() async throws {
        let redis = try await ThrowAwayRedis(["maxmemory-policy noeviction"])
        try await withCache(makeCache(redis.url)) { cache in
            try await cache.store(try await cache.makeEntry(), for: "k")
            let late = try await cache.makeEntry("late")
            try redis.tell("CONFIG", "SET", "maxmemory", "1")

            await #expect { try await cache.store(late, for: "late") } throws: { "\($0)".contains("OOM") }
            #expect(try await cache.entry(for: "k") != nil)
            guard case .degraded(let reason) = await cache.health() else { throw MissingServer("not degraded") }
            #expect(reason.contains("OOM"))
            try await cache.invalidate([.account("acc-1")])
            #expect(try await cache.lookUp("k", tags: [.account("acc-1")]) == CacheLookUp(entry: nil, stamp: nil))

            try redis.tell("CONFIG", "SET", "maxmemory", "0")
            #expect(await eventually { await cache.health() == .ok })
            #expect(try await cache.lookUp("k", tags: [.account("acc-1")]).stamp != nil)
        }
    }

    @Test("A read-only replica takes no invalidation, so that it is not asked until it takes them")
    func readOnly() async throws {
        let redis = try await ThrowAwayRedis()
        try await withCache(makeCache(redis.url)) { cache in
            try await cache.store(try await cache.makeEntry(), for: "k")
            try redis.tell("REPLICAOF", "127.0.0.1", "1")

            await #expect { try await cache.invalidate([.account("acc-1")]) } throws: { "\($0)".contains("READONLY") }
            await #expect(throws: RedisError.self) { try await cache.entry(for: "k") }
            guard case .degraded(let reason) = await cache.health() else { throw MissingServer("not degraded") }
            #expect(reason.contains("READONLY"))

            try redis.tell("REPLICAOF", "NO", "ONE")
            #expect(await eventually { await cache.health() == .ok })
            #expect(try await cache.entry(for: "k") == nil)
        }
    }

    @Test("An invalidation while Redis is frozen is made up for before Redis is believed again")
    func owed() async throws {
        let redis = try await ThrowAwayRedis()
        try await withCache(makeCache(redis.url)) { cache in
            try await cache.store(try await cache.makeEntry(), for: "k")
            redis.freeze()

            await #expect(throws: RedisError.self) { try await cache.invalidate([.account("acc-1")]) }
            await #expect(throws: RedisError.self) { try await cache.entry(for: "k") }
            redis.thaw()

            var found: [CacheEntry] = []
            let isHealed = await eventually {
                if let entry = try? await cache.entry(for: "k") { found.append(entry) }
                return await cache.health() == .ok
            }
            #expect(isHealed && found.isEmpty)
            #expect(try await cache.entry(for: "k") == nil)
        }
    }

    @Test("A wrong password is said at the start, and a right one is found without another start")
    func password() async throws {
        let redis = try await ThrowAwayRedis()
        redis.kill()
        try await redis.start(password: "second")
        let cache = try makeCache(redis.url)

        await #expect { try await cache.start() } throws: { "\($0)".contains("WRONGPASS") }
        redis.kill()
        try await redis.start(password: "first")

        #expect(await eventually { await cache.health() == .ok })
        await cache.stop()
    }

    @Test("A password that changed is read again at the next connect, and never is an old one used")
    func changedPassword() async throws {
        let redis = try await ThrowAwayRedis()
        let password = Mutex<String?>("first")
        let url = redis.url
        let address = Secret(url) { () throws(SecretUnreadable) in
            guard let now = password.withLock({ $0 }) else { throw SecretUnreadable(reason: "the file pw is empty") }
            return url.replacingOccurrences(of: ":first@", with: ":\(now)@")
        }
        try await withCache(try makeCache(address)) { cache in
            #expect(await eventually { await cache.health() == .ok })

            password.withLock { $0 = nil }
            redis.kill()
            try await redis.start(password: "second")
            #expect(await eventually { "\(await cache.health())".contains("the file pw is empty") })

            password.withLock { $0 = "second" }
            #expect(await eventually { await cache.health() == .ok })
        }
    }

    @Test("A server in cluster mode is refused with a sentence")
    func cluster() async throws {
        let redis = try await ThrowAwayRedis([
            "cluster-enabled yes", "cluster-config-file nodes.conf", "cluster-port \(try ThrowAwayRedis.freePort())",
        ])
        let cache = try makeCache(redis.url)

        await #expect { try await cache.start() } throws: { "\($0)".contains("Redis Cluster") }
        await cache.stop()
    }

    @Test("While Redis loads its data it is waited for")
    func loading() async throws {
        let redis = try await ThrowAwayRedis(["key-load-delay 20000", "loading-process-events-interval-bytes 1024"])
        try await withCache(makeCache(redis.url)) { cache in
            try redis.tell("DEBUG", "POPULATE", "100", "key", "2000")
            let reload = try redis.begin(["-r", "1000", "DEBUG", "RELOAD"])

            #expect(await eventually { await asked(cache) != nil })
            #expect(await eventually { await cache.health() != .ok })
            redis.end(reload)
            #expect(await eventually { await cache.health() == .ok })
        }
    }

    @Test("A server that is not there is said at the start, and found when it comes")
    func absent() async throws {
        let redis = try await ThrowAwayRedis()
        redis.kill()
        let cache = try makeCache(redis.url)
        await #expect(throws: ModuleError.self) { try await cache.start() }

        try await redis.start()
        #expect(await eventually { await cache.health() == .ok })
        try await cache.start()
        await cache.stop()
    }

    /// What a look-up fails with; `nil` when it is answered.
    private func asked(_ cache: RedisCacheModule) async -> RedisError? {
        do {
            _ = try await cache.lookUp("k", tags: [.account("acc-1")])
            return nil
        } catch {
            return error as? RedisError
        }
    }

    private func entry(_ cache: RedisCacheModule) -> CacheEntry {
        CacheEntry(
            body: [], etag: "", tags: [], stamp: CacheStamp(versions: [1]), storedAt: cache.clock.now,
            freshUntil: cache.clock.now + .seconds(1), staleUntil: cache.clock.now + .seconds(1))
    }
}
