import BenchmarkAnswer
import NIOCore
import NIOHTTP1
import NIOPosix

/// The least a server on NIO can do: the HTTP/1.1 codec, and the same head and bytes for every request.
@main
struct RawServer {
    static func main() async throws {
        let answer = try StaticAnswer(arguments: CommandLine.arguments)
        var headers = HTTPHeaders(answer.headers.map { ($0.name, $0.value) })
        headers.add(name: "Content-Length", value: "\(answer.body.count)")
        let head = HTTPResponseHead(version: .http1_1, status: .ok, headers: headers)
        let body = ByteBuffer(bytes: answer.body)
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 1_024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.configureHTTPServerPipeline(
                        withPipeliningAssistance: false, withErrorHandling: false, withOutboundHeaderValidation: false)
                    try pipeline.addHandler(AnswerHandler(head: head, body: body))
                }
            }
            .bind(host: "127.0.0.1", port: answer.port).get()
        try await listener.closeFuture.get()
    }
}

/// Answers when a request has ended, and flushes once for all that were read together.
final class AnswerHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let head: HTTPResponseHead
    private let body: ByteBuffer

    init(head: HTTPResponseHead, body: ByteBuffer) {
        self.head = head
        self.body = body
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .end = unwrapInboundIn(data) else { return }
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        context.write(wrapOutboundOut(.end(nil)), promise: nil)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        context.flush()
        context.fireChannelReadComplete()
    }
}

@available(*, unavailable)
extension AnswerHandler: Sendable {}
