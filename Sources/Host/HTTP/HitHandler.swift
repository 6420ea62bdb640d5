import NIOCore
import NIOHTTP1
import PluginAPI

/// Answers requests whose answer is at hand on the event loop, before they come to the loop that answers one after another.
///
/// A request is answered here only while none is under way behind this handler, so that answers keep their order, and
/// while the client takes what it is sent. Everything else passes through untouched.
final class HitHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPPart<HTTPResponseHead, ByteBuffer>
    typealias OutboundOut = HTTPPart<HTTPResponseHead, ByteBuffer>

    private let connection: HTTPConnection
    private let peer: String
    /// A head that may be answered here once its request is complete.
    private var held: HTTPRequestHead?
    /// Requests that were passed on and are not answered yet.
    private var passedOn = 0
    private var hasWritten = false
    /// An answer has said that it is the connection's last.
    private var isOver = false

    init(connection: HTTPConnection, peer: String) {
        self.connection = connection
        self.peer = peer
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            if passedOn == 0, !isOver, context.channel.isWritable, !connection.drain.isDraining {
                held = head
            } else {
                pass(data, context)
            }
        case .end(nil):
            guard let head = held else { return context.fireChannelRead(data) }
            held = nil
            if let answer = connection.handler.immediate(head, peer: peer) {
                write(answer, to: head, context)
            } else {
                pass(wrapInboundOut(.head(head)), context)
                context.fireChannelRead(data)
            }
        case .body, .end:
            passHeld(context)
            context.fireChannelRead(data)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        // The rest of a request may be long in coming, and its time is measured behind this handler.
        passHeld(context)
        if hasWritten {
            hasWritten = false
            context.flush()
        }
        context.fireChannelReadComplete()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        passHeld(context)
        context.fireErrorCaught(error)
    }

    func channelInactive(context: ChannelHandlerContext) {
        passHeld(context)
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        passHeld(context)
        context.fireUserInboundEventTriggered(event)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(let head): if !head.isKeepAlive { isOver = true }
        case .body: break
        case .end: passedOn = max(0, passedOn - 1)
        }
        context.write(data, promise: promise)
    }

    private func passHeld(_ context: ChannelHandlerContext) {
        guard let head = held else { return }
        held = nil
        pass(wrapInboundOut(.head(head)), context)
    }

    /// Passes a head on.
    private func pass(_ head: NIOAny, _ context: ChannelHandlerContext) {
        passedOn += 1
        context.fireChannelRead(head)
    }

    private func write(_ answer: OutgoingAnswer, to request: HTTPRequestHead, _ context: ChannelHandlerContext) {
        let head = connection.head(of: answer, version: request.version, keepsAlive: true)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if !answer.body.isEmpty {
            context.write(wrapOutboundOut(.body(context.channel.allocator.buffer(bytes: answer.body))), promise: nil)
        }
        context.write(wrapOutboundOut(.end(nil)), promise: nil)
        hasWritten = true
    }
}

@available(*, unavailable)
extension HitHandler: Sendable {}
