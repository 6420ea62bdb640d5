import CHiredis

/// Turns received bytes into replies, however they were split on the way; hiredis does the reading.
///
/// Bounded: an array has at most 65,536 elements and is nested at most seven deep, a line has at most 64 KiB, and a reply that
/// takes more than ``replyBytesMax`` before it is complete is refused. After an error the reader answers only that error.
final class RedisReplyReader {
    /// Far more than the largest entry.
    static let replyBytesMax = 64 << 20
    /// What is read is fed in pieces of so many bytes: hiredis moves what follows a reply to the front of its buffer.
    static let pieceBytes = 4_096
    /// hiredis looks for the end of a line from its beginning at every piece.
    private static let lineBytesMax = 64 << 10
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
        let waiting = reader.pointee.len - reader.pointee.pos
        if waiting + builder.incompleteBytes > bytesMax {
            throw .disconnected("a reply has more than \(bytesMax) bytes")
        }
        if waiting > Self.lineBytesMax, isInLine {
            throw .disconnected("a reply has a line of more than \(Self.lineBytesMax) bytes")
        }
    }

    /// Whether what waits is a line without its end; the bytes of a string follow a line that is short.
    private var isInLine: Bool {
        let waiting = UnsafeBufferPointer(start: reader.pointee.buf + reader.pointee.pos, count: 32)
        return openType != REDIS_REPLY_STRING || !waiting.contains(CChar(bitPattern: UInt8(ascii: "\n")))
    }

    /// The type of the item that is being read.
    private var openType: Int32 {
        withUnsafeBytes(of: reader.pointee.rstack) { stack in
            let task = Int(reader.pointee.ridx) * MemoryLayout<redisReadTask>.stride
            return stack.loadUnaligned(fromByteOffset: task, as: redisReadTask.self).type
        }
    }

    private var failure: RedisError {
        let text = withUnsafeBytes(of: reader.pointee.errstr) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        return .disconnected("its replies cannot be read: \(text)")
    }
}
