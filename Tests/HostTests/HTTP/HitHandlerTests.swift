import HTTPTypes
import NIOCore
import NIOEmbedded
import NIOHTTP1
import PluginAPI
import PluginTesting
import Testing

@testable import Host

@Suite("The handler of answers at hand")
struct HitHandlerTests {
    @Test(
        "Those behind are told that reading is complete when they have read something, and reading goes on without them"
    )
    func readComplete() throws {
        let fixture = try HandlerFixture()

        fixture.send([.head(fixture.head), .end(nil), .head(fixture.head), .end(nil)])
        #expect(fixture.behind.partsTotal == 0 && fixture.behind.completionsTotal == 0)
        #expect(fixture.before.readsTotal == 1)
        #expect(try fixture.sent() == "answer" && fixture.sent() == "answer")

        fixture.send([.head(fixture.head), .body(ByteBuffer(string: "body")), .end(nil)])
        #expect(fixture.behind.partsTotal == 3 && fixture.behind.completionsTotal == 1)
        // Whether more is read is for those behind.
        #expect(fixture.before.readsTotal == 1)

        fixture.behind.answer()
        fixture.send([.head(fixture.head), .end(nil)])
        #expect(fixture.behind.completionsTotal == 1 && fixture.before.readsTotal == 2)
    }

    @Test("A head whose request is not complete goes on, and so does what is read while it is under way")
    func underWay() throws {
        let fixture = try HandlerFixture()

        fixture.send([.head(fixture.head)])
        #expect(fixture.behind.partsTotal == 1 && fixture.behind.completionsTotal == 1)
        fixture.send([])
        fixture.send([.end(nil), .head(fixture.head)])

        #expect(fixture.behind.partsTotal == 3 && fixture.behind.completionsTotal == 3)
        #expect(fixture.before.readsTotal == 0)
        #expect(try fixture.sent() == nil)
    }

    @Test("What is read in one go is complete once for those behind, whatever came before a request that takes longer")
    func slow() throws {
        let fixture = try HandlerFixture()
        fixture.behind.readsOn = true

        fixture.send([.head(fixture.head), .end(nil), .head(fixture.head), .end(nil), .head(fixture.slow), .end(nil)])
        #expect(fixture.behind.partsTotal == 0 && fixture.behind.completionsTotal == 0)
        #expect(try fixture.sent() == "answer" && fixture.sent() == "answer")
        #expect(fixture.before.readsTotal == 1)

        // What has come since waits, and nothing more is read.
        fixture.send([.head(fixture.head), .end(nil)])
        #expect(fixture.behind.partsTotal == 0 && fixture.behind.completionsTotal == 1)
        #expect(try fixture.sent() == nil && fixture.before.readsTotal == 1)

        fixture.finish()
        #expect(try fixture.sent()?.hasPrefix("HTTP/1.1 200") == true)
        #expect(try fixture.before.readsTotal == 2 && fixture.sentLast() == "answer")
        #expect(fixture.behind.partsTotal == 0 && fixture.behind.completionsTotal == 1)
    }

    @Test("Nothing is asked for anew when the answer comes before anything else does")
    func slowAlone() throws {
        let fixture = try HandlerFixture()
        fixture.behind.readsOn = true

        fixture.send([.head(fixture.slow), .end(nil)])
        #expect(fixture.before.readsTotal == 1)

        fixture.finish()
        #expect(fixture.before.readsTotal == 1)
        #expect(try fixture.sent()?.hasPrefix("HTTP/1.1 200") == true)
        fixture.send([.head(fixture.head), .end(nil)])
        #expect(try fixture.sentLast() == "answer" && fixture.before.readsTotal == 2)
        #expect(fixture.behind.partsTotal == 0 && fixture.behind.completionsTotal == 0)
    }

    @Test("Reading goes on while the last of several that came together is awaited")
    func slowBehindSlow() throws {
        let fixture = try HandlerFixture()
        fixture.behind.readsOn = true

        let parts: [HTTPServerRequestPart] = [.head(fixture.slow), .end(nil)]
        fixture.send(parts + parts)
        #expect(fixture.before.readsTotal == 0)

        fixture.finish()
        // When the first was written and the second was not.
        #expect(fixture.before.readsTotal == 1)
        #expect(fixture.before.writesBeforeRead > 0 && fixture.before.writesBeforeRead < fixture.before.writesTotal)
    }

    @Test("What came while an answer was awaited goes on after it, and those behind are told once")
    func passedOnAfterwards() throws {
        let fixture = try HandlerFixture()

        fixture.send([
            .head(fixture.slow), .end(nil), .head(fixture.head), .body(ByteBuffer(string: "body")), .end(nil),
        ])
        #expect(fixture.behind.partsTotal == 0 && fixture.behind.completionsTotal == 1)

        fixture.finish()
        #expect(fixture.behind.partsTotal == 3 && fixture.behind.completionsTotal == 2)
        // They have not asked.
        #expect(fixture.before.readsTotal == 0)
    }

