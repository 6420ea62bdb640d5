import HTTPTypes
import NIOCore
import NIOHTTP1
import PluginAPI

/// Answers the requests of one connection, one after another, in the order they came.
struct HTTPExchange {
    typealias Inbound = NIOAsyncChannelInboundStream<HTTPServerRequestPart>.AsyncIterator
    typealias Outbound = NIOAsyncChannelOutboundWriter<HTTPPart<HTTPResponseHead, ByteBuffer>>

    /// What has become of a request's body.
    private enum Body {
        case read([UInt8])
        case refused(Problem)
    }

    private var inbound: Inbound
    private let outbound: Outbound
    private let channel: any Channel
    private let connection: HTTPConnection
    private let peer: String
    /// Whether the end of the current request has been read.
    private var isAtEnd = true

    init(inbound: Inbound, outbound: Outbound, channel: any Channel, connection: HTTPConnection) {
        self.inbound = inbound
        self.outbound = outbound
        self.channel = channel
        self.connection = connection
        peer = channel.peer
    }

    /// Until the client closes, asks to close, or sends what cannot be understood.
    mutating func run() async throws {
        do {
            while case .head(let head)? = try await inbound.next() {
                isAtEnd = false
                guard try await serve(head) else { return try await close() }
            }
            outbound.finish()
            try await ended()
        } catch let error as HTTPParserError {
            try await refuse(error)
        }
    }

    // MARK: One request

    /// - Returns: Whether the connection can be used again.
    private mutating func serve(_ head: HTTPRequestHead) async throws -> Bool {
        let start = ContinuousClock.now
        let serving = connection.serving.current
        let handler = serving.handler
        guard
            let request = IncomingRequest(
                head, peer: peer, at: connection.clock.now, deadline: start + serving.limits.requestTimeout)
        else {
            try await refuse(.badRequest("The request's target, method or a header field is malformed."), head)
            return false
        }
        handler.started()
        var label = RequestLabel.unmatched
        var answer: OutgoingAnswer
        switch handler.admit(request) {
        case .answered(let early, let itsLabel): (answer, label) = (early, itsLabel)
        case .admitted(let admitted):
            label = admitted.label
            answer = await self.answer(request, head, admitted, by: serving, since: start)
        }
        handler.finished(FinishedExchange(request, answer, label, since: start))
        let keepsAlive = try await canContinue(head)
        try await write(answer, to: request.method, version: head.version, keepsAlive: keepsAlive)
        return keepsAlive
    }

    private mutating func answer(
        _ request: IncomingRequest,
        _ head: HTTPRequestHead,
        _ admitted: AdmittedRequest,
        by serving: Serving,
        since start: ContinuousClock.Instant
    ) async -> OutgoingAnswer {
        var request = request
        switch await readBody(head, takes: admitted.takesBody, within: serving.limits) {
        case .refused(let problem): return serving.handler.refuse(problem, request)
        case .read(let bytes): request.body = bytes
        }
        let timeout = serving.limits.requestTimeout - (ContinuousClock.now - start)
        let complete = request
        let answer = await AnswerRace.answer(within: timeout) { await admitted.answer(complete) }
        return answer ?? serving.handler.refuse(.tooSlow, request)
    }

    // MARK: The body

    private mutating func readBody(
        _ head: HTTPRequestHead,
        takes: Bool,
        within limits: HTTPLimits
    ) async -> Body {
        let limit = limits.bodyMax
        let tooLarge = Problem.tooLarge("The body is longer than \(limit) bytes.")
        if let length = head.headers.first(name: "content-length").flatMap({ Int($0) }), length > limit {
            return .refused(tooLarge)
        }
        let start = ContinuousClock.now
        // What has no body ends with its head.
        let timer = Self.hasBody(head) ? slowBodyTimer(limits.requestTimeout) : nil
        defer { timer?.cancel() }
        do {
            if Self.expectsContinue(head) { try await outbound.write(.head(Self.continueHead)) }
            var bytes: [UInt8] = []
            var count = 0
            while let part = try await inbound.next() {
                guard case .body(let buffer) = part else {
                    isAtEnd = true
                    return .read(bytes)
                }
                count += buffer.readableBytes
                guard count <= limit else { return .refused(tooLarge) }
                if takes { bytes.append(contentsOf: buffer.readableBytesView) }
            }
        } catch {
            // The parser's errors end here too: the body ends early, or its chunks are malformed.
        }
        let isSlow = ContinuousClock.now - start >= limits.requestTimeout
        return .refused(isSlow ? Self.slowBody : .badRequest("The body ends early or its framing is malformed."))
    }

