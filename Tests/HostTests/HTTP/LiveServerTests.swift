import HTTPTypes
import PluginAPI
import ServiceLifecycle
import Synchronization
import Testing

@testable import Host

@Suite("The server on a socket")
struct LiveServerTests {
    @Test("Pipelined requests are answered in order, in one packet or byte by byte", arguments: [true, false])
    func pipelining(isWhole: Bool) async throws {
        let host = try PipelineFixture()
        let token = host.tokens.token(Tokens.user)
        let text = (1...5).map {
            "GET /api/v1/things/\($0) HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer \(token)\r\n\r\n"
        }
        .joined()
        let pieces = isWhole ? [Array(text.utf8)] : text.utf8.map { [$0] }

        let answers = try await LiveServer.run(host) { try await RawClient(port: $0.port).exchange(pieces) }

        let bodies = (1...5).map { "\"u-1 \($0)\"" }
        let places = bodies.compactMap { answers.firstRange(of: $0) }
        #expect(places.count == 5)
        #expect(zip(places, places.dropFirst()).allSatisfy { $0.lowerBound < $1.lowerBound })
    }

    @Test("HEAD has the length of GET and no body")
    func head() async throws {
        let host = try PipelineFixture()

        let answers = try await LiveServer.run(host) { server in
            (
                try await RawClient.send("HEAD /health HTTP/1.1\r\nHost: h\r\n\r\n", to: server.port),
                try await RawClient.send("GET /health HTTP/1.1\r\nHost: h\r\n\r\n", to: server.port)
            )
        }

        let body = answers.1.split(separator: "\r\n\r\n").last ?? ""
        #expect(answers.0.hasPrefix("HTTP/1.1 200 OK"))
        #expect(answers.0.contains("Content-Length: \(body.utf8.count)\r\n"))
        #expect(answers.0.hasSuffix("\r\n\r\n"))
        #expect(answers.1.contains("Date: ") && answers.1.contains("X-Request-Id: "))
    }

    @Test("A body is handed on, whether it has a length or comes in chunks")
    func bodies() async throws {
        let host = try PipelineFixture()
        let token = host.tokens.token(Tokens.user)
        let head = "POST /api/v1/things HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer \(token)\r\n"

        let answers = try await LiveServer.run(host) { server in
            (
                try await RawClient.send("\(head)Content-Length: 7\r\n\r\n{\"a\":1}", to: server.port),
                try await RawClient.send(
                    "\(head)Transfer-Encoding: chunked\r\n\r\n3\r\n{\"a\r\n4\r\n\":1}\r\n0\r\n\r\n", to: server.port)
            )
        }

        #expect(answers.0.hasSuffix("{\"a\":1}"))
        #expect(answers.1.hasSuffix("{\"a\":1}"))
    }

    @Test("100-continue is answered before the body is waited for")
    func expectContinue() async throws {
        let host = try PipelineFixture()
        let head = """
            POST /api/v1/things HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer \(host.tokens.token(Tokens.user))\r\n\
            Expect: 100-continue\r\nContent-Length: 2\r\n\r\n
            """

        let answer = try await LiveServer.run(host) {
            try await RawClient(port: $0.port).exchange([Array(head.utf8), Array("{}".utf8)])
        }

        #expect(answer.hasPrefix("HTTP/1.1 100 Continue\r\n"))
        #expect(answer.contains("HTTP/1.1 200 OK\r\n") && answer.hasSuffix("{}"))
    }

    @Test("A body beyond the limit is 413, announced or chunked, and is not read", arguments: [true, false])
    func tooLarge(isAnnounced: Bool) async throws {
        let host = try PipelineFixture()
        let framing = isAnnounced ? "Content-Length: 1000000" : "Transfer-Encoding: chunked"
        let body = isAnnounced ? "x" : "800\r\n\(String(repeating: "x", count: 2_048))\r\n"
        let head = """
            POST /api/v1/things HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer \(host.tokens.token(Tokens.user))\r\n\
            \(framing)\r\n\r\n
            """
        let limits = HTTPLimits(bodyMax: 1_024, lingerTimeout: .milliseconds(100))

        let answer = try await LiveServer.run(host, limits: limits) {
            try await RawClient.send(head + body, to: $0.port, closes: false)
        }

        #expect(answer.hasPrefix("HTTP/1.1 413 "))
        #expect(answer.contains("Connection: close") && answer.contains("application/problem+json"))
    }

    @Test("A refused request's body is not waited for")
    func refusedBody() async throws {
        let host = try PipelineFixture()

        let answer = try await LiveServer.run(host, limits: HTTPLimits(lingerTimeout: .milliseconds(100))) {
            try await RawClient.send(
                "POST /api/v1/things HTTP/1.1\r\nHost: h\r\nContent-Length: 1000\r\n\r\n", to: $0.port, closes: false)
        }

        #expect(answer.hasPrefix("HTTP/1.1 401 ") && answer.contains("Connection: close"))
    }

