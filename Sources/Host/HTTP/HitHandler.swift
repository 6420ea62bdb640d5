import NIOCore
import NIOHTTP1
import PluginAPI

/// Answers requests whose answer is at hand on the event loop, before they come to the loop that answers one after another.
///
/// A request is answered here only while none is under way behind this handler, so that answers keep their order, and
/// while the client takes what it is sent. Everything else passes through untouched. What is answered is written as bytes,
/// which is why this handler stands between the parser and the encoder.
final class HitHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundOut = ByteBuffer

    private let connection: HTTPConnection
    private let guardian: ConnectionGuard
    private let writer: AnswerWriter
    private let peer: String
    /// A head that may be answered here once its request is complete.
    private var held: HTTPRequestHead?
    private var hasWritten = false

    /// - Parameter guardian: Counts what is under way behind this handler.
    init(connection: HTTPConnection, guardian: ConnectionGuard, writer: AnswerWriter, peer: String) {
        self.connection = connection
        self.guardian = guardian
        self.writer = writer
        self.peer = peer
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            if guardian.isFree, context.channel.isWritable, !connection.drain.isDraining {
                held = head
            } else {
                context.fireChannelRead(data)
            }
        case .end(nil):
            guard let head = held else { return context.fireChannelRead(data) }
            held = nil
            if connection.handler.immediate(head, peer: peer, to: writer) {
                context.write(wrapOutboundOut(writer.answer.buffer), promise: nil)
                hasWritten = true
            } else {
                context.fireChannelRead(wrapInboundOut(.head(head)))
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
        flush(context)
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
        flush(context)
        context.fireUserInboundEventTriggered(event)
    }

    private func flush(_ context: ChannelHandlerContext) {
        guard hasWritten else { return }
        hasWritten = false
        guardian.answeredAtHand()
        context.flush()
    }

    private func passHeld(_ context: ChannelHandlerContext) {
        guard let head = held else { return }
        held = nil
        context.fireChannelRead(wrapInboundOut(.head(head)))
    }
}

@available(*, unavailable)
extension HitHandler: Sendable {}
