/// Why Redis gave no answer. None of these is a client's business: the host carries on without the shared cache.
enum RedisError: Error, Equatable, CustomStringConvertible {
    /// No connection could be made.
    case unreachable(String)
    /// The connection ended before the reply came.
    case disconnected(String)
    /// No reply within this time.
    case timedOut(Duration)
    /// Too many commands wait for replies already.
    case overloaded
    /// Redis is not asked for now.
    case resting(String)
    /// Redis answered with an error; its text.
    case refused(String)
    /// What is there is not a single Redis server, or not Redis.
    case unsupported(String)

    var description: String {
        switch self {
        case .unreachable(let reason): "Redis cannot be reached: \(reason)"
        case .disconnected(let reason): "the connection to Redis is lost: \(reason)"
        case .timedOut(let limit): "Redis did not answer within \(limit)"
        case .overloaded: "too many commands wait for Redis"
        case .resting(let reason): reason
        case .refused(let text): "Redis refuses: \(text)"
        case .unsupported(let reason): reason
        }
    }
}
