import PluginAPI
import Testing

@Suite("Entries of caches")
struct CacheEntryTests {
    private static let entry = CacheEntry(
        body: [1, 2], etag: "\"a\"", tags: [.user("ann")], stamp: CacheStamp(versions: [7]),
        storedAt: Timestamp(microseconds: 1), freshUntil: Timestamp(microseconds: 9),
        staleUntil: Timestamp(microseconds: 5))

    @Test("An entry is kept at least for as long as it is fresh")
    func stale() {
        #expect(Self.entry.status == 200 && Self.entry.staleUntil == Timestamp(microseconds: 9))
    }

    @Test(
        "What is changed about a copy is changed there alone",
        arguments: [
            { $0.status = 404 }, { $0.body.append(3) }, { $0.etag = "\"b\"" }, { $0.tags = [] },
            { $0.stamp.versions[0] += 1 }, { $0.storedAt = Timestamp(microseconds: 2) },
            { $0.freshUntil = Timestamp(microseconds: 2) }, { $0.staleUntil = Timestamp(microseconds: 20) },
        ] as [@Sendable (inout CacheEntry) -> Void])
    func copies(change: @Sendable (inout CacheEntry) -> Void) {
        let entry = Self.entry
        var copy = entry
        #expect(copy == entry)

        change(&copy)

        #expect(copy != entry && entry.body == [1, 2] && entry.status == 200 && entry.stamp.versions == [7])
        var other = Self.entry
        change(&other)
        #expect(copy == other)
    }
}
