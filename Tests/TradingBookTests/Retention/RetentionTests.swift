import PluginAPI
import PluginTesting
import Testing

@testable import TradingBook

@Suite("Keeping and removing")
struct RetentionTests {
    private static let day: Duration = .seconds(86_400)

    @Test("A snapshot's content goes after its time; its digest, its answer and its equity stay")
    func snapshots() async throws {
        try await BookFixture.run(stages: [RecordingStage()], configuration: Self.keeping()) { book in
            let first = try await book.text("snapshots", snapshotBody())
            book.clock.advance(by: Self.day)
            _ = try await book.text("snapshots", snapshotBody(at: "2026-01-05T11:00:00Z", tickets: [1]))
            book.clock.advance(by: Self.day * 6 + .microseconds(1))
            let before = try await book.equity()
            try await book.runDue()

            #expect(try await book.kept() == [false, true])
            #expect(try await book.rows("SELECT content FROM snapshots WHERE sequence = 1").first?.json(0) == "{}")
            let repeated = try await book.text("snapshots", snapshotBody())
            #expect(repeated == first.replacing(#""duplicate":false"#, with: #""duplicate":true"#))
            #expect(try await book.count("snapshots") == 2)
            #expect(try await book.equity() == before)
        }
    }

    @Test("An account's current and newest snapshots keep their content however old they are, and can be run again")
    func newest() async throws {
        try await BookFixture.run(stages: [RecordingStage()], configuration: Self.keeping()) { book in
            for minute in 0...2 {
                _ = try await book.text("snapshots", snapshotBody(at: "2026-01-05T09:5\(minute):00Z"))
            }
            let failed =
                #"{"account_id":"acc-1","as_of":"2026-01-05T09:53:00Z","completeness":"failed","error":"x","positions":[]}"#
            _ = try await book.text("snapshots", failed)
            book.clock.advance(by: Self.day * 1_000)
            try await book.runDue()

            #expect(try await book.kept() == [false, false, true, true])
            let request = Request(caller: BookFixture.agent, now: book.clock.now, cursors: NoCursors())
            _ = try await book.book.rerun(account: "acc-1", request: request)
        }
    }

    @Test("The job goes through everything in small transactions, past what has to stay", arguments: [1, 2, 3, 500])
    func batches(rows: Int) async throws {
        try await BookFixture.run(stages: [RecordingStage()]) { book in
            for account in ["a", "b", "c"] {
                try await book.put(account, book.account(user: "user-1"))
                for minute in 0...2 {
                    let body = snapshotBody(at: "2026-01-05T09:5\(minute):00Z").replacing("acc-1", with: account)
                    _ = try await book.text("snapshots", body)
                }
            }
            book.clock.advance(by: Self.day * 8)
            var retention = book.book.retention
            retention.rowsPerTransaction = rows
            var settings = RetentionSettings()
            settings.snapshots = Self.day * 7

            try await retention.run(Sweep.ofBook(settings), at: book.clock.now, deadline: .now + .seconds(60))

            #expect(try await book.kept().count { $0 } == 3)
            #expect(try await book.kept().count { !$0 } == 6)
        }
    }

    @Test("Without a period nothing is removed but idempotency keys that have had their day")
    func keep() async throws {
        try await BookFixture.run(stages: [RecordingStage()]) { book in
            _ = try await book.text("snapshots", snapshotBody(), key: "k-1")
            _ = try await book.text("snapshots", snapshotBody(at: "2026-01-05T10:01:00Z"), key: "k-2")
            book.clock.advance(by: Self.day - .seconds(1))
            try await book.runDue()
            #expect(try await book.count("idempotency_keys") == 2)
            book.clock.advance(by: .seconds(3_600))
            try await book.runDue()

            #expect(try await book.count("idempotency_keys") == 0)
            #expect(try await book.kept() == [true, true])
            #expect(try await book.count("audit_logs") == 1)
        }
    }

    @Test("The audit log goes where a period is set for it")
    func audit() async throws {
        try await BookFixture.run(configuration: Self.keeping(audit: .duration(Self.day))) { book in
            book.clock.advance(by: Self.day)
            try await book.put("acc-2", book.account(user: "user-1"))
            book.clock.advance(by: .microseconds(1))
            try await book.runDue()

            let objects = try await book.rows("SELECT object FROM audit_logs").map { $0.text(0) }
            #expect(objects == ["account:acc-2"])
        }
    }

    @Test("Out of time it stops between two transactions, and goes on at the next call")
    func interrupted() async throws {
        try await BookFixture.run(stages: [RecordingStage()], configuration: Self.keeping()) { book in
            for minute in 0...1 {
                _ = try await book.text("snapshots", snapshotBody(at: "2026-01-05T09:5\(minute):00Z"))
            }
            book.clock.advance(by: Self.day * 8)
            // Enough to claim the job and give it back, and for no sweep.
            var retention = book.book.retention
            retention.reserve = .seconds(60)
            try await retention.run(
                Sweep.ofBook(book.book.retentionSettings), at: book.clock.now, deadline: .now + .seconds(59))
            #expect(try await book.kept() == [true, true])

            try await book.runDue()

            #expect(try await book.kept() == [false, true])
        }
    }

    private static func keeping(audit: ConfigurationValue = .text("keep")) -> ModuleConfiguration {
        ModuleConfiguration([
            "retention": .mapping([
                "snapshots": .duration(day * 7), "runs": .duration(day * 400), "logs": .duration(day * 400),
                "audit": audit,
            ])
        ])
    }
}

extension BookFixture {
    fileprivate func runDue() async throws {
        try await book.runDue(at: clock.now, deadline: .now + .seconds(60))
    }

    /// Whether each snapshot has its content, in the order in which they arrived.
    fileprivate func kept() async throws -> [Bool] {
        let rows = try await rows("SELECT is_content_kept, content FROM snapshots ORDER BY account_id, sequence")
        for row in rows { #expect((row.json(1) == "{}") == (row.boolean(0) == false)) }
        return rows.compactMap { $0.boolean(0) }
    }

    fileprivate func equity() async throws -> String {
        let parameters: [String: Value] = ["id": .text("acc-1"), "points": .integer(100)]
        return try await text("equity", parameters: parameters)
    }
}
