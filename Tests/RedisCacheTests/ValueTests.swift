import PluginAPI
import Testing

@testable import RedisCache

@Suite("Redis cache: values")
struct ValueTests {
    @Test("Three time-outs in a row open the breaker, and only a probe in time closes it")
    func breaker() {
        var breaker = CircuitBreaker()
        breaker.timedOut("slow")
        breaker.timedOut("slow")
        breaker.answered()
        breaker.timedOut("slow")
        breaker.timedOut("slow")
        #expect(breaker.reason == nil)

        breaker.timedOut("slow")
        #expect(breaker.reason == "slow")
        breaker.answered()
        breaker.probed(isInTime: false, "still slow")
        #expect(breaker.reason == "slow")

        breaker.probed(isInTime: true, "")
        #expect(breaker.reason == nil)
    }

    @Test("An invalidation owed while older ones are delivered stays owed")
    func debts() {
        var owed = OwedInvalidations()
        owed.add([.account("a"), .account("b")])
        let (tags, number) = owed.all
        owed.add([.account("b")])

        owed.settle(upTo: number)

        #expect(Set(tags) == [.account("a"), .account("b")])
        #expect(owed.all.tags == [.account("b")])
    }

    @Test("Beyond its bound all that is owed is one invalidation of everything")
    func debtsBounded() {
        var owed = OwedInvalidations()
        for index in 0...OwedInvalidations.tagsMax { owed.add([.account("a-\(index)")]) }
        #expect(owed.all.tags == [.everything])
    }

    @Test("Bytes that are no entry are a miss, cut anywhere")
    func foreignBytes() {
        let entry = CacheEntry(
            status: 404, body: [1, 2, 3], etag: "\"x\"", tags: [.user("ann"), .everything],
            stamp: CacheStamp(versions: [1, .max, 3]), storedAt: Timestamp(microseconds: 0),
            freshUntil: Timestamp(seconds: 1), staleUntil: Timestamp(seconds: 2))
        let bytes = StoredEntry.encode(entry)

        #expect(StoredEntry.decode(bytes[...]) == entry)
        // What it is expected to have never becomes what it has.
        let others = entry.tags.map { CacheTag(kind: $0.kind, id: String($0.id.reversed())) }
        for expected in [entry.tags, others, Array(entry.tags.dropLast()), entry.tags + [.everything]] {
            #expect(StoredEntry.decode(bytes[...], expecting: expected) == entry)
        }
        for length in 0..<(bytes.count - entry.body.count) {
            #expect(StoredEntry.decode(bytes.prefix(length)) == nil)
        }
        #expect(StoredEntry.decode(Array("hello".utf8)[...]) == nil)
    }

    @Test(
        "An entry whose times are not in order, or that later times could not be counted from, is a miss",
        arguments: [
            (.min, 1, 2), (-1, 1, 2), (5, 4, 9), (5, 9, 8), (5, 9, .max), (.max, .max, .max), (.min, .min, .min),
            (0, -1, .max),
        ] as [(Int64, Int64, Int64)])
    func times(stored: Int64, fresh: Int64, stale: Int64) {
        var entry = ValueTests.entry()
        entry.storedAt = Timestamp(microseconds: stored)
        entry.freshUntil = Timestamp(microseconds: fresh)
        entry.staleUntil = Timestamp(microseconds: stale)
        #expect(StoredEntry.decode(StoredEntry.encode(entry)[...]) == nil)
    }

    @Test(
        "An entry whose tag is no quoted one is a miss: it would stand in an answer's head as it is",
        arguments: [
            "\"a\"\r\nSet-Cookie: b=\"c\"", "\"a\r\n\"", "\"a\n\"", "\"a b\"", "\"a\"b\"", "\"a\u{7F}\"", "\"a\u{0}\"",
            "a", "\"", "\"a", "a\"", "", "W/\"a\"",
        ])
    func foreignTags(tag: String) {
        #expect(StoredEntry.decode(StoredEntry.encode(ValueTests.entry(etag: tag))[...]) == nil)
    }

    @Test("An entry that is used is one the host writes", arguments: [0, 99, 199, 600, 5_000, 65_535])
    func foreignStatus(status: Int) {
        #expect(StoredEntry.decode(StoredEntry.encode(ValueTests.entry(status: status))[...]) == nil)
    }

    @Test(
        "What the host writes comes back",
        arguments: [
            (200, "\"\""), (200, "\"0123456789abcdef0123456789abcdef\""), (200, "\"!#~größe\""), (404, ""),
            (422, "\"a\""),
        ])
    func ownTags(status: Int, tag: String) {
        for moment in [0, 1_767_600_000_000_000] as [Int64] {
            var entry = ValueTests.entry(status: status, etag: tag)
            // An answer that is not served stale, and one that is not even fresh.
            (entry.storedAt, entry.freshUntil, entry.staleUntil) = (
                Timestamp(microseconds: moment), Timestamp(microseconds: moment), Timestamp(microseconds: moment)
            )
            #expect(StoredEntry.decode(StoredEntry.encode(entry)[...]) == entry)
            entry.staleUntil = entry.staleUntil + .seconds(1_000 * 366 * 86_400)
            #expect(StoredEntry.decode(StoredEntry.encode(entry)[...]) == entry)
        }
    }

    private static func entry(status: Int = 200, etag: String = "\"x\"") -> CacheEntry {
        CacheEntry(
            status: status, body: [1], etag: etag, tags: [], stamp: CacheStamp(versions: [1]),
            storedAt: Timestamp(seconds: 1), freshUntil: Timestamp(seconds: 2), staleUntil: Timestamp(seconds: 3))
    }

    @Test("A notice comes back as it was sent, and other bytes are none")
    func notice() {
        let notice = InvalidationNotice(sender: 7, tags: [.account("a"), .everything])
        #expect(InvalidationNotice(notice.bytes[...]) == notice)
        #expect(InvalidationNotice((notice.bytes + [0])[...]) == nil)
        #expect(InvalidationNotice([1, 2]) == nil)
    }

    @Test("Reading asks for the entry, then for the version of everything and of each tag")
    func reading() {
        let keys = RedisKeys(prefix: "concord_")
        let tags = [CacheTag.account("acc-1"), .everything, CacheTag(kind: "module", id: "größe")]
        let versions = ["concord_tag:*", "concord_tag:account:acc-1", "concord_tag:*", "concord_tag:module:größe"]

        #expect(keys.reading("1:a", versionsOf: tags) == command(["MGET", "concord_1:a"] + versions))
        #expect(keys.reading(nil, versionsOf: tags) == command(["MGET"] + versions))
        #expect(tags.map { String(decoding: keys.tag($0), as: UTF8.self) } == Array(versions.dropFirst()))
    }

    private func command(_ words: [String]) -> RedisCommand { RedisCommand(words.map { Array($0.utf8) }) }

    @Test("A prefix with characters of patterns matches only itself")
    func pattern() {
        #expect(RedisKeys(prefix: "a*[b]_").pattern == "a\\*\\[b\\]_*")
    }
}
