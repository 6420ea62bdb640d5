import CHiredis

/// A reply of RESP2.
enum RedisReply: Sendable, Equatable {
    case status([UInt8])
    case error(String)
    case integer(Int64)
    case bulk([UInt8])
    case null
    case array([RedisReply])

    /// Copies what hiredis has read.
    init(_ reply: UnsafePointer<redisReply>) {
        switch reply.pointee.type {
        case REDIS_REPLY_STATUS: self = .status(RedisReply.bytes(of: reply))
        case REDIS_REPLY_ERROR: self = .error(String(decoding: RedisReply.bytes(of: reply), as: UTF8.self))
        case REDIS_REPLY_INTEGER: self = .integer(reply.pointee.integer)
        case REDIS_REPLY_STRING: self = .bulk(RedisReply.bytes(of: reply))
        case REDIS_REPLY_ARRAY:
            let elements = UnsafeBufferPointer(start: reply.pointee.element, count: reply.pointee.elements)
            self = .array(elements.map { element in element.map { RedisReply($0) } ?? .null })
        default: self = .null
        }
    }

    var bulk: [UInt8]? {
        if case .bulk(let bytes) = self { bytes } else { nil }
    }

    /// - Throws: ``RedisError/refused(_:)`` with the text of an error reply.
    func checked() throws(RedisError) -> RedisReply {
        if case .error(let text) = self { throw .refused(text) }
        return self
    }

    private static func bytes(of reply: UnsafePointer<redisReply>) -> [UInt8] {
        guard let start = reply.pointee.str else { return [] }
        return Array(UnsafeRawBufferPointer(start: start, count: reply.pointee.len))
    }
}
