import CZlib

/// Compression of bodies as RFC 1952 has it.
enum Gzip {
    /// zlib's own choice between time and size.
    private static let level: Int32 = 6
    /// The largest window, and the wrapper of RFC 1952 instead of zlib's.
    private static let windowBits: Int32 = 15 + 16
    private static let memoryLevel: Int32 = 8

    /// The compressed bytes, the same for the same input; `nil` when they would not be fewer, or there is no memory.
    static func compress(_ body: [UInt8]) -> [UInt8]? {
        guard body.count > 1, body.count < Int(UInt32.max) else { return nil }
        var stream = z_stream()
        let begun = deflateInit2_(
            &stream, level, Z_DEFLATED, windowBits, memoryLevel, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size))
        guard begun == Z_OK else { return nil }
        defer { deflateEnd(&stream) }
        var input = body
        let packed = [UInt8](unsafeUninitializedCapacity: body.count - 1) { output, count in
            input.withUnsafeMutableBufferPointer { input in
                stream.next_in = input.baseAddress
                stream.avail_in = UInt32(input.count)
                stream.next_out = output.baseAddress
                stream.avail_out = UInt32(output.count)
                // Anything but the end means that the output is full: as long as the input.
                count = deflate(&stream, Z_FINISH) == Z_STREAM_END ? Int(stream.total_out) : 0
            }
        }
        // Copied: the room was made for a body as long as the input, and what is kept is weighed by its bytes.
        return packed.isEmpty ? nil : packed.withUnsafeBufferPointer { Array($0) }
    }
}
