import CHiredis

/// Turns received bytes into replies, however they were split on the way; hiredis does the reading.
///
/// Bounded: an array has at most 65,536 elements and is nested at most seven deep, and a reply that is not complete after
/// ``replyBytesMax`` is refused. After an error the reader answers only that error.
final class RedisReplyReader {
    /// Far more than the largest entry.
    static let replyBytesMax = 64 << 20
    /// What is read is fed in pieces of so many bytes: hiredis moves what follows a reply to the front of its buffer.
    static let pieceBytes = 4_096
    /// How large a buffer hiredis keeps while nothing is in it.
    private static let keptBytesMax = 256 << 10

    private let reader: UnsafeMutablePointer<redisReader>
    private let functions: UnsafeMutablePointer<redisReplyObjectFunctions>
    private let builder = RedisReplyBuilder()
    private let bytesMax: Int

    /// - Returns: `nil` when there is no memory for one.
    init?(bytesMax: Int = RedisReplyReader.replyBytesMax) {
        guard let reader = redisReaderCreate() else { return nil }
        functions = .allocate(capacity: 1)
        functions.initialize(to: RedisReplyBuilder.functions)
        reader.pointee.fn = functions
        reader.pointee.privdata = Unmanaged.passUnretained(builder).toOpaque()
        reader.pointee.maxbuf = RedisReplyReader.keptBytesMax
        self.reader = reader
        self.bytesMax = bytesMax
    }

    deinit {
        redisReaderFree(reader)
        functions.deallocate()
    }

    /// Feeds all of `bytes`, and takes each reply that is complete then.
    func read(_ bytes: UnsafeRawBufferPointer, _ take: (RedisReply) -> Void) throws(RedisError) {
        builder.expect(bytes.count)
        defer { builder.takeComplete(take) }
        var rest = bytes[...]
        while !rest.isEmpty {
            try feed(UnsafeRawBufferPointer(rebasing: rest.prefix(RedisReplyReader.pieceBytes)))
            rest = rest.dropFirst(RedisReplyReader.pieceBytes)
        }
    }

    private func feed(_ bytes: UnsafeRawBufferPointer) throws(RedisError) {
        guard redisReaderFeed(reader, bytes.baseAddress, bytes.count) == REDIS_OK else { throw failure }
        var object: UnsafeMutableRawPointer?
        repeat {
            guard redisReaderGetReply(reader, &object) == REDIS_OK else { throw failure }
            if object != nil { builder.end() }
        } while object != nil
        let waiting = reader.pointee.len - reader.pointee.pos + builder.incompleteBytes
        if waiting > bytesMax { throw .disconnected("a reply has more than \(bytesMax) bytes") }
    }

    private var failure: RedisError {
        let text = withUnsafeBytes(of: reader.pointee.errstr) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        return .disconnected("its replies cannot be read: \(text)")
    }
}
