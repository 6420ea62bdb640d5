import PluginAPI

/// The cache behind L1 as the query path sees it: counted, and never a reason for a request to fail.
///
/// An object, because every hit asks whether there is one.
final class SharedLayer: Sendable {
    let cache: any SharedCache
    private let keyPrefix: String

    /// - Parameter keyPrefix: What the host's keys begin with; the cache puts it there itself.
    init(_ cache: any SharedCache, keyPrefix: String) {
        self.cache = cache
        self.keyPrefix = keyPrefix
    }

    /// The module's ID: the label in metrics.
    var name: String { type(of: cache).descriptor.id }

    /// What the hosts have, and the stamp to share an answer under; neither when the cache does not answer.
    func lookUp(_ key: String, _ call: AuthorisedCall, now: Timestamp) async -> CacheLookUp {
        let meters = call.target.meters
        do {
            let found = try await cache.lookUp(withoutPrefix(key), tags: call.tags)
            meters.countShared(found.entry.map { now < $0.freshUntil ? .hit : .stale } ?? .miss)
            return found
        } catch {
            meters.countShared(.error)
            return CacheLookUp(entry: nil, stamp: nil)
        }
    }

    /// Shares an answer; nobody waits for that.
    func store(_ entry: CacheEntry, for key: String, stamp: CacheStamp) {
        var entry = entry
        entry.stamp = stamp
        cache.storeSoon(entry, for: withoutPrefix(key))
    }

    private func withoutPrefix(_ key: String) -> String { String(key.dropFirst(keyPrefix.count)) }
}
