import MemoryBytes
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

    /// An object, because a dictionary's slots are up to eight thirds of what is in them, and move when it grows.
    private final class Node {
        var entry: CacheEntry
        var bytes: Int
        var standing: Standing
        /// Names the node's place in its queue; a place with another number is no longer anybody's.
        var place: UInt64 = 0
        /// How often it was asked for since it was queued, 0…3.
        var hits: UInt8 = 0
        /// The tags' counter when the entry was last known to be current.
        var checkedAt: UInt64

        init(entry: CacheEntry, bytes: Int, standing: Standing, checkedAt: UInt64) {
            self.entry = entry
            self.bytes = bytes
            self.standing = standing
            self.checkedAt = checkedAt
        }

        /// What one takes of memory, its entry included.
        static let bytes =
            MemoryBytes.object(fields: MemoryLayout<CacheEntry>.stride + 5 * MemoryLayout<UInt64>.stride)
            + CacheEntry.objectBytes
    }

    /// What each entry takes whatever is in it: node, slot, and its places in queue and ghost, all of which may hold twice
    /// what is taken and be twice as large as what they hold.
    static let bytesEach =
        Node.bytes + MemoryBytes.slot(CacheKey.self, Node.self)
        + 4 * MemoryLayout<PlaceQueue.Place>.stride
        + 4 * MemoryLayout<Int>.stride + MemoryBytes.slot(Int.self, Void.self)

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
        guard let node = nodes[key] else { return nil }
        let counter = tags.current
        guard node.entry.staleUntil > now, node.checkedAt == counter || tags.isCurrent(node.entry) else {
            discard(key, node)
            return nil
        }
        node.checkedAt = counter
        node.hits = min(3, node.hits + 1)
        return node.entry
    }

    /// Keeps an entry, in the place of an older one under the key, and makes room for it.
    mutating func store(_ entry: CacheEntry, for key: CacheKey, checkedAt: UInt64) {
        let size = CacheShard.bytes(of: entry, key)
        // One answer must not push out most of the others.
        guard size <= bytesMax / 4 else { return remove(key) }
        if let old = nodes[key] {
            count(size - old.bytes, old.standing)
            old.entry = entry
            old.bytes = size
            old.checkedAt = checkedAt
        } else {
            let standing: Standing = ghost.remove(key.hash) ? .main : .probation
            nodes[key] = Node(entry: entry, bytes: size, standing: standing, checkedAt: checkedAt)
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
        bytesEach + MemoryBytes.outside(key.text) + entry.bytesOutside
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
            node.standing = .main
            node.hits = 0
            queue(place.key, .main)
        } else {
            evict(place.key)
            ghost.insert(place.key.hash, keysMax: ghostKeysMax)
        }
    }

    private mutating func evictFromMain() {
        guard let place = main.popFirst(), let node = nodes[place.key], node.place == place.number else { return }
        guard node.hits > 0 else { return evict(place.key) }
        node.hits -= 1
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
