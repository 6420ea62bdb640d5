import PluginAPI
import PluginTesting
import Testing

@testable import Host

@Suite("Answers at hand")
struct HitTests {
    /// What two ways of answering may differ in.
    private static let volatile: Set<String> = ["ratelimit", "x-request-id", "date"]

    @Test(
        "A hit is answered on the event loop as the usual way answers it",
        arguments: ["GET", "HEAD"],
        [nil, "*", "\"no\"", "TAG", "W/TAG", "\"no\", TAG"])
    func sameAnswer(method: String, condition: String?) async throws {
        let host = try HitFixture()
        let answers = try await host.run { server in
            let first = try await RawClient.send(host.text(), to: server.port)
            let tag = RawAnswer.all(in: first)[0].fields["etag"] ?? ""
            let fields = condition.map { ["If-None-Match: " + $0.replacing("TAG", with: tag)] } ?? []
            // A wish about caches is for the usual way, which ignores it.
            let usual = host.text(method: method, fields: fields + ["Pragma: no-cache"])
            let texts = [usual, host.text(method: method, fields: fields)]
            return try await host.answers(to: texts, from: server, heads: method == "HEAD")
        }

        #expect(host.hits.value == 1 && host.admitted.value == 2)
        #expect(answers.count == 2)
        #expect(answers[0].status == answers[1].status && answers[0].body == answers[1].body)
        let (usual, hit) = (answers[0].fields, answers[1].fields)
        #expect(Set(usual.keys) == Set(hit.keys))
        for (name, value) in usual where !HitTests.volatile.contains(name) { #expect(hit[name] == value, "\(name)") }
        #expect(hit["cache-status"]?.hasPrefix("concord; hit") == true)
    }

    @Test(
        "Whatever is unusual about a request goes the usual way",
        arguments: [
            "Content-Length: 0", "Transfer-Encoding: chunked", "Expect: 100-continue", "Upgrade: h2c",
            "Range: bytes=0-1",
            "Cache-Control: no-cache", "Pragma: no-cache", "If-Match: \"x\"", "If-Modified-Since: x",
            "Origin: http://a",
            "Connection: close", "Connection: upgrade", "Host: second", "Authorization: Bearer x", "TE: trailers",
        ])
    func unusual(field: String) async throws {
        let host = try HitFixture()
        _ = try await host.run { server in
            _ = try await RawClient.send(host.text(), to: server.port)
            let end = field.hasPrefix("Transfer") ? "0\r\n\r\n" : ""
            return try await RawClient.send(host.text(fields: [field], body: end), to: server.port)
        }
        #expect(host.hits.value == 0)
    }

    @Test("A usual browser's or client's fields change nothing")
    func usual() async throws {
        let host = try HitFixture()
        let fields = [
            "Accept: */*", "User-Agent: x", "Accept-Language: de", "Connection: keep-alive", "Cookie: a=b",
            "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "X-Request-Id: mine-1",
        ]
        let answers = try await host.run {
            try await host.answers(to: [host.text(), host.text(fields: fields)], from: $0)
        }
        #expect(host.hits.value == 1)
        #expect(answers[1].fields["x-request-id"] == "mine-1")
        #expect(host.sink.lines.contains { $0.contains("mine-1") && $0.contains("0af7651916cd43dd8448eb211c80319c") })
    }

    @Test(
        "A request ID that is not well-formed is replaced",
        arguments: ["a b", "a\tb", "ä", String(repeating: "x", count: 65)])
    func requestID(id: String) async throws {
        let host = try HitFixture()
        let texts = [host.text(), host.text(fields: ["X-Request-Id: \(id)"])]
        let answers = try await host.run { try await host.answers(to: texts, from: $0) }
        #expect(answers.count == 2 && answers[1].fields["x-request-id"] != id)
        #expect(answers[1].fields["x-request-id"].map { RequestID.isWellFormed($0) } == true)
    }

    @Test("Hits, misses, refusals and commands of one connection are answered in their order", arguments: 0..<20)
    func order(seed: UInt64) async throws {
        let host = try HitFixture()
        var random = SplitMix(seed: seed)
        var text = ""
        var heads: Set<Int> = []
        let total = 120
        for number in 0..<total {
            let id = "X-Request-Id: r-\(number)"
            // The first ones are hits for sure.
            switch number < 5 ? 7 : Int.random(in: 0...7, using: &random) {
            case 0: text += host.text("/api/v1/fresh", fields: [id])
            case 1: text += host.text("/nothing", fields: [id])
            case 2: text += host.text(fields: [id, "Content-Length: 5"], body: "GET /")
            case 3: text += host.text("/api/v1/asking?limit=\(Int.random(in: 1...3, using: &random))", fields: [id])
            case 4:
                text += host.text(method: "HEAD", fields: [id])
                heads.insert(number)
            default: text += host.text(fields: [id])
            }
        }
        let pieces = HitTests.split(Array(text.utf8), &random)

        let answer = try await host.run { server in
            _ = try await RawClient.send(host.text(), to: server.port)
            // What was kept is out of date again and again.
            async let aged: Void = {
                for _ in 0..<20 {
                    try await Task.sleep(for: .milliseconds(1))
                    host.tokens.clock.advance(by: .seconds(10))
                }
            }()
            let answer = try await RawClient(port: server.port).exchange(pieces)
            try await aged
            return answer
        }

        let ids = RawAnswer.all(in: answer, heads: heads).map { $0.fields["x-request-id"] ?? "" }
        #expect(ids == (0..<total).map { "r-\($0)" })
        #expect(host.hits.value > 0 && host.hits.value + host.awaited.value + host.admitted.value == total + 1)
    }

    private static func split(_ bytes: [UInt8], _ random: inout SplitMix) -> [[UInt8]] {
        var pieces: [[UInt8]] = []
        var rest = bytes[...]
        while !rest.isEmpty {
            pieces.append(Array(rest.prefix(Int.random(in: 1...4_000, using: &random))))
            rest = rest.dropFirst(pieces[pieces.count - 1].count)
        }
        return pieces
    }

    @Test("A client that reads nothing is sent no more than its connection takes, and everything once it reads")
    func backPressure() async throws {
        let host = try HitFixture(perMinute: 1_000_000_000)
        let total = 3_000
        let requests = Array(String(repeating: host.text(), count: total).utf8)

        let answer = try await host.run { server in
            _ = try await RawClient.send(host.text(), to: server.port)
            return try await RawClient(port: server.port).exchange([requests])
        }

        let answers = RawAnswer.all(in: answer)
        #expect(answers.count == total && host.hits.value > 0)
        #expect(answers.allSatisfy { $0.status == 200 && $0.body == #"{"user":"ann","built":1}"# })
    }

    @Test("Nothing is answered after the answer that ends the connection")
    func afterTheEnd() async throws {
        let host = try HitFixture()
        // Refused before its body is there, so that the connection cannot go on.
        let refused = host.text(method: "POST", fields: ["Content-Length: 5", "X-Request-Id: refused"])

        let text = try await host.run { server in
            _ = try await RawClient.send(host.text(), to: server.port)
            return try await RawClient(port: server.port).exchange(refused, then: "12345" + host.text())
        }

        let answers = RawAnswer.all(in: text)
        #expect(answers.count == 1 && answers.first?.fields["x-request-id"] == "refused")
        #expect(answers.first?.fields["connection"] == "close" && host.hits.value == 0)
    }

    // MARK: What makes a hit none

    /// Asks until there are hits, then changes something, and asks once more.
    private func answerAfter(
        _ host: HitFixture,
        as user: String = "ann",
        _ change: @Sendable () async throws -> Void
    ) async throws -> RawAnswer {
        try await host.run { server in
            _ = try await host.answers(to: [host.text(as: user), host.text(as: user)], from: server)
            #expect(host.hits.value == 1)
            try await change()
            return try #require(RawAnswer.all(in: try await RawClient.send(host.text(as: user), to: server.port)).first)
        }
    }

    @Test("After a write was announced nothing old is answered")
    func invalidated() async throws {
        let host = try HitFixture()
        let answer = try await answerAfter(host) { await host.harness.invalidations.invalidate([.account("a1")]) }
        #expect(answer.body == #"{"user":"ann","built":2}"# && host.hits.value == 1)
    }

    @Test("A write that does not concern it leaves a hit a hit")
    func untouched() async throws {
        let host = try HitFixture()
        let answer = try await answerAfter(host) { await host.harness.invalidations.invalidate([.account("b1")]) }
        #expect(answer.body == #"{"user":"ann","built":1}"# && host.hits.value == 2)
    }

    @Test("Rights that changed are looked at anew")
    func rights() async throws {
        let host = try HitFixture()
        let target = "/api/v1/asking?account_id=a1"
        let answers = try await host.run { server in
            _ = try await host.answers(to: [host.text(target), host.text(target)], from: server)
            host.harness.directory.give("a1", to: "bob")
            await host.harness.invalidations.invalidate([.account("a1"), .user("ann"), .user("bob")])
            return RawAnswer.all(in: try await RawClient.send(host.text(target), to: server.port))
        }
        #expect(host.hits.value == 1 && answers.first?.status == 404)
    }

    @Test("When accounts may have changed hands behind the hosts' backs, everybody's rights are looked at anew")
    func directory() async throws {
        let host = try HitFixture()
        let target = "/api/v1/asking?account_id=a1"
        let answers = try await host.run { server in
            _ = try await host.answers(to: [host.text(target), host.text(target)], from: server)
            host.harness.directory.give("a1", to: "bob")
            await host.harness.invalidations.invalidate([.directory])
            return try await host.answers(to: [host.text(target), host.text(target, as: "bob")], from: server)
        }
        #expect(host.hits.value == 1 && answers.map(\.status) == [404, 200])
    }

    @Test("A token that has expired is refused, however fresh the answer is")
    func expired() async throws {
        let host = try HitFixture()
        // Good for 5 s more, by the verifier's leeway.
        let token = host.tokens.signed(claims: #"{"sub":"ann","role":"user","iat":1767600000,"exp":1767607175}"#)
        let text = host.text(token: token)
        let answers = try await host.run { server in
            let before = try await host.answers(to: [text, text], from: server)
            host.tokens.clock.advance(by: .seconds(6))
            return before + (try await host.answers(to: [text, host.text()], from: server))
        }
        #expect(answers.map(\.status) == [200, 200, 401, 200] && host.hits.value == 1)
        // The answer itself was still at hand.
        #expect(answers[3].body == answers[0].body)
    }

    @Test("A forgotten token is verified again before it has a hit")
    func forgotten() async throws {
        let host = try HitFixture()
        let answer = try await answerAfter(host) { host.tokens.verifier.forgetAll() }
        #expect(answer.status == 200 && host.hits.value == 1)
    }

    @Test("Past its TTL it is built anew")
    func aged() async throws {
        let host = try HitFixture()
        let answer = try await answerAfter(host) { host.harness.clock.advance(by: .seconds(10)) }
        #expect(answer.body == #"{"user":"ann","built":2}"# && host.hits.value == 1)
    }

    @Test("Hits count against the rate, and beyond it they are 429")
    func limited() async throws {
        let host = try HitFixture(perMinute: 5)
        let texts = [String](repeating: host.text(), count: 8)
        let answers = try await host.run { try await host.answers(to: texts, from: $0) }
        #expect(answers.map(\.status) == [200, 200, 200, 200, 200, 429, 429, 429])
        #expect(answers[4].fields["ratelimit"] == "\"requests\";r=0;t=60")
        #expect(host.hits.value == 4)
    }

    @Test("Two users never share a hit, and a token not seen before has none")
    func users() async throws {
        let host = try HitFixture()
        let texts = ["ann", "bob", "ann", "bob"].map { host.text(as: $0) }
        let answers = try await host.run { try await host.answers(to: texts, from: $0) }
        let users = answers.map { $0.body.contains("ann") ? "ann" : "bob" }
        #expect(users == ["ann", "bob", "ann", "bob"] && host.hits.value == 2)
    }

    @Test("An operator has hits on any user's account, and users have none by that")
    func operators() async throws {
        let host = try HitFixture()
        let token = host.token("root", role: "operator")
        let (ann, bob) = ("/api/v1/asking?account_id=a1", "/api/v1/asking?account_id=b1")
        let asked = [ann, bob, ann, bob].map { host.text($0, token: token) } + [host.text(ann, as: "bob")]
        let answers = try await host.run { server in
            let before = try await host.answers(to: asked, from: server)
            await host.harness.invalidations.invalidate([.account("a1")])
            return before + (try await host.answers(to: [host.text(ann, token: token)], from: server))
        }
        #expect(answers.map(\.status) == [200, 200, 200, 200, 404, 200])
        #expect(answers[2].body == answers[0].body && answers[3].body == answers[1].body)
        #expect(answers[0].body.contains("ann") && answers[1].body.contains("bob"))
        // After the write it was built anew.
        #expect(answers[5].body != answers[0].body && host.hits.value == 2)
    }

    @Test("What is never kept, and what is not a read, is never answered at hand")
    func ineligible() async throws {
        let host = try HitFixture()
        let texts = [
            host.text("/api/v1/fresh"), host.text("/api/v1/fresh"), host.text(), host.text(method: "POST"),
            host.text(method: "OPTIONS"), host.text("/nothing"), host.text("/nothing"),
        ]
        let answers = try await host.run { try await host.answers(to: texts, from: $0) }
        #expect(answers.map(\.status) == [200, 200, 200, 405, 405, 404, 404])
        #expect(host.hits.value == 0)
    }

    @Test("The text of a request inside of a field or a target is no request")
    func requestInside() async throws {
        let host = try HitFixture()
        let inside = "GET /api/v1/asking HTTP/1.1"
        let texts = [
            host.text(), host.text(fields: ["X-Note: \(inside)", "User-Agent: \(inside)"]),
            host.text(fields: ["Content-Length: \(inside.utf8.count + 4)"], body: inside + "\r\n\r\n"),
        ]
        let answers = try await host.run { try await host.answers(to: texts, from: $0) }
        #expect(answers.map(\.status) == [200, 200, 200] && host.hits.value == 1)
    }

    @Test("A connection that had hits alone is closed once it is idle")
    func idle() async throws {
        // A machine that is too busy to ask within the shorter ones does within a longer one.
        for idleTimeout in [200, 2_000, 20_000] {
            let host = try HitFixture()
            let limits = HTTPLimits(idleTimeout: .milliseconds(idleTimeout), lingerTimeout: .milliseconds(50))
            let text = try await host.run(limits: limits) { server in
                _ = try await RawClient.send(host.text(), to: server.port)
                return try await RawClient.send(host.text() + host.text(), to: server.port, closes: false)
            }
            if RawAnswer.all(in: text).count == 2, host.hits.value == 2 { return }
        }
        Issue.record("no connection had two hits")
    }

    @Test("A client that takes nothing of its hits is closed", .timeLimit(.minutes(1)))
    func unread() async throws {
        // Far more than the buffers between the two take.
        let body = [UInt8](repeating: UInt8(ascii: "1"), count: 500_000)
        let host = try HitFixture(perMinute: 1_000_000_000, answer: { _ in Reply(body: body) })
        let limits = HTTPLimits(writeTimeout: .milliseconds(200), lingerTimeout: .milliseconds(50))
        let requests = Array(String(repeating: host.text(), count: 200).utf8)
        try await host.run(limits: limits) { server in
            _ = try await RawClient.send(host.text(), to: server.port)
            try await RawClient(port: server.port).sendUnread(requests) {
                while host.hits.value == 0 || server.frontend.openConnections > 0 {
                    try await Task.sleep(for: .milliseconds(10))
                }
            }
        }
    }

    @Test("Hits are counted, measured and logged like every answer")
    func observed() async throws {
        let host = try HitFixture(origins: ["http://a"])
        let answers = try await host.run {
            try await host.answers(to: [String](repeating: host.text(), count: 3), from: $0)
        }
        #expect(host.harness.metrics.count("cache_requests_total memory fake.asking hit") == 2)
        let metrics = String(decoding: MetricsText(host.registry.snapshot()).bytes, as: UTF8.self)
        #expect(
            metrics.contains(#"request_duration_seconds_count{method="GET",route="/api/v1/asking",status="200"} 3"#))
        #expect(metrics.contains("http_requests_in_progress 0"))
        #expect(host.sink.lines.count { $0.contains("request answered") && $0.contains("/api/v1/asking") } == 3)
        #expect(answers.allSatisfy { $0.fields["vary"] == "Origin" })
    }

    @Test("HEAD is logged with no bytes, whichever way it is answered")
    func headLogged() async throws {
        let host = try HitFixture()
        let heads = [host.text(method: "HEAD"), host.text(method: "HEAD", fields: ["TE: x"])]
        _ = try await host.run { server in
            _ = try await host.answers(to: [host.text()], from: server)
            return try await host.answers(to: heads, from: server, heads: true)
        }
        #expect(host.hits.value == 1)
        #expect(host.sink.lines.count { $0.contains(#""method":"HEAD""#) && $0.contains(#""bytes":"0""#) } == 2)
    }

    @Test("What is remembered of queries is bounded by what it takes, however long their targets are")
    func bounded() async throws {
        let host = try HitFixture()
        let total = 1_400
        let requests = (0..<total).map { host.text("/api/v1/asking?" + String(repeating: "&", count: 14_000 - $0)) }

        let text = try await host.run { server in
            try await RawClient(port: server.port).exchange(requests.map { Array($0.utf8) })
        }

        #expect(RawAnswer.all(in: text).count { $0.status == 200 } == total)
        #expect((100..<1_300).contains(host.harness.path.prepared.count))
    }

    @Test("While the host drains every answer asks its client to leave")
    func draining() async throws {
        let host = try HitFixture()
        let answers = try await host.run { server in
            _ = try await RawClient.send(host.text(), to: server.port)
            server.frontend.drain()
            return RawAnswer.all(in: try await RawClient.send(host.text(), to: server.port, closes: false))
        }
        #expect(answers.map(\.status) == [200] && answers.first?.fields["connection"] == "close")
    }
}
