import NIOCore

/// The last handler of a connection: sends what is in the inbox, reads replies with hiredis, and gives each to the call whose
/// turn it is. Redis answers in the order it was asked.
final class RedisChannelHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let inbox: RedisInbox
    private let reader: RedisReplyReader
    /// Takes what is published; `nil` on a connection that subscribes to nothing.
    private let onMessage: (@Sendable (ArraySlice<UInt8>) -> Void)?
    private let onEnd: @Sendable () -> Void
    private var context: ChannelHandlerContext?
    /// What was sent last.
    private var mail = RedisInbox.Mail()
    private var sent = CircularBuffer<RedisCall>()
    private var expiry: (timer: Scheduled<Void>, deadline: NIODeadline)?
    private var failure: RedisError?

    init(
        inbox: RedisInbox,
        reader: RedisReplyReader,
        onMessage: (@Sendable (ArraySlice<UInt8>) -> Void)?,
        onEnd: @escaping @Sendable () -> Void
    ) {
        self.inbox = inbox
        self.reader = reader
        self.onMessage = onMessage
        self.onEnd = onEnd
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    // MARK: Sending

    /// Sends everything in the inbox as one write.
    func drain() {
        inbox.takeAll(into: &mail)
        guard !mail.calls.isEmpty else { return }
        guard let context else { return mail.fail(failure ?? .disconnected("it is closed")) }
        sent.append(contentsOf: mail.calls)
        context.writeAndFlush(wrapOutboundOut(mail.bytes), promise: nil)
        if let first = mail.calls.lazy.map(\.deadline).min() { scheduleExpiry(at: first) }
    }

    // MARK: Receiving

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = unwrapInboundIn(data)
        var answeredTotal = 0
        defer { inbox.close(answeredTotal) }
        do throws(RedisError) {
            try buffer.withUnsafeReadableBytes { bytes throws(RedisError) in
                try reader.read(bytes) { reply in answeredTotal += take(reply) ? 1 : 0 }
            }
        } catch {
            end(error)
        }
    }

    /// - Returns: Whether a call has all its replies now.
    private func take(_ reply: RedisReply) -> Bool {
        if let onMessage, case .array(let parts) = reply, parts.count == 3,
            parts[0] == .bulk(Array("message".utf8)[...])
        {
            if case .bulk(let payload) = parts[2] { onMessage(payload) }
            return false
        }
        guard !sent.isEmpty else {
            end(.disconnected("it answered without being asked"))
            return false
        }
        guard sent[sent.startIndex].take(reply) else { return false }
        sent.removeFirst()
        return true
    }

    // MARK: Deadlines

    /// One timer, at the earliest deadline: most calls are answered long before it.
    private func scheduleExpiry(at deadline: NIODeadline) {
        guard let context else { return }
        if let expiry {
            guard deadline < expiry.deadline else { return }
            expiry.timer.cancel()
        }
        expiry = (context.eventLoop.assumeIsolated().scheduleTask(deadline: deadline) { self.expire() }, deadline)
    }

    private func expire() {
        expiry = nil
        let now = NIODeadline.now()
        var next: NIODeadline?
        for index in sent.indices where sent[index].isWaitedFor {
            if sent[index].deadline <= now {
                sent[index].fail(.timedOut(sent[index].limit))
            } else {
                next = min(next ?? sent[index].deadline, sent[index].deadline)
            }
        }
        if let next { scheduleExpiry(at: next) }
    }

    // MARK: The end

    func errorCaught(context: ChannelHandlerContext, error: any Error) { end(.disconnected("\(error)")) }

    func channelInactive(context: ChannelHandlerContext) {
        let reason = failure ?? .disconnected("Redis closed it")
        expiry?.timer.cancel()
        let unsent = inbox.finish(reason)
        let calls = Array(sent) + unsent
        sent = []
        for var call in calls { call.fail(reason) }
        onEnd()
        context.fireChannelInactive()
    }

    /// Closes the connection for a reason that everybody who waits is told.
    func end(_ reason: RedisError) {
        if failure == nil { failure = reason }
        context?.close(promise: nil)
    }
}
