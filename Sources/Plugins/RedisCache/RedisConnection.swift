import NIOCore

/// One connection, shared by every task: calls made at the same time travel together.
final class RedisConnection: Sendable {
    /// Says which run of which server this is: what another run has kept is not to be trusted.
    let run: UInt64
    private let line: RedisLine

    init(_ line: RedisLine, run: UInt64) {
        self.line = line
        self.run = run
    }

    var isOpen: Bool { line.inbox.end == nil }

    func send(_ commands: [RedisCommand], within limit: Duration) async throws(RedisError) -> [RedisReply] {
        try await line.send(commands, within: limit)
    }

    func answer(to command: RedisCommand, within limit: Duration) async -> Result<RedisReply, RedisError> {
        await withUnsafeContinuation { continuation in line.post(RedisCall(within: limit, continuation), [command]) }
    }

    /// Sends without anybody waiting.
    func post(
        _ command: RedisCommand,
        within limit: Duration,
        whenDone: @escaping @Sendable (Result<[RedisReply], RedisError>) -> Void
    ) {
        line.post(RedisCall(repliesTotal: 1, within: limit, whenDone: whenDone), [command])
    }

    func close(_ reason: RedisError) { line.close(reason) }

    /// Returns when the connection has ended. - Returns: Why.
    func ended() async -> RedisError {
        await line.ended()
        return line.inbox.end ?? .disconnected("closed")
    }
}

/// A channel with its inbox, before anybody has said who they are.
struct RedisLine: Sendable {
    let channel: any Channel
    let inbox: RedisInbox
    private let handler: NIOLoopBound<RedisChannelHandler>

    /// - Precondition: Called on the channel's event loop.
    init(channel: any Channel, inbox: RedisInbox, handler: RedisChannelHandler) {
        self.channel = channel
        self.inbox = inbox
        self.handler = NIOLoopBound(handler, eventLoop: channel.eventLoop)
    }

    func send(_ commands: [RedisCommand], within limit: Duration) async throws(RedisError) -> [RedisReply] {
        let result: Result<[RedisReply], RedisError> = await withCheckedContinuation { continuation in
            let call = RedisCall(repliesTotal: commands.count, within: limit) { continuation.resume(returning: $0) }
            post(call, commands)
        }
        return try result.get()
    }

    func post(_ call: RedisCall, _ commands: [RedisCommand]) {
        do {
            guard try inbox.append(call, commands) else { return }
            channel.eventLoop.execute { [handler] in handler.value.drain() }
        } catch {
            var refused = call
            refused.fail(error)
        }
    }

    func close(_ reason: RedisError) {
        channel.eventLoop.execute { [handler] in handler.value.end(reason) }
    }

    func ended() async {
        try? await channel.closeFuture.get()
    }
}
