import NIOCore
import NIOHTTP1
import PluginAPI

/// Answers requests without a body from the event loop: at once when the answer is at hand, otherwise as soon as it is made.
///
/// A request is answered here only while none is under way behind this handler, so that answers keep their order, and
/// while the client takes what it is sent. What comes while an answer is awaited is kept until it is written, and once
/// something has come no more is read. What a module has no place for is begun in its turn. Everything else passes
/// through untouched. What is at hand is written as bytes,
/// which is why this handler stands between the parser and the encoder.
///
/// ```
///          not at hand                    answer made
///   free ───────────────► awaiting ─────────────────────► free: what came meanwhile, in order
/// ```
final class HitHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = IOData
    typealias OutboundOut = ByteBuffer

    /// What came while an answer was awaited.
    private enum Arrival {
        case part(HTTPServerRequestPart)
        case event(Any)
        case error(any Error)
    }

    private let connection: HTTPConnection
    private let guardian: ConnectionGuard
    private let desk: LoopDesk
    private var writer: AnswerWriter { desk.writer }
    private let peer: String
    /// A head that may be answered here once its request is complete.
    private var held: HTTPRequestHead?
    private var hasWritten = false
    /// Whether anything was passed on since those behind were last told that reading is complete.
    private var hasPassedOn = false
    private var isAwaiting = false
    private var arrivals = CircularBuffer<Arrival>()
    /// Whether nothing has come while an answer is awaited.
    private var isAwaitingAlone: Bool { isAwaiting && arrivals.isEmpty }
    /// An answer has ended the connection: what comes now is dropped.
    private var isOver = false
    /// Whether reading was asked for while something was kept.
    private var wantsRead = false
    /// `nil` once the handler has left its connection.
    private var context: ChannelHandlerContext?

    /// - Parameter guardian: Counts what is under way, and writes the answers that are not at hand.
    init(connection: HTTPConnection, guardian: ConnectionGuard, desk: LoopDesk, peer: String) {
        self.connection = connection
        self.guardian = guardian
        self.desk = desk
        self.peer = peer
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isOver else { return }
        let part = unwrapInboundIn(data)
        if isAwaiting { arrivals.append(.part(part)) } else { take(part, context) }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        // The rest of a request may be long in coming, and its time is measured behind this handler.
        passHeld(context)
        flush(context)
        // Nobody behind has read anything, and nobody there holds reading back while nothing is under way there. While an
        // answer is awaited few clients send anything: to stop reading until then would be two calls of the kernel for
        // nothing.
        if !hasPassedOn, guardian.isFree || isAwaitingAlone { return context.read() }
        hasPassedOn = false
        context.fireChannelReadComplete()
    }

    func read(context: ChannelHandlerContext) {
        if isAwaiting, !isAwaitingAlone { wantsRead = true } else { context.read() }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard !isOver else { return }
        if isAwaiting { return arrivals.append(.error(error)) }
        passHeld(context)
        context.fireErrorCaught(error)
    }

    func channelInactive(context: ChannelHandlerContext) {
        passHeld(context)
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // The client has sent everything: it still reads the answers, in their order.
        if isAwaiting, event as? ChannelEvent == .inputClosed { return arrivals.append(.event(event)) }
        passHeld(context)
        flush(context)
        context.fireUserInboundEventTriggered(event)
    }

    private func take(_ part: HTTPServerRequestPart, _ context: ChannelHandlerContext) {
        switch part {
        case .head(let head):
            if guardian.isFree, context.channel.isWritable, !connection.drain.isDraining {
                held = head
            } else {
                pass(part, context)
            }
        case .end(nil):
            guard let head = held else { return pass(part, context) }
            held = nil
            answer(head, context)
        case .body, .end:
            passHeld(context)
            pass(part, context)
        }
    }

    private func answer(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        switch connection.serving.current.handler.immediate(head, peer: peer, to: writer) {
        case .written:
            desk.tally.add()
            context.write(wrapOutboundOut(writer.answer.buffer), promise: nil)
            hasWritten = true
        case .awaited(let answer):
            desk.tally.add()
            wait(context, for: head) { listener in
                // Those who ask for the same share one call: none of them waits for a place.
                if answer.isKept { return _ = answer.begin(.begin, listener) }
                desk.starts.begin(for: answer.gate) { course in
                    // Whoever has gone while they stood in line is called for no more.
                    guard self.context != nil else { return answer.abandon() }
                    return answer.begin(course, listener)
                }
            }
        case .usual:
            if let exchange = BodylessExchange(head, peer: peer, connection: connection) {
                desk.tally.add()
                return wait(context, for: head) { listener in exchange.begin { listener(.answer($0)) } }
            }
            pass(.head(head), context)
            pass(.end(nil), context)
        }
    }

    // MARK: Answers that are not at hand

    private func wait(
        _ context: ChannelHandlerContext,
        for head: HTTPRequestHead,
        begin: (@escaping @Sendable (MadeAnswer) -> Void) -> Void
    ) {
        isAwaiting = true
        guardian.began()
        let (eventLoop, handler) = (context.eventLoop, NIOLoopBound(self, eventLoop: context.eventLoop))
        begin { answer in
            eventLoop.execute { handler.value.finish(answer, to: head) }
        }
    }

    private func finish(_ answer: MadeAnswer, to head: HTTPRequestHead) {
        guard let context, isAwaiting else { return }
        isAwaiting = false
        isOver = connection.drain.isDraining || guardian.isQuiescing
        switch answer {
        case .hit(let hit):
            hit.write(to: &writer.answer, at: connection.clock.now, isLast: isOver)
            context.write(wrapOutboundOut(writer.answer.buffer), promise: nil)
            guardian.answered(keepsAlive: !isOver)
        case .refusal(let refusal):
            refusal.write(to: &writer.answer, at: connection.clock.now, isLast: isOver)
            context.write(wrapOutboundOut(writer.answer.buffer), promise: nil)
            guardian.answered(keepsAlive: !isOver)
        case .answer(let answer):
            guardian.answer(
                connection.head(of: answer, version: head.version, keepsAlive: !isOver),
                answer.mayHaveBody && head.method != .HEAD ? answer.body : [])
        }
        takeArrivals(context)
    }

    private func takeArrivals(_ context: ChannelHandlerContext) {
        while !isAwaiting, let arrival = arrivals.popFirst() {
            switch arrival {
            case .part(let part): if !isOver { take(part, context) }
            case .event(let event): userInboundEventTriggered(context: context, event: event)
            case .error(let error): errorCaught(context: context, error: error)
            }
        }
        if !isAwaiting { passHeld(context) }
        flush(context)
        if hasPassedOn {
            hasPassedOn = false
            context.fireChannelReadComplete()
        }
        // Those behind were told that reading is complete while the answer was awaited: they have asked for more, or will.
        if wantsRead, !isAwaiting || isAwaitingAlone {
            wantsRead = false
            context.read()
        }
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
        pass(.head(head), context)
    }

    private func pass(_ part: HTTPServerRequestPart, _ context: ChannelHandlerContext) {
        if case .head = part { desk.tally.add() }
        hasPassedOn = true
        context.fireChannelRead(wrapInboundOut(part))
    }
}

@available(*, unavailable)
extension HitHandler: Sendable {}
