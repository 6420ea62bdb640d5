import HTTPTypes
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import PluginAPI

/// One accepted connection: NIO's HTTP/1.1 codec, the guard, and a loop that answers one request after another.
///
/// In place of Hummingbird's own child channel because every refusal, those of the parser included, is an answer of
/// Concord's with a request ID, and because a body is not read before its request is admitted.
struct HTTPConnection: ServerChildChannel {
    typealias Channel = NIOAsyncChannel<HTTPServerRequestPart, HTTPPart<HTTPResponseHead, ByteBuffer>>

    /// A channel that `Server` can hold.
    struct Value: ServerChildChannelValue {
        let parts: HTTPConnection.Channel
        var channel: any NIOCore.Channel { parts.channel }
    }

    let serving: ServingSwitch
    let clock: any HostClock
    let date: HTTPDate
    let drain: DrainState
    let desks = LoopDesks()

    func setup(channel: any NIOCore.Channel, logger: Logging.Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            let limits = serving.current.limits
            var decoder = NIOHTTPDecoderLimitConfiguration()
            decoder.maxHeaderFieldSize = limits.headerFieldMax
            decoder.maxHeaderListSize = limits.headersMax
            decoder.maxHeaderFieldCount = limits.headerCountMax
            let guardian = ConnectionGuard(limits: limits)
            // One request after another is answered by the loop, which also answers the parser's errors, in their turn.
            try channel.pipeline.syncOperations.addHandlers(
                ByteToMessageHandler(
                    HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes, limitConfiguration: decoder)),
                HitHandler(
                    connection: self, guardian: guardian, desk: desks.desk(on: channel.eventLoop),
                    peer: channel.peer),
                HTTPResponseEncoder(),
                guardian)
            return Value(
                parts: try NIOAsyncChannel(
                    wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true)))
        }
    }

    /// An answer's head with what every answer of this listener carries.
    func head(of answer: OutgoingAnswer, version: HTTPVersion, keepsAlive: Bool) -> HTTPResponseHead {
        var headers = HTTPHeaders(answer.headers.map { ($0.name.rawName, $0.value) })
        headers.replaceOrAdd(name: "Date", value: date.text(at: clock.now))
        if answer.mayHaveBody, !headers.contains(name: "Content-Length") {
            headers.add(name: "Content-Length", value: "\(answer.body.count)")
        }
        if !keepsAlive {
            headers.replaceOrAdd(name: "Connection", value: "close")
        } else if version != .http1_1 {
            headers.replaceOrAdd(name: "Connection", value: "keep-alive")
        }
        return HTTPResponseHead(
            version: .http1_1,
            status: HTTPResponseStatus(statusCode: answer.status.code, reasonPhrase: answer.status.reasonPhrase),
            headers: headers)
    }

    func handle(value: Value, logger: Logging.Logger) async {
        drain.connectionOpened()
        defer { drain.connectionClosed() }
        do {
            try await value.parts.executeThenClose { inbound, outbound in
                var exchange = HTTPExchange(
                    inbound: inbound.makeAsyncIterator(), outbound: outbound, channel: value.channel, connection: self)
                try await exchange.run()
            }
        } catch {
            // The peer has gone, or was closed for being slow; there is nobody left to tell.
            logger.trace("connection ended", metadata: ["reason": "\(error)"])
        }
    }
}

extension NIOCore.Channel {
    /// The other side's address without its port.
    var peer: String { remoteAddress?.ipAddress ?? "unknown" }
}
