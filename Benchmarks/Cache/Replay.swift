import MemoryCache
import PluginAPI
import PluginTesting

/// One replay: the same requests to both, and what was found.
struct Replay {
    private let cache: MemoryCacheModule
    private var leastRecentlyUsed: LeastRecentlyUsed
    private let entry: CacheEntry
    private var asked = 0
    private var hits = (ours: 0, theirs: 0)

    /// - Parameters:
    ///   - room: Entries that both have room for.
    ///   - bodyBytes: Size of every answer.
    init(room: Int, bodyBytes: Int) async {
        let clock = ManualClock()
        entry = CacheEntry(
            body: [UInt8](repeating: 0x61, count: bodyBytes), etag: "\"0123456789abcdef\"",
            tags: [.account("acc-1")], stamp: CacheStamp(versions: [0]), storedAt: clock.now,
            freshUntil: clock.now + .seconds(3_600), staleUntil: clock.now + .seconds(3_600))
        let one = MemoryCacheModule(maxSize: 1 << 20, clock: clock)
        one.immediateStore(entry, for: Replay.name(of: 0))
        cache = MemoryCacheModule(maxSize: await one.statistics.bytes * room, clock: clock)
        leastRecentlyUsed = LeastRecentlyUsed(keysMax: room)
    }

    /// All as long, so that every entry takes as much.
    private static func name(of key: Int) -> String {
        let digits = String(key)
        return "concord_1:positions.open:u:user-" + String(repeating: "0", count: 12 - digits.count) + digits + ":"
    }

    mutating func ask(_ request: Trace.Request) {
        let name = Replay.name(of: request.key)
        let isHit = cache.immediateEntry(for: name) != nil
        if !isHit { cache.immediateStore(entry, for: name) }
        let isTheirs = leastRecentlyUsed.ask(for: request.key)
        // A scan's keys are new, so that nobody can have them.
        guard !request.isScan else { return }
        asked += 1
        if isHit { hits.ours += 1 }
        if isTheirs { hits.theirs += 1 }
    }

    /// Of the requests that belong to no scan.
    var hitRatio: Double { Double(hits.ours) / Double(max(1, asked)) }
    var hitRatioOfLRU: Double { Double(hits.theirs) / Double(max(1, asked)) }
}
