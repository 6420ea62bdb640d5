import FoundationEssentials
import NIOCore
import NIOHTTP1
import NIOPosix

/// One HTTP request on a connection of its own, and its answer.
///
/// A command asks as much at a time as it wants to: no pool of connections bounds that behind its back.
struct SingleExchange: Sendable {
    private let host: String
    private let port: Int

    /// The longest answer that is taken.
    private static let bytesMax = 256 << 20

    /// - Parameter base: `http://127.0.0.1:8000`; `nil` for what is no such address.
    init?(base: String) {
        guard let url = URLComponents(string: base), url.scheme == "http", let host = url.host, let port = url.port
        else { return nil }
        // Without the brackets of an IPv6 address.
        self.host = host.filter { $0 != "[" && $0 != "]" }
        self.port = port
    }

    /// - Parameter target: Path and query, percent-encoded.
    /// - Throws: Whatever kept the answer from coming, ``DeadlineExceeded`` after `timeout`.
    func answer(
        _ method: HTTPMethod,
        _ target: String,
        _ fields: HTTPHeaders = [:],
        body: [UInt8] = [],
        within timeout: Duration
    ) async throws -> APIAnswer {
        var head = HTTPRequestHead(version: .http1_1, method: method, uri: target, headers: fields)
        head.headers.add(name: "Host", value: host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)")
        head.headers.add(name: "Connection", value: "close")
        if method != .GET { head.headers.add(name: "Content-Length", value: "\(body.count)") }
        let parts: [HTTPClientRequestPart] = [.head(head), .body(.byteBuffer(ByteBuffer(bytes: body))), .end(nil)]
        return try await withDeadline(timeout) { try await exchange(parts) }
    }

    private func exchange(_ parts: [HTTPClientRequestPart]) async throws -> APIAnswer {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: host, port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHTTPClientHandlers()
                    try pipeline.addHandler(NIOHTTPClientResponseAggregator(maxContentLength: Self.bytesMax))
                    return try NIOAsyncChannel<NIOHTTPClientResponseFull, HTTPClientRequestPart>(
                        wrappingChannelSynchronously: channel)
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            // A host that refuses a body may answer and close before it has read all of it.
            try? await outbound.write(contentsOf: parts)
            for try await answer in inbound {
                let body = answer.body.map { Array($0.readableBytesView) }
                return APIAnswer(status: Int(answer.head.status.code), body: body ?? [])
            }
            throw ChannelError.eof
        }
    }
}