    @Test("A head beyond the limits is 431", arguments: ["one long field", "many fields", "long target"])
    func hugeHeaders(kind: String) async throws {
        let host = try PipelineFixture()
        let long = String(repeating: "a", count: 20_000)
        let head =
            switch kind {
            case "one long field": "GET / HTTP/1.1\r\nHost: h\r\nX: \(long)\r\n\r\n"
            case "many fields": "GET / HTTP/1.1\r\nHost: h\r\n\(String(repeating: "X: y\r\n", count: 200))\r\n"
            default: "GET /\(long) HTTP/1.1\r\nHost: h\r\n\r\n"
            }

        let answer = try await LiveServer.run(host, limits: HTTPLimits(lingerTimeout: .milliseconds(100))) {
            try await RawClient.send(head, to: $0.port)
        }

        #expect(answer.hasPrefix("HTTP/1.1 431 ") && answer.contains("X-Request-Id: "))
    }

    @Test("A client that never finishes its head is closed without an answer")
    func slowHead() async throws {
        let host = try PipelineFixture()

        let answer = try await LiveServer.run(host, limits: HTTPLimits(idleTimeout: .milliseconds(100))) {
            try await RawClient.send("GET /health HTTP/1.1\r\nHos", to: $0.port, closes: false)
        }

        #expect(answer.isEmpty)
    }

    @Test("A client that never finishes its body gets 408")
    func slowBody() async throws {
        let host = try PipelineFixture()
        let head = """
            POST /api/v1/things HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer \(host.tokens.token(Tokens.user))\r\n\
            Content-Length: 9\r\n\r\n{
            """
        let limits = HTTPLimits(requestTimeout: .milliseconds(100), lingerTimeout: .milliseconds(50))

        let answer = try await LiveServer.run(host, limits: limits) {
            try await RawClient.send(head, to: $0.port, closes: false)
        }

        #expect(answer.hasPrefix("HTTP/1.1 408 "))
    }

    @Test("An answer that takes too long is 503, even when its maker ignores cancellation")
    func requestTimeout() async throws {
        let gate = Gate()
        let endpoint = Endpoint { _ in
            await gate.wait()
            return .json([])
        }
        let host = try PipelineFixture(endpoints: [.init(method: .get, template: "/slow", target: endpoint)])
        let token = host.tokens.token(Tokens.user)

        let answer = try await LiveServer.run(host, limits: HTTPLimits(requestTimeout: .milliseconds(100))) {
            try await RawClient.send(
                "GET /slow HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer \(token)\r\n\r\n", to: $0.port)
        }
        gate.open()

        #expect(answer.hasPrefix("HTTP/1.1 503 ") && answer.contains("Retry-After: 1"))
    }

    @Test("Garbage is refused with a 4xx or closed, never answered with a 5xx", arguments: Garbage.all)
    func garbage(_ garbage: Garbage) async throws {
        let host = try PipelineFixture()

        let answers = try await LiveServer.run(host, limits: HTTPLimits(lingerTimeout: .milliseconds(100))) { server in
            (
                try await RawClient(port: server.port).exchange([garbage.bytes]),
                try await RawClient.send("GET /health HTTP/1.1\r\nHost: h\r\n\r\n", to: server.port)
            )
        }

        #expect(answers.0.isEmpty || answers.0.hasPrefix("HTTP/1.1 4"))
        #expect(!answers.0.contains("HTTP/1.1 5"))
        #expect(answers.1.hasPrefix("HTTP/1.1 200 OK"))
    }

    @Test("Nothing behind a request that wants an upgrade is lost in silence")
    func upgrades() async throws {
        let host = try PipelineFixture()

        let answer = try await LiveServer.run(host) {
            try await RawClient.send(
                "GET /health HTTP/1.1\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n", to: $0.port,
                closes: false)
        }

        #expect(answer.hasPrefix("HTTP/1.1 200 OK") && answer.contains("Connection: close"))
    }

    @Test("While it drains, readiness is 503 and a request under way is finished")
    func drain() async throws {
        let (gate, reached) = (Gate(), Gate())
        let endpoint = Endpoint { _ in
            reached.open()
            await gate.wait()
            return .json(Array("\"done\"".utf8))
        }
        let host = try PipelineFixture(endpoints: [.init(method: .get, template: "/slow", target: endpoint)])
        let slow = "GET /slow HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer \(host.tokens.token(Tokens.user))\r\n\r\n"

        let (ready, underWay) = try await LiveServer.run(host) { server in
            let client = try await RawClient(port: server.port)
            async let answer = client.exchange([Array(slow.utf8)], closes: false)
            await reached.wait()
            host.health.drain()
            server.frontend.drain()
            let ready = try await RawClient.send(
                "GET /ready HTTP/1.1\r\nHost: h\r\n\r\n", to: server.port, closes: false)
            await server.group.triggerGracefulShutdown()
            gate.open()
            return (ready, try await answer)
        }

        #expect(ready.hasPrefix("HTTP/1.1 503 ") && ready.contains("Connection: close"))
        #expect(underWay.hasPrefix("HTTP/1.1 200 OK") && underWay.hasSuffix("\"done\""))
        #expect(underWay.contains("Connection: close"))
    }

