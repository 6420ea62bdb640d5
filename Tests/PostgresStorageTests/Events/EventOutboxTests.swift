import PluginAPI
import PluginTesting
import Testing
import TradingBook

@testable import Host

extension AllTests {
    @Suite("Events are written with what they tell of, on both storages")
    struct EventOutboxTests {
        @Test("Nothing is written while nobody observes", arguments: SQLDialect.allCases)
        func nobody(_ dialect: SQLDialect) async throws {
            try await EventDesk.with(dialect) { desk in
                let host = try desk.host(observing: [])

                try await host.see(equity: 10_000, tickets: [1])
                try await host.see(equity: 1_000, tickets: [1])

                #expect(try await desk.count("event_outbox") == 0)
            }
        }

        @Test(
            "A command that is repeated tells nothing twice, and one that fails tells nothing",
            arguments: SQLDialect.allCases)
        func repeats(_ dialect: SQLDialect) async throws {
            try await EventDesk.with(dialect) { desk in
                let host = try desk.host()
                try await host.see(equity: 10_000)
                let before = try await desk.count("event_outbox")

                let again = try await host.see(equity: 10_000)
                let refused = try await host.see(equity: 10_001, tickets: [-1])

                #expect(again.contains(#""duplicate":true"#), "\(again)")
                #expect(refused.contains("422"), "\(refused)")
                #expect(before == 3)
                #expect(try await desk.count("event_outbox") == before)
            }
        }

        @Test(
            "A trip is told of before its countdown, and the close commands are in the transaction that tells of them",
            arguments: SQLDialect.allCases)
        func liquidation(_ dialect: SQLDialect) async throws {
            try await EventDesk.with(dialect) { desk in
                let host = try desk.host(observing: [.guardChanged])
                try await host.see(equity: 10_000, tickets: [1, 2])
                try await host.see(equity: 5_000, tickets: [1, 2])
                #expect(try await changes(desk) == ["drawdown state", "drawdown tripped"])
                #expect(try await desk.count("close_commands") == 0)

                desk.clock.advance(by: .seconds(10))
                try await host.desk.runDue()

                #expect(try await changes(desk) == ["drawdown state", "drawdown tripped", "drawdown liquidation"])
                #expect(try await desk.count("close_commands") == 2)
                let written = try await desk.storage.rows(
                    "SELECT (SELECT max(at) FROM event_outbox) = (SELECT min(created_at) FROM close_commands) AS same")
                #expect(written.first?.boolean(0) == true)

                _ = try await host.desk.send("release", #"{"note": "seen"}"#, ["account": .text("acc")])
                #expect(try await changes(desk).last == "drawdown released")
            }
        }

        @Test("Each step of an open break is told of: by a run, by time, by hand", arguments: SQLDialect.allCases)
        func breaks(_ dialect: SQLDialect) async throws {
            try await EventDesk.with(dialect) { desk in
                let host = try desk.host(observing: [.breakChanged, .runFinished])
                // Pending for the grace of 20 seconds: nobody is told of it.
                try await host.see(equity: 10_000, tickets: [1])
                #expect(try await steps(desk) == ["run.finished"])

                desk.clock.advance(by: .seconds(20))
                try await host.desk.runDue()
                let id = try #require(try await desk.column("SELECT break_id FROM breaks").first)
                _ = try await host.desk.send("acknowledgeBreak", #"{"note": "mine"}"#, ["break_id": .text(id)])
                desk.clock.advance(by: .seconds(1))
                try await host.see(equity: 10_000)

                #expect(
                    try await steps(desk) == ["run.finished", "opened", "acknowledged", "resolved", "run.finished"])
            }
        }

        @Test(
            "What nobody takes is removed when it is too old, and what came after it is delivered",
            arguments: SQLDialect.allCases)
        func retention(_ dialect: SQLDialect) async throws {
            try await EventDesk.with(dialect) { desk in
                let receiver = Receiver { event in
                    if event.isOf(equity: 1_000) { throw EventNotTaken.tryAgain(after: .seconds(3_600), reason: "no") }
                }
                let host = try desk.host(observing: [.snapshotStored], attemptsMax: 100, receiver)
                try await host.see(equity: 1_000)
                // Until its next try has been put off.
                try await host.deliver { try await desk.column("SELECT last_error FROM event_outbox").count == 1 }
                desk.clock.advance(by: .seconds(3_000))
                try await host.see(equity: 2_000)
                // Parked behind the first.
                #expect(try await host.claim().isEmpty)
                desk.clock.advance(by: .seconds(84_000))

                try await host.desk.runDue()

                #expect(try await desk.count("event_outbox") == 1)
                try await host.deliver { try await desk.count("event_outbox") == 0 }
                #expect(receiver.taken.map { $0.isOf(equity: 2_000) } == [true])
            }
        }

        @Test(
            "Events removed for their age while a host delivers keep nobody waiting", arguments: SQLDialect.allCases)
        func removedMeanwhile(_ dialect: SQLDialect) async throws {
            try await EventDesk.with(dialect) { desk in
                let host = try desk.host(observing: [.snapshotStored])
                for equity in 1...3 { try await host.see(equity: equity * 1_000) }
                let claim = try #require(try await host.claim().first)
                #expect(claim.events.count == 3)
                let second = claim.events[1].number
                try await desk.storage.transaction { transaction in
                    try transaction.execute("DELETE FROM event_outbox WHERE number = \(second)")
                }
                let later = desk.clock.now + .seconds(3_600)
                try await host.settle(claim, .init(taken: 1, ending: .failed(tryAgainAt: later, reason: "no")))

                let next = try #require(try await host.claim().first)
                #expect(next.events.map { $0.isOf(equity: 3_000) } == [true])
            }
        }

        private func changes(_ desk: EventDesk) async throws -> [String] {
            try await desk.storage.rows("SELECT data FROM event_outbox ORDER BY number").map { row in
                let data = try JSONValue(parsing: Array((row.json(0) ?? "").utf8))
                return "\(data["guard"]?.text ?? "") \(data["change"]?.text ?? "")"
            }
        }

        private func steps(_ desk: EventDesk) async throws -> [String] {
            try await desk.storage.rows("SELECT kind, data FROM event_outbox ORDER BY number").map { row in
                let data = try JSONValue(parsing: Array((row.json(1) ?? "").utf8))
                return data["change"]?.text ?? row.text(0) ?? ""
            }
        }
    }
}
