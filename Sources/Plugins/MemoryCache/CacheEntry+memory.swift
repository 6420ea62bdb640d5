import MemoryBytes
import PluginAPI

extension CacheEntry {
    /// The entry with a body that takes no more memory than its bytes need.
    ///
    /// An array that grew while it was written has room for up to as much again.
    var withoutSlack: CacheEntry {
        guard body.capacity > body.count + body.count / 8 + 64 else { return self }
        var entry = self
        entry.body = body.withUnsafeBufferPointer { Array($0) }
        return entry
    }

    /// What the object that copies of an entry share takes of memory.
    static let objectBytes = MemoryBytes.object(
        fields: MemoryLayout<Int>.stride + MemoryLayout<[UInt8]>.stride + MemoryLayout<String>.stride
            + MemoryLayout<[CacheTag]>.stride + MemoryLayout<CacheStamp>.stride + 3 * MemoryLayout<Timestamp>.stride)

    /// What body, name, tags and stamp take of memory beside the entry itself.
    var bytesOutside: Int {
        let arrays = MemoryBytes.outside(body) + MemoryBytes.outside(tags) + MemoryBytes.outside(stamp.versions)
        return tags.reduce(arrays + MemoryBytes.outside(etag)) {
            $0 + MemoryBytes.outside($1.kind) + MemoryBytes.outside($1.id)
        }
    }
}
