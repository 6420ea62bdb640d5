import Glibc
import PluginAPI

/// A key compared byte by byte, because Swift's strings are equal when they only look the same. Hashed once.
struct CacheKey: Hashable, Sendable {
    let text: String
    let hash: Int

    init(_ text: String) {
        var contiguous = text
        hash = contiguous.withUTF8 { bytes in
            var hasher = Hasher()
            hasher.combine(bytes: UnsafeRawBufferPointer(bytes))
            return hasher.finalize()
        }
        self.text = contiguous
    }

    func hash(into hasher: inout Hasher) { hasher.combine(hash) }

    static func == (left: CacheKey, right: CacheKey) -> Bool {
        left.hash == right.hash && isEqual(left.text.utf8, right.text.utf8)
    }

    /// In one go: byte by byte costs a hit more than finding its entry. Both are contiguous since `init`.
    private static func isEqual(_ left: String.UTF8View, _ right: String.UTF8View) -> Bool {
        left.withContiguousStorageIfAvailable { left in
            right.withContiguousStorageIfAvailable { right in
                guard left.count == right.count else { return false }
                guard let leftStart = left.baseAddress, let rightStart = right.baseAddress else { return true }
                return memcmp(leftStart, rightStart, left.count) == 0
            }
        } == true
    }
}
