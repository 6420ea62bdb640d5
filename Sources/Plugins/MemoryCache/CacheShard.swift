import PluginAPI

/// A part of the cache's keys and its share of the bytes, with S3-FIFO eviction.
///
/// ```
/// new key ──► probation (a tenth) ──asked for again──► main ──not asked for──► gone
///                   └──not asked for──► ghost (hash only) ──stored again──► main
/// ```
/// A scan of keys that are asked for once passes through the probation queue and leaves the main one alone.
struct CacheShard {
    private enum Standing {
        case probation, main
    }

    private struct Node {
        var entry: CacheEntry
        var bytes: Int
        var standing: Standing
        /// Names the node's place in its queue; a place with another number is no longer anybody's.
        var place: UInt64
        /// How often it was asked for since it was queued, 0…3.
        var hits: UInt8 = 0
        /// The tags' counter when the entry was last known to be current.
        var checkedAt: UInt64
    }

    /// What an entry costs beyond its bytes: node, dictionary slot, array headers, and its places in queue and ghost.
    private static let overheadBytes = 512

    private let bytesMax: Int
    private var nodes: [CacheKey: Node] = [:]
    private var probation = PlaceQueue()
    private var main = PlaceQueue()
    private var probationBytes = 0
    private var ghost = GhostQueue()
    private var lastPlace: UInt64 = 0
    private(set) var bytes = 0
    private(set) var evictions = 0

    init(bytesMax: Int) {
        self.bytesMax = bytesMax
    }

    var entriesTotal: Int { nodes.count }

    /// The entry, unless its stale limit has passed or a tag of it has been bumped; then it goes.
    mutating func entry(for key: CacheKey, at now: Timestamp, tags: TagVersions) -> CacheEntry? {
        guard let index = nodes.index(forKey: key) else { return nil }
        let node = nodes.values[index]
        let counter = tags.current
        guard node.entry.staleUntil > now, node.checkedAt == counter || tags.isCurrent(node.entry) else {
            discard(key, node)
            return nil
        }
        nodes.values[index].checkedAt = counter
        nodes.values[index].hits = min(3, node.hits + 1)
        return node.entry
    }

    /// Keeps an entry, in the place of an older one under the key, and makes room for it.
    mutating func store(_ entry: CacheEntry, for key: CacheKey, checkedAt: UInt64) {
        let size = CacheShard.bytes(of: entry, key)
        // One answer must not push out most of the others.
        guard size <= bytesMax / 4 else { return remove(key) }
        if let old = nodes[key] {
            nodes[key]?.entry = entry
            nodes[key]?.bytes = size
            nodes[key]?.checkedAt = checkedAt
            count(size - old.bytes, old.standing)
        } else {
            let standing: Standing = ghost.remove(key.hash) ? .main : .probation
            nodes[key] = Node(entry: entry, bytes: size, standing: standing, place: 0, checkedAt: checkedAt)
            count(size, standing)
            queue(key, standing)
        }
        while bytes > bytesMax { evictOne() }
    }

    mutating func remove(_ key: CacheKey) {
        guard let node = nodes.removeValue(forKey: key) else { return }
        count(-node.bytes, node.standing)
    }

    mutating func removeAll() {
        let evictions = evictions
        self = CacheShard(bytesMax: bytesMax)
        self.evictions = evictions
    }

    func keys(matching glob: Glob, limit: Int, at now: Timestamp, tags: TagVersions) -> [String] {
        var found: [String] = []
        for (key, node) in nodes where glob.matches(key.text) {
            guard found.count < limit else { break }
            if node.entry.staleUntil > now, tags.isCurrent(node.entry) { found.append(key.text) }
        }
        return found
    }

    private static func bytes(of entry: CacheEntry, _ key: CacheKey) -> Int {
        entry.tags.reduce(key.text.utf8.count + entry.body.count + entry.etag.utf8.count + overheadBytes) { sum, tag in
            sum + tag.kind.utf8.count + tag.id.utf8.count + MemoryLayout<CacheTag>.stride
        }
    }

    /// Takes out an entry nobody may see again; a key that has earned its standing keeps it for its next answer.
    private mutating func discard(_ key: CacheKey, _ node: Node) {
        remove(key)
        if node.standing == .main || node.hits > 0 { ghost.insert(key.hash, keysMax: ghostKeysMax) }
    }

    // MARK: - Eviction

    private var ghostKeysMax: Int { max(64, nodes.count) }

    private mutating func evictOne() {
        if probationBytes * 10 > bytesMax || main.isEmpty { evictFromProbation() } else { evictFromMain() }
    }

    private mutating func evictFromProbation() {
        guard let place = probation.popFirst(), let node = nodes[place.key], node.place == place.number else { return }
        if node.hits > 0 {
            probationBytes -= node.bytes
            nodes[place.key]?.standing = .main
            nodes[place.key]?.hits = 0
            queue(place.key, .main)
        } else {
            evict(place.key)
            ghost.insert(place.key.hash, keysMax: ghostKeysMax)
        }
    }

    private mutating func evictFromMain() {
        guard let place = main.popFirst(), let node = nodes[place.key], node.place == place.number else { return }
        guard node.hits > 0 else { return evict(place.key) }
        nodes[place.key]?.hits -= 1
        queue(place.key, .main)
    }

    private mutating func evict(_ key: CacheKey) {
        remove(key)
        evictions += 1
    }

    private mutating func count(_ change: Int, _ standing: Standing) {
        bytes += change
        if standing == .probation { probationBytes += change }
    }

    private mutating func queue(_ key: CacheKey, _ standing: Standing) {
        lastPlace += 1
        nodes[key]?.place = lastPlace
        let place = PlaceQueue.Place(key: key, number: lastPlace)
        switch standing {
        case .probation:
            probation.append(place)
            if probation.isWorthTidying(for: nodes.count) { probation.keep { nodes[$0.key]?.place == $0.number } }
        case .main:
            main.append(place)
            if main.isWorthTidying(for: nodes.count) { main.keep { nodes[$0.key]?.place == $0.number } }
        }
    }
}
