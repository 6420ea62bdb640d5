import NIOCore
import NIOHTTP1

/// Closes connections that are idle, that read too slowly, or that are done while the host stops.
///
/// Also turns byte buffers into the encoder's parts, so that the exchange above it deals with sendable values only.
final class ConnectionGuard: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPPart<HTTPResponseHead, ByteBuffer>
    typealias OutboundOut = HTTPServerResponsePart

    private let limits: HTTPLimits
    private var lifetime: ConnectionLifetime
    private var idleCheck: Scheduled<Void>?
    private var writeTimer: Scheduled<Void>?
    private var lingerTimer: Scheduled<Void>?
    /// Whether the output is to be closed once everything is on its way.
    private var isClosingOutput = false
    /// `nil` outside of a connection.
    private var context: ChannelHandlerContext?

    init(limits: HTTPLimits) {
        self.limits = limits
        lifetime = ConnectionLifetime(idleTimeout: TimeAmount(limits.idleTimeout), openedAt: .now())
    }

    /// Whether a request that comes now can be answered before anything else is.
    var isFree: Bool { lifetime.isFree }

    /// Whether the connection is to end with the answer under way.
    var isQuiescing: Bool { lifetime.isQuiescing }

    /// Requests were answered as soon as they were read, before they came here.
    func answeredAtHand() { lifetime.answeredAtHand(at: .now()) }

    /// A request whose answer is not at hand is under way without having come here; ``answer(_:_:)`` or
    /// ``answered(keepsAlive:)`` follows.
    func began() { lifetime.headRead() }

    /// The answer to a request that has not come here was written; it is sent.
    func answered(keepsAlive: Bool) {
        guard let context else { return }
        lifetime.headWritten(keepsAlive: keepsAlive)
        let action = lifetime.answerWritten(at: .now())
        context.flush()
        if action == .close || !keepsAlive { closeOutput(context) }
    }

    /// Sends the whole answer to a request that has not come here, as if it came from behind.
    func answer(_ head: HTTPResponseHead, _ body: [UInt8]) {
        guard let context else { return }
        send(.head(head), context, nil)
        if !body.isEmpty {
            send(.body(context.channel.allocator.buffer(bytes: body)), context, nil)
        }
        send(.end(nil), context, nil)
        context.flush()
        if !head.isKeepAlive { closeOutput(context) }
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        checkIdleness(at: lifetime.firstCheck, context)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        cancelTimers()
    }

    func channelInactive(context: ChannelHandlerContext) {
        cancelTimers()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .head = unwrapInboundIn(data) { lifetime.headRead() }
        context.fireChannelRead(data)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        writeTimer?.cancel()
        writeTimer = context.channel.isWritable ? nil : closeTimer(context, after: limits.writeTimeout)
        context.fireChannelWritabilityChanged()
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        send(unwrapOutboundIn(data), context, promise)
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        guard mode == .output else { return context.close(mode: mode, promise: promise) }
        closeOutput(context)
        promise?.succeed()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is ChannelShouldQuiesceEvent, lifetime.quiesce() == .close { closeOnceSent(context) }
        context.fireUserInboundEventTriggered(event)
    }

    private func send(_ part: OutboundIn, _ context: ChannelHandlerContext, _ promise: EventLoopPromise<Void>?) {
        switch part {
        case .head(let head):
            lifetime.headWritten(keepsAlive: head.isKeepAlive)
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .body(let buffer): context.write(wrapOutboundOut(.body(.byteBuffer(buffer))), promise: promise)
        case .end(let trailers): writeEnd(trailers, context, promise)
        }
    }

    private func writeEnd(
        _ trailers: HTTPHeaders?, _ context: ChannelHandlerContext, _ promise: EventLoopPromise<Void>?
    ) {
        let action = lifetime.answerWritten(at: .now())
        guard action == .close else {
            context.write(wrapOutboundOut(.end(trailers)), promise: promise)
            return perform(action, context)
        }
        context.writeAndFlush(wrapOutboundOut(.end(trailers)), promise: promise)
        closeOutput(context)
    }

    /// Closes at once, unless answers are still on their way into the socket: closing would drop them.
    private func closeOnceSent(_ context: ChannelHandlerContext) {
        let waiting = try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)
        if waiting == 0 { return context.close(promise: nil) }
        context.flush()
        closeOutput(context)
    }

    /// Half a close: the peer reads the whole answer, then the end, and closes itself or is closed by the exchange. One that
    /// does not read is closed after the time for that.
    ///
    /// Not before everything is on its way: to close the output of a connection whose other half is closed is to close all of
    /// it, and what is still to be sent would be dropped. What was flushed last is on its way when all of it is.
    private func closeOutput(_ context: ChannelHandlerContext) {
        guard !isClosingOutput else { return }
        isClosingOutput = true
        let patience = context.channel.isWritable ? limits.lingerTimeout : limits.writeTimeout
        lingerTimer = closeTimer(context, after: patience)
        context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(ByteBuffer())))).assumeIsolated().whenComplete { _ in
            context.close(mode: .output, promise: nil)
        }
    }

    private func perform(_ action: ConnectionLifetime.Action, _ context: ChannelHandlerContext) {
        switch action {
        case .none: break
        case .close: context.close(promise: nil)
        case .check(let deadline): checkIdleness(at: deadline, context)
        }
    }

    private func checkIdleness(at deadline: NIODeadline, _ context: ChannelHandlerContext) {
        idleCheck = context.eventLoop.assumeIsolated().scheduleTask(deadline: deadline) { [weak self] in
            guard let self else { return }
            self.perform(self.lifetime.check(at: .now()), context)
        }
    }

    private func closeTimer(_ context: ChannelHandlerContext, after timeout: Duration) -> Scheduled<Void> {
        context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(timeout)) { context.close(promise: nil) }
    }

    private func cancelTimers() {
        idleCheck?.cancel()
        writeTimer?.cancel()
        lingerTimer?.cancel()
        idleCheck = nil
        writeTimer = nil
        lingerTimer = nil
    }
}

@available(*, unavailable)
extension ConnectionGuard: Sendable {}
