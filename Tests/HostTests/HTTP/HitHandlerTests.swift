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

        fixture.send([.head(fixture.head), .end(nil)])
        #expect(fixture.behind.completionsTotal == 1 && fixture.before.readsTotal == 2)
    }

    @Test("A head whose request is not complete goes on, and so does what is read while it is under way")
    func underWay() throws {
        let fixture = try HandlerFixture()

        fixture.send([.head(fixture.head)])
        #expect(fixture.behind.partsTotal == 1 && fixture.behind.completionsTotal == 1)
        fixture.guardian.began()
        fixture.send([])
        fixture.send([.end(nil), .head(fixture.head)])

        #expect(fixture.behind.partsTotal == 3 && fixture.behind.completionsTotal == 3)
        #expect(fixture.before.readsTotal == 0)
        #expect(try fixture.sent() == nil)
    }
}

/// The handler alone between two that count, in front of an answer to everything.
private struct HandlerFixture {
    let head = HTTPRequestHead(version: .http1_1, method: .GET, uri: "/", headers: ["Host": "h"])
    let before = CountingReads()
    let behind = CountingParts()
    let guardian = ConnectionGuard(limits: HTTPLimits())
    private let channel = EmbeddedChannel()

    init() throws {
        let clock = ManualClock()
        let connection = HTTPConnection(
            serving: ServingSwitch(Serving(handler: Answering(), limits: HTTPLimits())), clock: clock, date: HTTPDate(),
            drain: DrainState())
        try channel.pipeline.syncOperations.addHandlers(
            before, HitHandler(connection: connection, guardian: guardian, writer: AnswerWriter(), peer: "peer"), behind
        )
    }

    /// What is read in one go.
    func send(_ parts: [HTTPServerRequestPart]) {
        for part in parts { channel.pipeline.syncOperations.fireChannelRead(NIOAny(part)) }
        channel.pipeline.syncOperations.fireChannelReadComplete()
    }

    func sent() throws -> String? { try channel.readOutbound(as: ByteBuffer.self).map { String(buffer: $0) } }
}

private final class CountingReads: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private(set) var readsTotal = 0

    func read(context: ChannelHandlerContext) {
        readsTotal += 1
        context.read()
    }
}

private final class CountingParts: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart

    private(set) var partsTotal = 0
    private(set) var completionsTotal = 0

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { partsTotal += 1 }

    func channelReadComplete(context: ChannelHandlerContext) { completionsTotal += 1 }
}

/// Has an answer at hand to everything.
private struct Answering: RequestHandler {
    func immediate(_ head: HTTPRequestHead, peer: String, to writer: AnswerWriter) -> ImmediateAnswer {
        writer.answer.spell(sizeMax: 64, at: Timestamp(microseconds: 0)) { text, _ in text.write("answer") }
        return .written
    }

    func admit(_ request: IncomingRequest) -> Admission { .answered(OutgoingAnswer(status: .ok), .unmatched) }
    func refuse(_ problem: Problem, _ request: IncomingRequest) -> OutgoingAnswer { OutgoingAnswer(status: .ok) }
    func started() {}
    func finished(_ exchange: FinishedExchange) {}
}
