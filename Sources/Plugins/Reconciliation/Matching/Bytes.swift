/// A text as UTF-8, lent for the time of a call.
typealias Bytes = Slice<UnsafeBufferPointer<UInt8>>

extension String {
    /// Lends the text's bytes without copying them.
    @inline(__always)
    func withBytes<Result>(_ body: (Bytes) -> Result) -> Result {
        if let result = utf8.withContiguousStorageIfAvailable({ body($0[...]) }) { return result }
        return Array(utf8).withUnsafeBufferPointer { body($0[...]) }
    }
}

extension Bytes {
    /// Eight bytes at a time.
    @inline(__always)
    func hasSameBytes(as other: Bytes) -> Bool {
        let (one, two) = (UnsafeRawBufferPointer(rebased), UnsafeRawBufferPointer(other.rebased))
        guard one.count == two.count else { return false }
        var offset = 0
        while offset + 8 <= one.count {
            guard
                one.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
                    == two.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            else { return false }
            offset += 8
        }
        while offset < one.count {
            guard one[offset] == two[offset] else { return false }
            offset += 1
        }
        return true
    }

    private var rebased: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(rebasing: self) }
}
