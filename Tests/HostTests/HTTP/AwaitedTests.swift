import HTTPTypes
import NIOCore
import NIOHTTP1
import PluginAPI
import PluginTesting
import ServiceLifecycle
import Testing

@testable import Host

@Suite("Answers that are awaited on the event loop")
struct AwaitedTests {
    private static let volatile: Set<String> = ["ratelimit", "x-request-id", "date"]

    /// After something was asked once and became out of date.
    private func prepared(
        _ host: HitFixture, _ server: LiveServer.Handle, _ target: String = "/api/v1/asking"
    ) async throws {
        _ = try await RawClient.send(host.text(target), to: server.port)
        host.tokens.clock.advance(by: .seconds(11))
    }

    private func fixture(_ answer: @escaping @Sendable (Request) async throws -> Reply) throws -> HitFixture {
        try HitFixture(answer: answer)
    }

    private func metrics(_ host: HitFixture) -> String {
        String(decoding: MetricsText(host.registry.snapshot()).bytes, as: UTF8.self)
    }

    @Test(
        "What was asked before and is missing is built as the usual way builds it",
        arguments: ["GET", "HEAD"], [nil, "*", "\"no\"", "TAG"])
    func sameAnswer(method: String, condition: String?) async throws {
        let host = try HitFixture(answer: { Reply(body: Array(#"{"user":"\#($0.user)"}"#.utf8)) })
        let answers = try await host.run { server in
            let first = try await RawClient.send(host.text(), to: server.port)
            let tag = RawAnswer.all(in: first)[0].fields["etag"] ?? ""
            let fields = condition.map { ["If-None-Match: " + $0.replacing("TAG", with: tag)] } ?? []
            host.tokens.clock.advance(by: .seconds(11))
            let usual = host.text(method: method, fields: fields + ["Pragma: no-cache"])
            let answers = try await host.answers(to: [usual], from: server, heads: method == "HEAD")
            host.tokens.clock.advance(by: .seconds(11))
            let again = host.text(method: method, fields: fields)
            return answers + (try await host.answers(to: [again], from: server, heads: method == "HEAD"))
        }

        #expect(host.awaited.value == 1 && host.admitted.value == 2 && host.hits.value == 0)
        let (usual, awaited) = (answers[0], answers[1])
        #expect(usual.status == awaited.status && usual.body == awaited.body)
        #expect(Set(usual.fields.keys) == Set(awaited.fields.keys))
        for (name, value) in usual.fields where !Self.volatile.contains(name) {
            #expect(awaited.fields[name] == value, "\(name)")
        }
        #expect(awaited.fields["cache-status"] == "concord; fwd=uri-miss; stored")
    }

    @Test("It is counted, measured and logged like every answer, and never is one in progress")
    func reported() async throws {
        let host = try HitFixture()
        try await host.run { server in
            try await prepared(host, server)
            _ = try await RawClient.send(host.text(fields: ["X-Request-Id: awaited-1"]), to: server.port)
        }
        let text = metrics(host)
        #expect(host.awaited.value == 1)
        #expect(
            text.contains(
                #"request_duration_seconds_count{method="GET",route="/api/v1/asking",status="200"} 2"#))
        #expect(text.contains("http_requests_in_progress 0"))
        #expect(host.harness.metrics.count("cache_requests_total memory fake.asking miss") == 2)
        #expect(host.sink.lines.contains { $0.contains("awaited-1") && $0.contains("request answered") })
    }

    @Test("When the service cannot, the last good answer is given once more, then 503; either takes one call")
    func stale() async throws {
        let calls = Tally()
        let host = try fixture { request in
            guard calls.add() == 1 else { throw StorageError.unavailable(reason: "gone") }
            return Reply(body: Array("{}".utf8))
        }
        let answers = try await host.run { server in
            try await prepared(host, server)
            let stale = try await host.answers(to: [host.text()], from: server)
            host.tokens.clock.advance(by: .seconds(120))
            return stale + (try await host.answers(to: [host.text()], from: server))
        }

        #expect(answers.map(\.status) == [200, 503] && host.awaited.value == 2)
        #expect(answers[0].fields["cache-status"]?.hasSuffix("detail=stale-if-error") == true)
        #expect(answers[0].fields["age"] == "11" && answers[1].fields["retry-after"] != nil)
        #expect(calls.value == 3)
        for answer in answers {
            #expect(answer.fields["x-request-id"] != nil && answer.fields["ratelimit"] != nil)
            #expect(answer.fields["x-content-type-options"] == "nosniff")
        }
    }

    @Test("That there is nothing is said as by the usual way")
    func notFound() async throws {
        let calls = Tally()
        let host = try fixture { _ in
            guard calls.add() == 1 else { throw Problem.notFound("There is none.") }
            return Reply(body: Array("{}".utf8))
        }
        let answers = try await host.run { server in
            try await prepared(host, server)
            return try await host.answers(to: [host.text(), host.text(fields: ["Pragma: x"])], from: server)
        }
        #expect(answers.map(\.status) == [404, 404] && host.awaited.value == 1 && calls.value == 2)
        #expect(answers[0].body.contains("There is none.") && answers[1].body.contains("There is none."))
        #expect(Set(answers[0].fields.keys) == Set(answers[1].fields.keys))
    }

    @Test("What is never kept is built without being authorised again, for each who asks", arguments: ["GET", "HEAD"])
    func neverKept(method: String) async throws {
        let host = try HitFixture()
        let answers = try await host.run { server in
            let usual = host.text("/api/v1/fresh", method: method)
            let texts = [usual, usual, host.text("/api/v1/fresh", method: method, as: "bob"), usual]
            return try await host.answers(to: texts, from: server, heads: method == "HEAD")
        }

        #expect(host.admitted.value == 2 && host.awaited.value == 2 && host.hits.value == 0)
        #expect(answers.map(\.status) == [200, 200, 200, 200])
        #expect(answers[0].body == answers[1].body && answers[0].body != answers[2].body || method == "HEAD")
        for (name, value) in answers[0].fields where !Self.volatile.contains(name) {
            #expect(answers[1].fields[name] == value, "\(name)")
        }
        #expect(Set(answers[0].fields.keys) == Set(answers[1].fields.keys))
        #expect(answers[1].fields["cache-status"] == "concord; fwd=bypass")
        for result in ["hit", "miss", "join", "error"] {
            #expect(host.harness.metrics.count("cache_requests_total memory fake.fresh \(result)") == 0)
        }
        #expect(host.harness.metrics.count("module_calls_total fake fresh ok") == 4)
    }

    @Test("Once something is written about its user, what is never kept is authorised anew")
    func neverKeptAfterWrite() async throws {
        let host = try HitFixture()
        try await host.run { server in
            for isWritten in [false, false, true] {
                if isWritten { await host.harness.invalidations.invalidate([.user("ann")]) }
                _ = try await RawClient.send(host.text("/api/v1/fresh"), to: server.port)
            }
        }
        #expect(host.admitted.value == 2 && host.awaited.value == 1)
    }

    @Test("What a module has no room for is refused as by the usual way", arguments: ["GET", "HEAD"])
    func refusedAtHand(method: String) async throws {
        let (gate, reached) = (Gate(), Gate())
        let host = try HitFixture(adjust: {
            ($0.moduleLimits.usual.callsMax, $0.moduleLimits.usual.waitingMax) = (1, 0)
        }) { _ in
            reached.open()
            await gate.wait()
            return Reply(body: Array("{}".utf8))
        }
        let answers = try await host.run { server in
            _ = try await RawClient.send(host.text("/api/v1/fresh"), to: server.port)
            async let asking = RawClient.send(host.text(), to: server.port)
            await reached.wait()
            let texts = [[], ["Pragma: no-cache"]].map {
                host.text("/api/v1/fresh", method: method, fields: $0 + ["X-Request-Id: refused-1"])
            }
            let answers = try await host.answers(to: texts, from: server, heads: method == "HEAD")
            gate.open()
            _ = try await asking
            return answers
        }

        #expect(host.hits.value == 1 && host.awaited.value == 0 && host.admitted.value == 3)
        let (atHand, usual) = (answers[0], answers[1])
        #expect(usual.statusLine == "HTTP/1.1 503 Service Unavailable" && atHand.statusLine == usual.statusLine)
        #expect(Set(atHand.fields.keys) == Set(usual.fields.keys))
        for (name, value) in usual.fields where name != "ratelimit" && name != "date" {
            #expect(atHand.fields[name] == value, "\(name)")
        }
        #expect(atHand.body == usual.body && usual.body.isEmpty == (method == "HEAD"))
        #expect(usual.body.contains("Too many requests are waiting") || method == "HEAD")
        #expect(host.harness.metrics.count("module_calls_total fake fresh unavailable") == 2)
        #expect(host.harness.metrics.count("cache_requests_total memory fake.fresh error") == 0)
        #expect(host.sink.lines.count { $0.contains(#""status":"503""#) } == 2)
        #expect(metrics(host).contains("http_requests_in_progress 0"))
    }

    @Test("What fails is answered as by the usual way, and logged once each", arguments: ["GET", "HEAD"])
    func failed(method: String) async throws {
        let calls = Tally()
        let host = try HitFixture(fresh: { _ in
            if calls.add() > 1 { throw StorageError.statement("no such table") }
            return Reply(body: Array("{}".utf8))
        })
        let answers = try await host.run { server in
            _ = try await RawClient.send(host.text("/api/v1/fresh"), to: server.port)
            let texts = [[], ["Pragma: no-cache"]].map {
                host.text("/api/v1/fresh", method: method, fields: $0 + ["X-Request-Id: failed-1"])
            }
            return try await host.answers(to: texts, from: server, heads: method == "HEAD")
        }
        let (awaited, usual) = (answers[0], answers[1])
        #expect(host.awaited.value == 1 && host.admitted.value == 2)
        #expect(usual.status == 500 && awaited.statusLine == usual.statusLine && awaited.body == usual.body)
        #expect(Set(awaited.fields.keys) == Set(usual.fields.keys))
        for (name, value) in usual.fields where name != "ratelimit" && name != "date" {
            #expect(awaited.fields[name] == value, "\(name)")
        }
        #expect(host.harness.log.all.count { $0.contains("operation failed") && $0.contains("failed-1") } == 2)
        #expect(host.sink.lines.count { $0.contains(#""status":"500""#) } == 2)
        #expect(metrics(host).contains("http_requests_in_progress 0") && metrics(host).contains("errors_total 2"))
    }

    @Test("What a module would refuse is refused before anything is begun", arguments: [true, false])
    func refusedBeforeBegun(isFull: Bool) async throws {
        let (gate, reached) = (Gate(), Gate())
        let host = try HitFixture(adjust: {
            ($0.moduleLimits.usual.callsMax, $0.moduleLimits.usual.waitingMax) = (1, 0)
            ($0.moduleLimits.usual.failuresMax, $0.moduleLimits.usual.pause) = (1, .seconds(3_600))
        }) { _ in
            reached.open()
            await gate.wait()
            throw CancellationError()
        }
        let answers: [RawAnswer] = try await host.run { server in
            _ = try await RawClient.send(host.text("/api/v1/fresh"), to: server.port)
            async let asking = RawClient.send(host.text(), to: server.port)
            await reached.wait()
            if !isFull {
                gate.open()
                _ = try await asking
            }
            let head = HTTPRequestHead(
                version: .http1_1, method: .GET, uri: "/api/v1/fresh",
                headers: ["Host": "h", "Authorization": "Bearer \(host.token())"])
            let writer = AnswerWriter()
            guard case .written = host.pipeline.immediate(head, peer: "peer", to: writer) else { return [] }
            gate.open()
            _ = try await asking
            return RawAnswer.all(in: String(buffer: writer.answer.buffer))
        }
        #expect(answers.map(\.status) == [503])
        // What is left of the pause, or soon.
        let seconds = try #require(answers.first?.fields["retry-after"].flatMap { Int($0) })
        #expect(isFull ? seconds == 1 : (1...3_600).contains(seconds) && seconds > 1)
        #expect(answers.first?.body.contains(isFull ? "are waiting" : "calls have failed") == true)
    }

    @Test("A time that counts from now is read anew")
    func relative() async throws {
        let host = try fixture { request in
            Reply(body: Array(#"{"from":"\#(request.time("from")?.description ?? "none")"}"#.utf8))
        }
        let target = "/api/v1/asking?from=-1h"
        let answers = try await host.run { server in
            try await prepared(host, server, target)
            return try await host.answers(to: [host.text(target)], from: server)
        }
        let now = host.tokens.clock.now
        #expect(host.awaited.value == 0)
        #expect(answers[0].body == #"{"from":"\#((now - .seconds(3_600)).description)"}"#)
    }

    @Test("Many who ask for what is missing share one call, and those who may not do not")
    func shared() async throws {
        let (gate, reached) = (Gate(), Gate())
        let calls = Tally()
        let host = try fixture { request in
            if calls.add() > 2 {
                reached.open()
                await gate.wait()
            }
            return Reply(body: Array(#"{"user":"\#(request.user)"}"#.utf8))
        }
        let bodies = try await host.run { server in
            _ = try await RawClient.send(host.text(as: "bob"), to: server.port)
            try await prepared(host, server)
            return try await withThrowingTaskGroup(of: String.self) { group in
                for number in 0..<40 {
                    let text = host.text(as: number.isMultiple(of: 2) ? "ann" : "bob")
                    group.addTask { RawAnswer.all(in: try await RawClient.send(text, to: server.port))[0].body }
                }
                await reached.wait()
                while host.awaited.value < 40 { try await Task.sleep(for: .milliseconds(1)) }
                gate.open()
                return try await group.reduce(into: []) { $0.append($1) }
            }
        }
        #expect(calls.value == 4)
        #expect(bodies.sorted() == (0..<40).map { #"{"user":"\#($0 < 20 ? "ann" : "bob")"}"# })
    }

    @Test(
        "While the host drains it is finished, and the connection ends with it, whatever comes behind",
        arguments: [true, false], [true, false])
    func drain(isPrepared: Bool, isBehindGood: Bool) async throws {
        let (gate, reached) = (Gate(), Gate())
        let calls = Tally()
        let host = try fixture { _ in
            if calls.add() > (isPrepared ? 1 : 0) {
                reached.open()
                await gate.wait()
            }
            return Reply(body: Array("{}".utf8))
        }
        let text = try await host.run { server in
            if isPrepared { try await prepared(host, server) }
            let client = try await RawClient(port: server.port)
            // A second one behind it, which the client has to ask for again elsewhere.
            let text = host.text() + (isBehindGood ? host.text() : "\u{1}\u{2} nonsense\r\n\r\n")
            async let answer = client.exchange([Array(text.utf8)], closes: false)
            await reached.wait()
            server.frontend.drain()
            await server.group.triggerGracefulShutdown()
            gate.open()
            return try await answer
        }
        let answers = RawAnswer.all(in: text)
        #expect(host.awaited.value == (isPrepared ? 1 : 0))
        #expect(answers.map(\.status) == [200] && answers[0].fields["connection"] == "close")
        // Nor is it counted.
        #expect(!host.sink.lines.contains { $0.contains("unmatched") })
    }

    @Test("What is malformed behind it is refused after it", arguments: [true, false])
    func garbageBehind(isPrepared: Bool) async throws {
        let gate = Gate()
        let calls = Tally()
        let host = try fixture { _ in
            if calls.add() > (isPrepared ? 1 : 0) { await gate.wait() }
            return Reply(body: Array("{}".utf8))
        }
        let text = try await host.run { server in
            if isPrepared { try await prepared(host, server) }
            let client = try await RawClient(port: server.port)
            async let answer = client.exchange(
                [Array((host.text() + "\u{1}\u{2} nonsense\r\n\r\n").utf8)], closes: false)
            while calls.value < (isPrepared ? 2 : 1) { try await Task.sleep(for: .milliseconds(1)) }
            try await Task.sleep(for: .milliseconds(20))
            gate.open()
            return try await answer
        }
        #expect(RawAnswer.all(in: text).map(\.status) == [200, 400])
    }

    @Test("A client that has sent everything still gets its answers, and one that has gone is no trouble")
    func clientEnds() async throws {
        let gate = Gate()
        let host = try fixture { _ in
            await gate.wait()
            return Reply(body: Array("{}".utf8))
        }
        let text = try await host.run { server in
            let client = try await RawClient(port: server.port)
            async let answer = client.exchange([Array((host.text() + host.text("/nothing")).utf8)], closes: true)
            let gone = try await RawClient(port: server.port)
            try await gone.sendUnread(Array(host.text("/api/v1/asking?limit=1").utf8)) {
                while host.admitted.value < 2 { try await Task.sleep(for: .milliseconds(1)) }
            }
            gate.open()
            return try await answer
        }
        #expect(RawAnswer.all(in: text).map(\.status) == [200, 404])
        while !metrics(host).contains("http_requests_in_progress 0") { try await Task.sleep(for: .milliseconds(5)) }
    }

    @Test(
        "A client that has sent everything gets the whole of a long answer, however late it reads",
        arguments: ["", "Connection: close"], [true, false])
    func longAnswer(field: String, isKept: Bool) async throws {
        let bytes = 6 << 20
        let host = try fixture { _ in Reply(body: Array(repeating: UInt8(ascii: "7"), count: bytes)) }
        let text = host.text(fields: field.isEmpty ? [] : [field])
        let answer = try await host.run(limits: HTTPLimits(lingerTimeout: .seconds(20))) { server in
            if isKept { _ = try await RawClient.send(host.text(), to: server.port) }
            return try await RawClient(port: server.port).exchangeLate(text) {
                try await Task.sleep(for: .milliseconds(300))
            }
        }
        #expect(RawAnswer.all(in: answer).map { $0.body.utf8.count } == [bytes])
    }
}
