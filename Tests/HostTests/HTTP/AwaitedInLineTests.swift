import HTTPTypes
import NIOHTTP1
import PluginAPI
import Testing

@testable import Host

@Suite("Answers that have stood in line before they were begun")
struct AwaitedInLineTests {
    private func metrics(_ host: HitFixture) -> String {
        String(decoding: MetricsText(host.registry.snapshot()).bytes, as: UTF8.self)
    }

    /// A query that is never kept, after it was asked once.
    private func standing(_ host: HitFixture, _ server: LiveServer.Handle) async throws -> AwaitedAnswer {
        _ = try await RawClient.send(host.text("/api/v1/fresh"), to: server.port)
        let head = HTTPRequestHead(
            version: .http1_1, method: .GET, uri: "/api/v1/fresh",
            headers: ["Host": "h", "Authorization": "Bearer \(host.token())"])
        guard case .awaited(let awaited) = host.pipeline.immediate(head, peer: "peer", to: AnswerWriter()) else {
            throw CancellationError()
        }
        return awaited
    }

    @Test(
        "What has stood in line too long, or has no room there, is refused without a call",
        arguments: [
            (CrowdedStarts.Course.begin, "longer than a request may take"),
            (.refuse, "Too many requests are waiting"),
        ])
    func refusedInLine(course: CrowdedStarts.Course, words: String) async throws {
        let calls = Tally()
        let host = try HitFixture(
            adjust: { if course == .begin { $0.callTimeout = .zero } },
            fresh: { _ in
                calls.add()
                return Reply(body: Array("{}".utf8))
            })
        let made = Locked<[PlainRefusal]>([])
        let before = try await host.run { server in
            let awaited = try await standing(host, server)
            #expect(metrics(host).contains("http_requests_in_progress 1"))
            let before = calls.value
            let isCalled = awaited.begin(course) { answer in
                if case .refusal(let refusal) = answer { made.change { $0.append(refusal) } }
            }
            #expect(!isCalled)
            return before
        }
        #expect(made.value.map(\.problem.status) == [503] && calls.value == before)
        #expect(made.value.first?.problem.detail.contains(words) == true)
        #expect(metrics(host).contains("http_requests_in_progress 0"))
    }

    @Test("Who has gone while they stood in line is in progress no more, and nobody is called for them")
    func gone() async throws {
        let host = try HitFixture()
        try await host.run { server in
            let awaited = try await standing(host, server)
            #expect(!awaited.abandon())
        }
        #expect(metrics(host).contains("http_requests_in_progress 0"))
        #expect(host.harness.metrics.count("module_calls_total fake fresh ok") == 1)
    }

    @Test("Of a dynamic module's own requests, those that are answered at hand are counted, too, and no others")
    func asked() async throws {
        let host = try HitFixture(threads: OwnThreads(of: "fake"))
        let gate = host.harness.path.operations.first { $0.template == "/api/v1/fresh" }?.gate
        let others = try await host.run { server in
            let awaited = try await standing(host, server)
            let afterOne = gate?.others(ofAll: 1)
            _ = awaited.abandon()
            for _ in 0..<3 { _ = try await host.answers(to: [host.text()], from: server) }
            return (afterOne, gate?.others(ofAll: 3))
        }
        // The first of each had to be authorised.
        #expect(host.awaited.value == 0 && host.hits.value == 2)
        #expect(others.0 == 0 && others.1 == 0)
    }

    @Test("What stands in line for a module that was disabled meanwhile is told so, without a call and counted as none")
    func disabledInLine() async throws {
        let status = Locked(ModuleStatus.ok)
        let host = try HitFixture(status: status.value)
        let made = Locked<[PlainRefusal]>([])
        try await host.run { server in
            let awaited = try await standing(host, server)
            status.change { $0 = .disabled }
            let isCalled = awaited.begin { answer in
                if case .refusal(let refusal) = answer { made.change { $0.append(refusal) } }
            }
            #expect(!isCalled)
        }
        #expect(made.value.first?.problem.detail.contains("disabled by an operator") == true)
        #expect(metrics(host).contains("http_requests_in_progress 0"))
        #expect(host.harness.metrics.count("module_calls_total fake fresh ok") == 1)
        #expect(host.harness.metrics.count("module_calls_total fake fresh unavailable") == 0)
    }

    @Test("Who may have lost the right to ask while they stood in line is authorised anew")
    func changedInLine() async throws {
        let host = try HitFixture()
        let statuses = try await host.run { server in
            let awaited = try await standing(host, server)
            await host.harness.invalidations.invalidate([.user("ann")])
            return await withCheckedContinuation { continuation in
                _ = awaited.begin { answer in
                    guard case .answer(let answer) = answer else { return continuation.resume(returning: 0) }
                    continuation.resume(returning: answer.status.code)
                }
            }
        }
        #expect(statuses == 200)
    }
}
