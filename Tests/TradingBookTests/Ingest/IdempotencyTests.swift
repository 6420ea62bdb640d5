import PluginAPI
import PluginTesting
import Testing

@testable import TradingBook

@Suite("Idempotency keys")
struct IdempotencyTests {
    @Test("The same call under a key gets the same bytes for a day")
    func replay() async throws {
        let stage = RecordingStage()
        try await BookFixture.run(stages: [stage]) { book in
            let first = try await book.text("snapshots", snapshotBody(), key: "k-1")
            let second = try await book.text("snapshots", snapshotBody(), key: "k-1")
            book.clock.advance(by: .seconds(86_400))
            let nextDay = try await book.text("snapshots", snapshotBody(), key: "k-1")

            #expect(second == first)
            #expect(nextDay == first.replacing(#""duplicate":false"#, with: #""duplicate":true"#))
            #expect(stage.changes.count == 1)
        }
    }

    @Test("Another body under the key is a conflict and changes nothing")
    func otherBody() async throws {
        try await BookFixture.run { book in
            _ = try await book.call("snapshots", snapshotBody(), key: "k-1")
            let before = try await book.counts()

            let problem = try await book.refusal("snapshots", snapshotBody(tickets: [9]), key: "k-1")

            #expect(problem.status == 409)
            #expect(try await book.counts() == before)
        }
    }

    @Test("A key belongs to its sender and its route")
    func binding() async throws {
        try await BookFixture.run { book in
            let other = Caller(subject: "agent-2", role: .agent, grant: .all)
            _ = try await book.call("trades", "[]", key: "k-1")

            let route = try await book.text("signals", "[ ]", key: "k-1")
            let sender = try await book.text("trades", "[ ]", by: other, key: "k-1")

            #expect(route == sender)
        }
    }

    @Test("A refused call does not use its key up")
    func refused() async throws {
        try await BookFixture.run { book in
            _ = try await book.refusal("snapshots", snapshotBody().replacing("acc-1", with: "acc-9"), key: "k-1")

            _ = try await book.call("snapshots", snapshotBody(), key: "k-1")

            #expect(try await book.count("snapshots") == 1)
        }
    }

    @Test("A key is 1 to 255 printable characters", arguments: ["", "a b", "é", String(repeating: "x", count: 256)])
    func malformed(key: String) async throws {
        try await BookFixture.run { book in
            let problem = try await book.refusal("snapshots", snapshotBody(), key: key)

            #expect(problem.status == 400)
        }
    }
}