    @Test("Every request is counted under its route, and none stays in progress")
    func metrics() async throws {
        let host = try PipelineFixture()
        let token = host.tokens.token(Tokens.user)

        _ = try await LiveServer.run(host) { server in
            _ = try await RawClient.send(
                "GET /api/v1/things/7 HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer \(token)\r\n\r\n", to: server.port)
            _ = try await RawClient.send("GET /secret-path HTTP/1.1\r\nHost: h\r\n\r\n", to: server.port)
            return try await RawClient.send("nonsense\r\n\r\n", to: server.port)
        }

        let text = String(decoding: MetricsText(host.registry.snapshot()).bytes, as: UTF8.self)
        #expect(
            text.contains(#"request_duration_seconds_count{method="GET",route="/api/v1/things/{id}",status="200"} 1"#))
        #expect(text.contains(#"request_duration_seconds_count{method="GET",route="unmatched",status="401"} 1"#))
        #expect(text.contains("http_requests_in_progress 0\n"))
        #expect(!text.contains("secret-path"))
        #expect(host.sink.lines.contains { $0.contains(#""user":"u-1""#) && $0.contains(#""request_id""#) })
        #expect(!host.sink.lines.contains { $0.contains(token) })
    }
}

/// Bytes that are not an HTTP request, or one that must not be taken.
struct Garbage: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let bytes: [UInt8]

    private init(_ text: String) {
        testDescription = String(text.prefix(60))
        bytes = Array(text.utf8)
    }

    private init(_ name: String, _ bytes: [UInt8]) {
        testDescription = name
        self.bytes = bytes
    }

    static let all: [Garbage] = lines + heads + framings + binaries

    private static let lines: [Garbage] = [
        "\r\n\r\n", "GET\r\n\r\n", "GET /\r\n\r\n", "GET / HTTP\r\n\r\n", "GET / HTTP/\r\n\r\n", "GET / HTTP/1\r\n\r\n",
        "GET / HTTP/9.9\r\nHost: h\r\n\r\n", "GET / HTTP/2.0\r\nHost: h\r\n\r\n", "GET / http/1.1\r\nHost: h\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "get / HTTP/1.1\r\nHost: h\r\n\r\n", "G€T / HTTP/1.1\r\nHost: h\r\n\r\n",
        "NONSENSE / HTTP/1.1\r\nHost: h\r\n\r\n", " GET / HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET  / HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET /a b HTTP/1.1\r\nHost: h\r\n\r\n", "GET x HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET * HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET /ü HTTP/1.1\r\nHost: h\r\n\r\n", "GET /\u{0} HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET /%zz HTTP/1.1\r\nHost: h\r\n\r\n",
        "GET /%ff%fe HTTP/1.1\r\nHost: h\r\n\r\n", "GET /../../etc/passwd HTTP/1.1\r\nHost: h\r\n\r\n",
        "CONNECT h:443 HTTP/1.1\r\nHost: h\r\n\r\n", "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n",
        "TRACE / HTTP/1.1\r\nHost: h\r\n\r\n", "GET /a#b HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n",
        "{\"a\":1}",
    ].map { Garbage($0) }

    private static let heads: [Garbage] = [
        "GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "GET / HTTP/1.1\r\nHost h\r\n\r\n",
        "GET / HTTP/1.1\r\n: x\r\nHost: h\r\n\r\n", "GET / HTTP/1.1\r\nHo st: h\r\n\r\n",
        "GET / HTTP/1.1\r\nHost : h\r\n\r\n", "GET / HTTP/1.1\r\nHost: h\r\nX: a\r\n folded\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nX: a\u{0}b\r\n\r\n", "GET / HTTP/1.1\r\nHost: h\r\nX: a\u{1}b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: h\r\nÜ: a\r\n\r\n", "GET / HTTP/1.1\rHost: h\r\r", "GET / HTTP/1.1\r\nHost: h",
        "GET / HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n",
    ].map { Garbage($0) }

    private static let framings: [Garbage] = [
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: x\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na",
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999999999999999\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: identity, x\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc",
    ].map { Garbage($0) }

    private static let binaries: [Garbage] = [
        Garbage("zeros", [UInt8](repeating: 0, count: 1_000)), Garbage("ones", [UInt8](repeating: 0xFF, count: 1_000)),
        Garbage("every byte", Array(0...255)),
        Garbage("a TLS hello", [0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01]),
        Garbage("line feeds", [UInt8](repeating: 0x0A, count: 100_000)),
    ]
}

/// Lets tasks wait until it is opened.
final class Gate: Sendable {
    private let state = Mutex<(isOpen: Bool, waiters: [CheckedContinuation<Void, Never>])>((false, []))

    func wait() async {
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                if !state.isOpen { state.waiters.append(continuation) }
                return state.isOpen
            }
            if isOpen { continuation.resume() }
        }
    }

    func open() {
        let waiters = state.withLock { state in
            defer { state = (true, []) }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }
}
