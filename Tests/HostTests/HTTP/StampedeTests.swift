import NIOCore
import PluginAPI
import Testing

@testable import Host

/// Many clients that miss the same answer at the same moment, over real sockets.
struct StampedeTests {
    private static let clientsTotal = 1_000

    @Test("A thousand sockets that miss one key at once cause one call, whoever they belong to")
    func oneCall() async throws {
        let (calls, gate) = (Tally(), Door())
        let host = try HitFixture(answer: { request in
            let number = calls.add()
            await gate.pass()
            return Reply(body: Array(#"{"user":"\#(request.user)","call":\#(number)}"#.utf8))
        })
        // Owner, agent and operator share what is about one account.
        let tokens = [
            #"{"sub":"ann","role":"user"}"#, #"{"sub":"bot","role":"agent","accounts":["a1"]}"#,
            #"{"sub":"root","role":"operator"}"#,
        ].map(host.tokens.token)

        let answers = try await host.run { server in
            try await withThrowingTaskGroup(of: String.self) { group in
                for number in 0..<Self.clientsTotal {
                    let text = Self.request(with: tokens[number % tokens.count])
                    group.addTask { try await RawClient.send(text, to: server.port) }
                }
                let end = ContinuousClock.now + .seconds(60)
                while host.harness.path.flights.waiters < Self.clientsTotal, ContinuousClock.now < end {
                    try await Task.sleep(for: .milliseconds(5))
                }
                gate.open()
                return try await group.reduce(into: []) { $0 += RawAnswer.all(in: $1) }
            }
        }

        #expect(calls.value == 1)
        #expect(answers.count == Self.clientsTotal)
        #expect(answers.allSatisfy { $0.status == 200 && $0.body == #"{"user":"ann","call":1}"# })
        let collapsed = answers.filter { $0.fields["cache-status"] == "concord; fwd=uri-miss; collapsed" }
        #expect(collapsed.count == Self.clientsTotal - 1)
        let metrics = host.harness.metrics
        #expect(metrics.count("cache_requests_total memory fake.asking miss") == 1)
        #expect(metrics.count("cache_requests_total memory fake.asking join") == Self.clientsTotal - 1)
        #expect(metrics.count("module_calls_total fake asking ok") == 1)
    }

    private static func request(with token: String) -> String {
        "GET /api/v1/asking?account_id=a1 HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer \(token)\r\n\r\n"
    }
}