    /// Stops reading from a client that takes longer for its body than a request may take.
    private func slowBodyTimer(_ timeout: Duration) -> Scheduled<Void> {
        let channel = channel
        return channel.eventLoop.scheduleTask(in: TimeAmount(timeout)) {
            channel.close(mode: .input, promise: nil)
        }
    }

    private static func expectsContinue(_ head: HTTPRequestHead) -> Bool {
        head.version == .http1_1 && head.headers["expect"].contains { $0.lowercased() == "100-continue" }
    }

    private static let slowBody = Problem(
        status: 408, title: "Request timeout", detail: "The body took longer than the request time-out to arrive.")

    private static let continueHead = HTTPResponseHead(version: .http1_1, status: .continue)

    // MARK: The connection afterwards

    /// Reads the rest of a body nobody wanted if it is short, so that the next request can follow.
    private mutating func canContinue(_ head: HTTPRequestHead) async throws -> Bool {
        // NIO's parser stops after a request that wants to upgrade, so nothing can follow it.
        let wantsUpgrade = head.method == .CONNECT || head.headers.contains(name: "upgrade")
        guard head.isKeepAlive, !wantsUpgrade, !connection.drain.isDraining else { return false }
        return isAtEnd || !Self.hasBody(head) ? try await skipEnd() : false
    }

    private static func hasBody(_ head: HTTPRequestHead) -> Bool {
        if head.headers.contains(name: "transfer-encoding") { return true }
        return head.headers.first(name: "content-length").map { $0 != "0" } ?? false
    }

    private mutating func skipEnd() async throws -> Bool {
        guard !isAtEnd else { return true }
        guard case .end? = try await inbound.next() else { return false }
        isAtEnd = true
        return true
    }

    /// Sends the end, then reads on for a moment: closing with unread bytes would reset the connection, and the client
    /// would lose the answer.
    private mutating func close() async throws {
        outbound.finish()
        while try await inbound.next() != nil {}
        try await ended()
    }

    /// The guard closes the connection once everything is sent, or when that takes too long; who returns before closes at once.
    private func ended() async throws { try await channel.closeFuture.get() }

    // MARK: Refusals of the parser

    private mutating func refuse(_ error: HTTPParserError) async throws {
        let problem =
            error == .headerOverflow
            ? Problem(
                status: 431, title: "Request header fields too large", detail: "The head of the request is too long.")
            : Problem.badRequest("The request is not HTTP/1.1 as RFC 9112 has it.")
        try await refuse(problem, nil)
        try await close()
    }

    private func refuse(_ problem: Problem, _ head: HTTPRequestHead?) async throws {
        let start = ContinuousClock.now
        let request = IncomingRequest.unreadable(head, peer: peer, at: connection.clock.now)
        let handler = connection.serving.current.handler
        handler.started()
        let answer = handler.refuse(problem, request)
        handler.finished(FinishedExchange(request, answer, .unmatched, since: start))
        try await write(answer, to: request.method, version: .http1_1, keepsAlive: false)
    }

    // MARK: Writing

    private func write(
        _ answer: OutgoingAnswer,
        to method: HTTPRequest.Method,
        version: HTTPVersion,
        keepsAlive: Bool
    ) async throws {
        let head = connection.head(of: answer, version: version, keepsAlive: keepsAlive)
        if !answer.mayHaveBody || method == .head || answer.body.isEmpty {
            try await outbound.write(contentsOf: [.head(head), .end(nil)])
        } else {
            let body = channel.allocator.buffer(bytes: answer.body)
            try await outbound.write(contentsOf: [.head(head), .body(body), .end(nil)])
        }
    }
}
