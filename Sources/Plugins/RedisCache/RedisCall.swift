import NIOCore

/// Some commands sent together, the replies that have come, and who waits for them.
struct RedisCall: Sendable {
    /// The commands, one after the other.
    let bytes: [UInt8]
    /// How many replies they get.
    let repliesTotal: Int
    let limit: Duration
    let deadline: NIODeadline
    private var replies: [RedisReply] = []
    /// `nil` once somebody was told. The replies that come after that still belong to this call.
    private var whenDone: (@Sendable (Result<[RedisReply], RedisError>) -> Void)?

    /// - Parameter limit: How long the replies may take.
    init(
        _ commands: [RedisCommand],
        within limit: Duration,
        whenDone: @escaping @Sendable (Result<[RedisReply], RedisError>) -> Void
    ) {
        bytes = commands.count == 1 ? commands[0].bytes : commands.flatMap(\.bytes)
        repliesTotal = commands.count
        self.limit = limit
        deadline = .now() + TimeAmount(limit)
        self.whenDone = whenDone
    }

    var isWaitedFor: Bool { whenDone != nil }

    /// - Returns: Whether that was the last reply.
    mutating func take(_ reply: RedisReply) -> Bool {
        replies.append(reply)
        guard replies.count == repliesTotal else { return false }
        end(.success(replies))
        return true
    }

    mutating func fail(_ error: RedisError) { end(.failure(error)) }

    private mutating func end(_ result: Result<[RedisReply], RedisError>) {
        whenDone?(result)
        whenDone = nil
    }
}
