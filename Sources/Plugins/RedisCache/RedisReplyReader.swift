import CHiredis

/// Turns received bytes into replies, however they were split on the way; hiredis does the reading.
///
/// Bounded: an array has at most 65,536 elements and is nested at most seven deep, and a reply that is not complete after
/// ``replyBytesMax`` is refused. After an error the reader answers only that error.
final class RedisReplyReader {
    /// Far more than the largest entry.
    static let replyBytesMax = 64 << 20

    private let reader: UnsafeMutablePointer<concord_redis_reader>
    private let bytesMax: Int

    /// - Returns: `nil` when there is no memory for one.
    init?(bytesMax: Int = RedisReplyReader.replyBytesMax) {
        guard let reader = concord_redis_reader_create() else { return nil }
        self.reader = reader
        self.bytesMax = bytesMax
    }

    deinit { concord_redis_reader_free(reader) }

    func feed(_ bytes: UnsafeRawBufferPointer) throws(RedisError) {
        guard let start = bytes.baseAddress, !bytes.isEmpty else { return }
        guard redisReaderFeed(reader.pointee.reader, start, bytes.count) == REDIS_OK else { throw failure }
    }

    /// The next complete reply, or `nil` until more bytes have come.
    func next() throws(RedisError) -> RedisReply? {
        var object: UnsafeMutableRawPointer?
        guard redisReaderGetReply(reader.pointee.reader, &object) == REDIS_OK else { throw failure }
        guard let object else {
            let waiting = reader.pointee.reader.pointee.len - reader.pointee.reader.pointee.pos
            if waiting > bytesMax { throw .disconnected("a reply has more than \(bytesMax) bytes") }
            return nil
        }
        defer { freeReplyObject(object) }
        return RedisReply(object.assumingMemoryBound(to: redisReply.self))
    }

    private var failure: RedisError {
        let text = withUnsafeBytes(of: reader.pointee.reader.pointee.errstr) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        return .disconnected("its replies cannot be read: \(text)")
    }
}
