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
