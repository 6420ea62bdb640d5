import PluginAPI

extension CacheEntry {
    /// The entry with a body that takes no more memory than its bytes need.
    ///
    /// An array that grew while it was written has room for up to as much again, which the cache's bound does not count.
    var withoutSlack: CacheEntry {
        guard body.capacity > body.count + body.count / 8 + 64 else { return self }
        var entry = self
        entry.body = body.withUnsafeBufferPointer { Array($0) }
        return entry
    }
}
