import CHiredis

/// Puts replies together while hiredis reads them, in place of the C objects that hiredis would make and we would copy.
///
/// The strings of all replies read together lie in one piece of memory: a reply is made on one thread and let go on another,
/// and every piece that wanders so costs both of them the allocator's lock.
final class RedisReplyBuilder {
    /// hiredis itself would reserve room for as many elements as a reply announces, before one of them has come.
    static let elementsMax = 65_536

    /// A value as it was read, an array before its elements.
    private enum Part {
        case status(Range<Int>)
        case bulk(Range<Int>)
        case error(String)
        case integer(Int64)
        case null
        case array(Int)

        mutating func move(by offset: Int) {
            switch self {
            case .status(let range): self = .status(range.lowerBound + offset..<range.upperBound + offset)
            case .bulk(let range): self = .bulk(range.lowerBound + offset..<range.upperBound + offset)
            case .error, .integer, .null, .array: break
            }
        }
    }

    /// Values of replies that were not taken yet.
    private var parts: [Part] = []
    private var bytes: [UInt8] = []
    /// Of errors that belong to no complete reply yet.
    private var errorBytes = 0
    /// How many of the parts, and of the bytes, belong to complete replies.
    private var complete = (parts: 0, bytes: 0)

    /// hiredis has come to the end of a reply.
    func end() {
        complete = (parts.count, bytes.count)
        errorBytes = 0
    }

    /// What a reply takes that is not complete yet.
    var incompleteBytes: Int {
        bytes.count - complete.bytes + errorBytes + (parts.count - complete.parts) * MemoryLayout<Part>.stride
    }

    /// The replies that are complete.
    func takeComplete(_ take: (RedisReply) -> Void) {
        guard complete.parts > 0 else { return }
        var index = 0
        while index < complete.parts { take(reply(&index)) }
        parts.removeSubrange(..<complete.parts)
        for index in parts.indices { parts[index].move(by: -complete.bytes) }
        bytes = Array(bytes[complete.bytes...])
        complete = (0, 0)
    }

    /// The value whose part is at `index`, which is past all its parts then.
    private func reply(_ index: inout Int) -> RedisReply {
        let part = parts[index]
        index += 1
        switch part {
        case .status(let range): return .status(bytes[range])
        case .bulk(let range): return .bulk(bytes[range])
        case .error(let text): return .error(text)
        case .integer(let number): return .integer(number)
        case .null: return .null
        case .array(let count):
            var elements: [RedisReply] = []
            elements.reserveCapacity(count)
            for _ in 0..<count { elements.append(reply(&index)) }
            return .array(elements)
        }
    }
}

// MARK: - What hiredis calls

extension RedisReplyBuilder {
    /// For a reader whose private data is the builder's address.
    static let functions = redisReplyObjectFunctions(
        createString: { task, start, count in
            RedisReplyBuilder.with(task) { $0.append(UnsafeRawBufferPointer(start: start, count: count), $1.type) }
        },
        createArray: { task, count in RedisReplyBuilder.with(task) { builder, _ in builder.append(count: Int(count)) }
        },
        createInteger: { task, number in RedisReplyBuilder.with(task) { builder, _ in builder.append(.integer(number)) }
        },
        createNil: { task in RedisReplyBuilder.with(task) { builder, _ in builder.append(.null) } },
        // There are no C objects to free.
        freeObject: { _ in })

    /// - Returns: The builder's address as the object made, which hiredis only passes on; `nil`, "out of memory" for hiredis,
    ///   where `append` refuses.
    private static func with(
        _ task: UnsafePointer<redisReadTask>?,
        _ append: (RedisReplyBuilder, redisReadTask) -> Bool
    ) -> UnsafeMutableRawPointer? {
        guard let task, let address = task.pointee.privdata else { return nil }
        let isTaken = Unmanaged<RedisReplyBuilder>.fromOpaque(address)._withUnsafeGuaranteedRef {
            append($0, task.pointee)
        }
        return isTaken ? address : nil
    }

    private func append(_ string: UnsafeRawBufferPointer, _ type: Int32) -> Bool {
        if type == REDIS_REPLY_ERROR {
            errorBytes += string.count
            return append(.error(String(decoding: string, as: UTF8.self)))
        }
        let start = bytes.count
        bytes.append(contentsOf: string)
        let range = start..<bytes.count
        return append(type == REDIS_REPLY_STATUS ? .status(range) : .bulk(range))
    }

    private func append(count: Int) -> Bool {
        count <= RedisReplyBuilder.elementsMax && append(.array(count))
    }

    private func append(_ part: Part) -> Bool {
        parts.append(part)
        return true
    }
}
