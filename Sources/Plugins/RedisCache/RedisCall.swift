import NIOCore

/// Commands sent together, the replies that have come, and who waits for them. Their bytes travel on their own.
struct RedisCall: Sendable {
    /// Who is told, once.
    private enum Waiter: Sendable {
        /// A task that waits for one reply: no closure and no array are made for it.
        case task(UnsafeContinuation<Result<RedisReply, RedisError>, Never>)
        case closure(@Sendable (Result<[RedisReply], RedisError>) -> Void)
    }

    /// How many replies the commands get.
    let repliesTotal: Int
    let limit: Duration
    let deadline: NIODeadline
    private var replies: [RedisReply] = []
    /// `nil` once told. The replies that come after that still belong to this call.
    private var waiter: Waiter?

    /// - Parameter limit: How long the replies may take.
    init(
        repliesTotal: Int,
        within limit: Duration,
        whenDone: @escaping @Sendable (Result<[RedisReply], RedisError>) -> Void
    ) {
        self.init(repliesTotal, limit, .closure(whenDone))
    }

    /// - Parameter continuation: Resumed once, whatever happens: with the reply, at the deadline or when the connection ends.
    init(within limit: Duration, _ continuation: UnsafeContinuation<Result<RedisReply, RedisError>, Never>) {
        self.init(1, limit, .task(continuation))
    }

    private init(_ repliesTotal: Int, _ limit: Duration, _ waiter: Waiter) {
        self.repliesTotal = repliesTotal
        self.limit = limit
        deadline = .now() + TimeAmount(limit)
        self.waiter = waiter
    }

    var isWaitedFor: Bool { waiter != nil }

    /// - Returns: Whether that was the last reply.
    mutating func take(_ reply: RedisReply) -> Bool {
        if case .task(let continuation) = waiter {
            waiter = nil
            continuation.resume(returning: .success(reply))
            return true
        }
        replies.append(reply)
        guard replies.count == repliesTotal else { return false }
        if case .closure(let whenDone) = waiter { whenDone(.success(replies)) }
        waiter = nil
        return true
    }

    mutating func fail(_ error: RedisError) {
        switch waiter {
        case .task(let continuation): continuation.resume(returning: .failure(error))
        case .closure(let whenDone): whenDone(.failure(error))
        case nil: return
        }
        waiter = nil
    }
}
