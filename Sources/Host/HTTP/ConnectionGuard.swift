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
    private var lifetime = ConnectionLifetime()
    private var idleTimer: Scheduled<Void>?
    private var writeTimer: Scheduled<Void>?

    init(limits: HTTPLimits) {
        self.limits = limits
    }

    func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { perform(lifetime.opened(), context) }
    }

    func handlerRemoved(context: ChannelHandlerContext) { cancelTimers() }

    func channelActive(context: ChannelHandlerContext) {
        perform(lifetime.opened(), context)
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        cancelTimers()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .head = unwrapInboundIn(data) { perform(lifetime.headRead(), context) }
        context.fireChannelRead(data)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        writeTimer?.cancel()
        writeTimer = context.channel.isWritable ? nil : closeTimer(context, after: limits.writeTimeout)
        context.fireChannelWritabilityChanged()
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(let head): context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .body(let buffer): context.write(wrapOutboundOut(.body(.byteBuffer(buffer))), promise: promise)
        case .end(let trailers): writeEnd(trailers, context, promise)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is ChannelShouldQuiesceEvent { perform(lifetime.quiesce(), context) }
        context.fireUserInboundEventTriggered(event)
    }

    private func writeEnd(
        _ trailers: HTTPHeaders?, _ context: ChannelHandlerContext, _ promise: EventLoopPromise<Void>?
    ) {
        let action = lifetime.answerWritten()
        guard action == .close else {
            context.write(wrapOutboundOut(.end(trailers)), promise: promise)
            return perform(action, context)
        }
        // Half a close: the peer reads the whole answer, then the end, and closes itself or is closed by the exchange.
        context.writeAndFlush(wrapOutboundOut(.end(trailers)), promise: promise)
        context.close(mode: .output, promise: nil)
        writeTimer?.cancel()
        writeTimer = closeTimer(context, after: limits.lingerTimeout)
    }

    private func perform(_ action: ConnectionLifetime.Action, _ context: ChannelHandlerContext) {
        switch action {
        case .none: break
        case .close: context.close(promise: nil)
        case .cancelIdleTimer:
            idleTimer?.cancel()
            idleTimer = nil
        case .startIdleTimer:
            idleTimer?.cancel()
            idleTimer = idleTimer(context)
        }
    }

    private func idleTimer(_ context: ChannelHandlerContext) -> Scheduled<Void> {
        context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(limits.idleTimeout)) { [weak self] in
            guard let self else { return }
            self.perform(self.lifetime.idleTimerFired(), context)
        }
    }

    private func closeTimer(_ context: ChannelHandlerContext, after timeout: Duration) -> Scheduled<Void> {
        context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(timeout)) { context.close(promise: nil) }
    }

    private func cancelTimers() {
        idleTimer?.cancel()
        writeTimer?.cancel()
        idleTimer = nil
        writeTimer = nil
    }
}

@available(*, unavailable)
extension ConnectionGuard: Sendable {}
