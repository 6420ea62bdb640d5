import Logging
import NIOCore
import NIOPosix
import PluginAPI
import ServiceLifecycle

@testable import Host

/// A real listener on a free loopback port for the length of a test.
enum LiveServer {
    /// What the test may do with it.
    struct Handle: Sendable {
        let port: Int
        let frontend: HTTPFrontend
        let group: ServiceGroup
    }

    static func run<Result: Sendable>(
        _ host: PipelineFixture,
        limits: HTTPLimits = HTTPLimits(),
        _ body: @Sendable (Handle) async throws -> Result
    ) async throws -> Result {
        try await run(host.pipeline, clock: host.tokens.clock, limits: limits, body)
    }

    static func run<Result: Sendable>(
        _ handler: any RequestHandler,
        clock: any HostClock,
        limits: HTTPLimits = HTTPLimits(),
        _ body: @Sendable (Handle) async throws -> Result
    ) async throws -> Result {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let frontend = HTTPFrontend(
            name: "test", host: "127.0.0.1", port: 0,
            serving: ServingSwitch(Serving(handler: handler, limits: limits)), clock: clock,
            eventLoops: MultiThreadedEventLoopGroup.singleton,
            logger: logger)
        let group = ServiceGroup(services: [frontend], logger: logger)
        return try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            let result = try await body(Handle(port: await frontend.boundPort, frontend: frontend, group: group))
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
            return result
        }
    }
}

/// A client that sends bytes as they are and reads until the server closes.
struct RawClient: Sendable {
    private let channel: NIOAsyncChannel<ByteBuffer, ByteBuffer>

    init(port: Int) async throws {
        channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel(
                        wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true))
                }
            }
    }

    /// Sends each piece as a write of its own, then half-closes unless told to stay, and returns all that came back.
    func exchange(
        _ pieces: [[UInt8]],
        closes: Bool = true,
        whenSent: @Sendable () async throws -> Void = {}
    ) async throws -> String {
        String(decoding: try await bytes(answering: pieces, closes: closes, whenSent: whenSent), as: UTF8.self)
    }

    func bytes(answering text: String) async throws -> [UInt8] {
        try await bytes(answering: [Array(text.utf8)], closes: true, whenSent: {})
    }

    private func bytes(
        answering pieces: [[UInt8]],
        closes: Bool,
        whenSent: @Sendable () async throws -> Void
    ) async throws -> [UInt8] {
        try await channel.executeThenClose { inbound, outbound in
            var received: [UInt8] = []
            do {
                for piece in pieces { try await outbound.write(ByteBuffer(bytes: piece)) }
                if closes { outbound.finish() }
                try await whenSent()
            } catch is ChannelError {
                // The server may refuse and close before everything is sent.
            }
            do {
                for try await buffer in inbound { received.append(contentsOf: buffer.readableBytesView) }
            } catch is IOError {
                // A reset ends the answer too.
            }
            return received
        }
    }

    /// Sends everything, closes that half, and reads only when `isTime` returns.
    func exchangeLate(_ text: String, closes: Bool = true, isTime: @Sendable () async throws -> Void) async throws
        -> String
    {
        String(
            decoding: try await bytes(answering: [Array(text.utf8)], closes: closes, whenSent: isTime), as: UTF8.self)
    }

    /// Sends a second request once something has come back for the first one, and returns all that came back.
    func exchange(_ first: String, then second: String) async throws -> String {
        try await channel.executeThenClose { inbound, outbound in
            var received: [UInt8] = []
            try await outbound.write(ByteBuffer(string: first))
            do {
                for try await buffer in inbound {
                    if received.isEmpty { try await outbound.write(ByteBuffer(string: second)) }
                    received.append(contentsOf: buffer.readableBytesView)
                }
            } catch is IOError {
                // A reset ends the answer too.
            }
            return String(decoding: received, as: UTF8.self)
        }
    }

    /// Sends and reads nothing until `isOver` returns.
    func sendUnread(_ bytes: [UInt8], until isOver: @escaping @Sendable () async throws -> Void) async throws {
        try await channel.executeThenClose { _, outbound in
            // Ends with the connection, at the latest when it is closed behind the last line.
            async let sent: Void? = try? outbound.write(ByteBuffer(bytes: bytes))
            try await isOver()
            outbound.finish()
            await sent
        }
    }

    static func send(_ text: String, to port: Int, closes: Bool = true) async throws -> String {
        try await RawClient(port: port).exchange([Array(text.utf8)], closes: closes)
    }
}
