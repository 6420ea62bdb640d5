import PluginAPI
import PluginTesting
import Testing
import TradingBook

@testable import Reconciliation

@Suite("What the reconciliation removes")
struct RetentionTests {
    private static let day: Duration = .seconds(86_400)

    @Test("Log rows and breaks long resolved go with their history; runs stay")
    func old() async throws {
        try await Desk.with(interval: "manual", retention: Self.periods) { desk in
            try await desk.expect(volume: "0.2")
            let found = try await desk.see()
            try await desk.expect(volume: "0.1")
            try await desk.see()
            desk.clock.advance(by: Self.day * 30)
            try await desk.keepHouse()
            #expect(try await desk.counted() == [1, 2, 4, 2])
            desk.clock.advance(by: Self.day * 10 + .microseconds(1))
            _ = desk.announced.take()
            try await desk.keepHouse()

            #expect(try await desk.counted() == [0, 0, 0, 2])
            #expect(desk.announced.take() == [.module("reconciliation"), .module("reconciliation")])
            let run = try await desk.ask("run", ["run_id": .text(found["run_id"]?.text ?? "")])
            #expect(run["verdict"]?.text == "breaks")
        }
    }

    @Test("A break that is not resolved stays with all its history; so does an accepted one while it is there")
    func living() async throws {
        try await Desk.with(interval: "manual", retention: Self.periods) { desk in
            try await desk.openAccount("open", interval: "manual")
            try await desk.openAccount("accepted", interval: "manual")
            for account in ["open", "accepted"] {
                try await desk.expect(volume: "0.2", in: account)
                try await desk.see(account)
            }
            try await desk.act(
                "resolve", #"{"resolution": "accepted", "note": "n"}"#, on: Desk.breakID("accepted"))
            desk.clock.advance(by: Self.day * 1_000)
            // A partial snapshot shows nothing missing, so it takes the acceptance from nobody.
            try await desk.post(
                snapshot: """
                    {"account_id":"accepted","as_of":"\(desk.clock.now)","completeness":"partial","positions":[]}
                    """)
            try await desk.keepHouse()
            #expect(try await desk.history("open").count == 1)
            #expect(try await desk.history("accepted").count == 2)

            // Not there any more, it has had its time.
            try await desk.expect(volume: "0.1", in: "accepted")
            try await desk.see("accepted")
            desk.clock.advance(by: .seconds(3_600))
            try await desk.keepHouse()
            #expect(try await desk.counted()[0] == 1)
            #expect(try await desk.history("open").count == 1)
        }
    }

    @Test("A break that comes back after its history was removed begins anew under its old ID")
    func anew() async throws {
        try await Desk.with(interval: "manual", retention: Self.periods) { desk in
            try await desk.expect(volume: "0.2")
            try await desk.see()
            try await desk.expect(volume: "0.1")
            try await desk.see()
            desk.clock.advance(by: Self.day * 50)
            try await desk.keepHouse()

            try await desk.expect(volume: "0.2")
            try await desk.see()

            #expect(try await desk.history() == ["null opened open"])
        }
    }

    private static let periods = ConfigurationValue.mapping([
        "snapshots": .duration(day * 7), "runs": .duration(day * 40), "logs": .duration(day * 40),
        "audit": .text("keep"),
    ])
}

extension Desk {
    /// Does the book's hourly job.
    fileprivate func keepHouse() async throws {
        try await book.runDue(at: clock.now, deadline: .now + .seconds(60))
    }

    /// How many breaks, steps, log rows and runs there are.
    fileprivate func counted() async throws -> [Int64?] {
        var counts: [Int64?] = []
        for table in ["breaks", "break_events", "reconciliation_logs", "runs"] {
            counts.append(
                try await storage.rows(SQL(parts: [.text("SELECT count(*) FROM \(table)")])).first?.integer(0))
        }
        return counts
    }
}
