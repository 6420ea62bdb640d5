/// A reply of RESP2. Strings are slices of one piece of memory for everything read at once; who keeps one copies it.
enum RedisReply: Sendable, Equatable {
    case status(ArraySlice<UInt8>)
    case error(String)
    case integer(Int64)
    case bulk(ArraySlice<UInt8>)
    case null
    case array([RedisReply])

    var bulk: ArraySlice<UInt8>? {
        if case .bulk(let bytes) = self { bytes } else { nil }
    }

    /// - Throws: ``RedisError/refused(_:)`` with the text of an error reply.
    func checked() throws(RedisError) -> RedisReply {
        if case .error(let text) = self { throw .refused(text) }
        return self
    }
}
