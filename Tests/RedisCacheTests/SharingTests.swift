import PluginAPI
import PluginTesting
import Synchronization
import Testing

@testable import RedisCache

@Suite("Redis cache: several hosts")
struct SharingTests {
    @Test("What one host stores another finds, and what one invalidates another finds no more")
    func shared() async throws {
        try await withTwo { one, other in
            try await one.store(try await one.makeEntry("shared"), for: "k")
            #expect(try await other.lookUp("k", tags: [.account("acc-1")]).entry?.body == Array("shared".utf8))

            try await other.invalidate([.account("acc-1")])
            #expect(try await one.entry(for: "k") == nil)
        }
    }

    @Test("A host hears of the tags that others invalidate, and not of its own")
    func heard() async throws {
        let heard = Notices()
        try await withTwo(listening: heard) { one, other in
            try await one.invalidate([.account("own")])
            try await other.invalidate([.account("a"), .user("u")])

            #expect(await eventually { heard.all.contains(.invalidated([.account("a"), .user("u")])) })
            #expect(!heard.all.contains(.invalidated([.account("own")])))
        }
    }

    @Test("A host that lost its subscription keeps nothing of its own for good, until it hears again")
    func subscriptionLost() async throws {
        let redis = try await ThrowAwayRedis()
        let heard = Notices()
        let cache = try makeCache(redis.url)
        cache.listen { heard.add($0) }
        try await withCache(cache) { cache in
            #expect(cache.isLocalCopyGood)
            #expect(heard.all == [.missed])
            try redis.tell("ACL", "SETUSER", "tester", "resetchannels")
            try redis.tell("CLIENT", "KILL", "TYPE", "pubsub")

            #expect(await eventually { heard.all.count == 2 })
            #expect(await eventually { cache.client.isAnswering && !cache.isLocalCopyGood })
            guard case .degraded(let reason) = await cache.health() else { throw MissingServer("not degraded") }
            #expect(reason.contains("not heard"))

            try redis.tell("ACL", "SETUSER", "tester", "allchannels")
            #expect(await eventually { await cache.health() == .ok })
            #expect(cache.isLocalCopyGood)
            #expect(heard.all == [.missed, .missed, .missed])
        }
    }

    @Test("A host that cannot connect again drops what it keeps once, not at every try")
    func droppedOnce() async throws {
        let redis = try await ThrowAwayRedis()
        let heard = Notices()
        let cache = try makeCache(redis.url)
        cache.listen { heard.add($0) }
        try await withCache(cache) { cache in
            redis.kill()
            try await redis.start(password: "second")

            #expect(await eventually { await cache.health() != .ok && cache.subscription.link.attempts >= 5 })
            #expect(heard.all == [.missed, .missed])
        }
    }

    @Test("A version that Redis has evicted makes entries go, and never come back")
    func evictedVersion() async throws {
        let redis = try await ThrowAwayRedis()
        try await withCache(makeCache(redis.url, prefix: "p_")) { cache in
            try await cache.store(try await cache.makeEntry(), for: "k")
            try redis.tell("DEL", "p_tag:account:acc-1")
            #expect(try await cache.entry(for: "k") == nil)

            _ = try await cache.stamp(for: [.account("acc-1")])
            #expect(try await cache.entry(for: "k") == nil)
        }
    }

    @Test("What another run of the server has kept is not believed")
    func restored() async throws {
        let redis = try await ThrowAwayRedis()
        try await withCache(makeCache(redis.url)) { cache in
            var entry = try await cache.makeEntry()
            entry.stamp.versions[0] ^= 1
            try await cache.store(entry, for: "k")
            #expect(try await cache.entry(for: "k") == nil)
        }
    }

    @Test("Keys lie under the prefix, expire with their entry, and are counted")
    func keys() async throws {
        let redis = try await ThrowAwayRedis()
        let gauges = SeenGauges()
        try await withCache(makeCache(redis.url, prefix: "p_", metrics: gauges)) { cache in
            try await cache.store(try await cache.makeEntry(), for: "1:k")

            let keys = try redis.tell("KEYS", "*").split(separator: "\n").sorted()
            #expect(keys == ["p_1:k", "p_tag:*", "p_tag:account:acc-1"])
            let life = Int(try redis.tell("PTTL", "p_1:k").split(separator: "\n").first ?? "")
            #expect((1...60_000).contains(life ?? 0))
            #expect(await eventually { gauges.value("redis_keys_total{db=0}") == 3 })
        }
    }

    @Test("No command that looks at every key is sent while answers are looked up, stored and invalidated")
    func commands() async throws {
        let redis = try await ThrowAwayRedis()
        try await withCache(makeCache(redis.url)) { cache in
            for index in 0..<50 {
                try await cache.store(try await cache.makeEntry(), for: "k-\(index)")
                _ = try await cache.lookUp("k-\(index)", tags: [.account("acc-1")])
                if index.isMultiple(of: 10) { try await cache.invalidate([.account("acc-1"), .everything]) }
            }
            let used = try redis.tell("INFO", "commandstats")
            for word in ["keys", "scan", "flushdb", "flushall"] { #expect(!used.contains("cmdstat_\(word):")) }
        }
    }

    private func withTwo(
        listening heard: Notices = Notices(),
        _ body: (RedisCacheModule, RedisCacheModule) async throws -> Void
    ) async throws {
        let prefix = "t\(UInt32.random(in: .min ... .max))_"
        let one = try makeCache(try TestServers.plain, prefix: prefix)
        one.listen { heard.add($0) }
        try await withCache(one) { one in
            try await withCache(makeCache(try TestServers.plain, prefix: prefix)) { try await body(one, $0) }
        }
    }
}

/// What a host was told.
final class Notices: Sendable {
    private let notices = Mutex<[CacheNotice]>([])

    var all: [CacheNotice] { notices.withLock { $0 } }

    func add(_ notice: CacheNotice) { notices.withLock { $0.append(notice) } }
}
