public import PluginAPI
import Synchronization

/// The cache in the host's own memory: bounded in bytes, resistant to scans, and without suspension.
///
/// Keys are spread over shards with a lock each; tags are versions of one counter, so that invalidating costs the same
/// however many entries depend on a tag.
public final class MemoryCacheModule: SynchronousCache {
    public static let descriptor = ModuleDescriptor(id: "memory", summary: "Cache in the host's own memory")

    public static let configuration = ConfigurationSpec([
        ConfigurationKey(
            "max_size", .size(1 << 20...1 << 40), default: "64MiB", reloadable: false,
            "What all entries together may occupy, keys and bookkeeping included.")
    ])

    /// Below this a shard is too small to keep answers of a usual size.
    private static let shardBytesMin = 4 << 20
    private static let shardsMax = 8

    private let maxSize: Int
    private let clock: any HostClock
    private let shards: [LockedShard]
    private let tags: TagVersions

    public convenience init(configuration: ModuleConfiguration, context: ModuleContext) throws(ModuleError) {
        self.init(maxSize: configuration.size("max_size"), clock: context.clock)
    }

    /// A cache for tests, which have no configuration.
    ///
    /// - Parameter maxSize: In bytes, for all entries together.
    public convenience init(maxSize: Int, clock: any HostClock) {
        self.init(maxSize: maxSize, clock: clock, tags: TagVersions())
    }

    init(maxSize: Int, clock: any HostClock, tags: TagVersions) {
        self.maxSize = maxSize
        self.clock = clock
        self.tags = tags
        let shardsTotal = min(max(1, maxSize / MemoryCacheModule.shardBytesMin), MemoryCacheModule.shardsMax)
        shards = (0..<shardsTotal).map { _ in LockedShard(bytesMax: maxSize / shardsTotal) }
    }

    // MARK: - Without suspension

    public func immediateStamp(for tags: [CacheTag]) -> CacheStamp {
        CacheStamp(versions: [self.tags.current])
    }

    public func immediateEntry(for key: String) -> CacheEntry? {
        let key = CacheKey(key)
        return shard(of: key).withLock { $0.entry(for: key, at: clock.now, tags: tags) }
    }

    public func immediateStore(_ entry: CacheEntry, for key: String) {
        let key = CacheKey(key)
        let checkedAt = tags.current
        guard tags.isCurrent(entry), entry.staleUntil > clock.now else { return }
        let entry = entry.withoutSlack
        shard(of: key).withLock { $0.store(entry, for: key, checkedAt: checkedAt) }
    }

    public func immediateInvalidate(_ tags: [CacheTag]) {
        self.tags.bump(tags)
    }

    public func keys(matching pattern: String, limit: Int) -> [String] {
        let glob = Glob(pattern)
        var found: [String] = []
        for shard in shards where found.count < limit {
            let now = clock.now
            found += shard.state.withLock { $0.keys(matching: glob, limit: limit - found.count, at: now, tags: tags) }
        }
        return found
    }

    public func remove(_ key: String) {
        let key = CacheKey(key)
        shard(of: key).withLock { $0.remove(key) }
    }

    // MARK: - CacheBackend

    public func stamp(for tags: [CacheTag]) async throws -> CacheStamp { immediateStamp(for: tags) }

    public func entry(for key: String) async throws -> CacheEntry? { immediateEntry(for: key) }

    public func store(_ entry: CacheEntry, for key: String) async throws { immediateStore(entry, for: key) }

    public func invalidate(_ tags: [CacheTag]) async throws { immediateInvalidate(tags) }

    /// Forgets every entry; answers that are being built now are not kept either.
    public func clear() async throws {
        tags.bumpEverything()
        for shard in shards { shard.state.withLock { $0.removeAll() } }
    }

    /// Exact for each shard. Entries that are out of date count until they are asked for or make room.
    public var immediateStatistics: CacheStatistics {
        var sum = CacheStatistics(entries: 0, bytes: 0, bytesMax: maxSize, evictions: 0, invalidations: tags.bumpsTotal)
        for shard in shards {
            shard.state.withLock { state in
                sum.entries += state.entriesTotal
                sum.bytes += state.bytes
                sum.evictions += state.evictions
            }
        }
        return sum
    }

    public var statistics: CacheStatistics { get async { immediateStatistics } }

    private func shard(of key: CacheKey) -> LockedShard {
        shards[Int(truncatingIfNeeded: key.hash.magnitude % UInt(shards.count))]
    }
}

/// A shard and its lock.
private final class LockedShard: Sendable {
    let state: Mutex<CacheShard>

    init(bytesMax: Int) {
        state = Mutex(CacheShard(bytesMax: bytesMax))
    }

    func withLock<Result>(_ body: (inout CacheShard) -> Result) -> Result where Result: Sendable {
        state.withLock { body(&$0) }
    }
}