    @Test("What may be answered here is counted among all requests, whichever way it takes")
    func counted() throws {
        let fixture = try HandlerFixture()

        fixture.send([.head(fixture.head), .end(nil), .head(fixture.head), .end(nil)])
        #expect(fixture.totals.value == 2)
        fixture.send([.head(fixture.slow), .end(nil)])
        #expect(fixture.totals.value == 3)
    }

    @Test("That the client has sent everything is told after the answers to it")
    func inputClosed() throws {
        let fixture = try HandlerFixture()
        fixture.behind.readsOn = true

        fixture.send([.head(fixture.slow), .end(nil), .head(fixture.head), .end(nil)])
        fixture.closeInput()
        #expect(fixture.behind.closesTotal == 0)
        #expect(try fixture.sent() == nil)

        fixture.finish()
        #expect(fixture.behind.closesTotal == 1 && fixture.before.readsTotal == 1)
    }
}

/// The handler and its guard between two that count, in front of an answer to everything.
private struct HandlerFixture {
    let head = HTTPRequestHead(version: .http1_1, method: .GET, uri: "/", headers: ["Host": "h"])
    /// Its answer is not at hand.
    let slow = HTTPRequestHead(version: .http1_1, method: .GET, uri: "/slow", headers: ["Host": "h"])
    let before = CountingReads()
    let behind = CountingParts()
    let guardian = ConnectionGuard(limits: HTTPLimits())
    let totals = RequestTotals()
    private let channel = EmbeddedChannel()

    init() throws {
        let clock = ManualClock()
        let connection = HTTPConnection(
            serving: ServingSwitch(Serving(handler: Answering(), limits: HTTPLimits())), clock: clock, date: HTTPDate(),
            drain: DrainState())
        try channel.pipeline.syncOperations.addHandlers(
            before,
            HitHandler(
                connection: connection, guardian: guardian, desk: LoopDesk(on: channel.eventLoop, totals: totals),
                peer: "peer"),
            HTTPResponseEncoder(), guardian, behind)
    }

    func closeInput() { channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed) }

    /// Writes the answers that are made.
    func finish() { channel.embeddedEventLoop.run() }

    /// What is read in one go.
    func send(_ parts: [HTTPServerRequestPart]) {
        for part in parts { channel.pipeline.syncOperations.fireChannelRead(NIOAny(part)) }
        channel.pipeline.syncOperations.fireChannelReadComplete()
    }

    /// The last that was sent.
    func sentLast() throws -> String? {
        var last: String?
        while let next = try sent() { last = next }
        return last
    }

    /// The next that was sent.
    func sent() throws -> String? {
        try channel.readOutbound(as: ByteBuffer.self).map { String(buffer: $0) }
    }
}

private final class CountingReads: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private(set) var readsTotal = 0
    private(set) var writesTotal = 0
    /// When something was last asked for.
    private(set) var writesBeforeRead = 0

    func read(context: ChannelHandlerContext) {
        readsTotal += 1
        writesBeforeRead = writesTotal
        context.read()
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        writesTotal += 1
        context.write(data, promise: promise)
    }
}

private final class CountingParts: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart

    private(set) var partsTotal = 0
    private(set) var completionsTotal = 0
    private(set) var closesTotal = 0
    /// Whether it asks for more whenever reading is complete.
    var readsOn = false
    private var context: ChannelHandlerContext?

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { partsTotal += 1 }

    func channelReadComplete(context: ChannelHandlerContext) {
        completionsTotal += 1
        if readsOn { context.read() }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event as? ChannelEvent == .inputClosed { closesTotal += 1 }
    }

    func answer() {
        let head = HTTPResponseHead(version: .http1_1, status: .ok, headers: ["Content-Length": "0"])
        context?.write(NIOAny(HTTPPart<HTTPResponseHead, ByteBuffer>.head(head)), promise: nil)
        context?.writeAndFlush(NIOAny(HTTPPart<HTTPResponseHead, ByteBuffer>.end(nil)), promise: nil)
    }
}

/// Has an answer at hand to everything but what is slow.
private struct Answering: RequestHandler {
    func immediate(_ head: HTTPRequestHead, peer: String, to writer: AnswerWriter) -> ImmediateAnswer {
        guard head.uri != "/slow" else { return .usual }
        writer.answer.spell(sizeMax: 64, at: Timestamp(microseconds: 0)) { text, _ in text.write("answer") }
        return .written
    }

    func admit(_ request: IncomingRequest) -> Admission { .answered(OutgoingAnswer(status: .ok), .unmatched) }
    func refuse(_ problem: Problem, _ request: IncomingRequest) -> OutgoingAnswer { OutgoingAnswer(status: .ok) }
    func started() {}
    func finished(_ exchange: FinishedExchange) {}
}
