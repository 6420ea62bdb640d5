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
        left.hash == right.hash && left.text.utf8.elementsEqual(right.text.utf8)
    }
}
