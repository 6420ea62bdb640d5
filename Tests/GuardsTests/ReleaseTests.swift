import PluginAPI
import PluginTesting
import Testing
import TradingBook

@testable import Guards

@Suite("Releasing a tripped guard")
struct ReleaseTests {
    @Test("The equity last seen is the peak, the latch ends, and commands that are not confirmed expire")
    func release() async throws {
        try await Desk.with { desk in
            try await desk.tripAndWrite(tickets: [1, 2, 3])
            let leased = try await desk.lease(limit: 2)
            let confirmed = try #require(leased.first?["id"]?.text)
            let held = try #require(leased.last?["id"]?.text)
            try await desk.confirm(confirmed, at: desk.clock.now)

            let reply = try await desk.release()

            #expect(reply["state"]?.text == "ok")
            #expect(reply["peak_equity"]?.text == "5000.00")
            #expect(reply["should_close_all"]?.text == "false")
            #expect(reply["liquidation_at"] == .null)
            #expect(reply == (try await desk.ask("drawdown")))
            #expect(try await desk.commands().map { $0["status"]?.text } == ["confirmed", "expired", "expired"])
            #expect(try await desk.commands("expired").first?["detail"]?.text == "the guard was released")
            let late = try await desk.refusal("confirmCloseCommand", desk.closing(at: desk.clock.now), id: held)
            #expect(late.status == 409)
        }
    }

    @Test("In the countdown it prevents every command")
    func inCountdown() async throws {
        try await Desk.with { desk in
            try await desk.trip(tickets: [1])
            try await desk.release()

            try await desk.wait(.seconds(60))

            #expect(try await desk.commands().isEmpty)
        }
    }

    @Test("The history says when, by whom and why; the audit log what was before and after")
    func records() async throws {
        try await Desk.with { desk in
            try await desk.trip(tickets: [1])
            let tripID = try await desk.trips().first?["id"]?.text

            try await desk.release(#"{"note": "deposit was late"}"#)

            let trip = try #require(try await desk.trips().first)
            #expect(trip["released_at"]?.text == "\(desk.clock.now)")
            #expect(trip["released_by"]?.text == "root")
            #expect(trip["note"]?.text == "deposit was late")
            let entry = try #require(
                try await desk.storage.rows("SELECT * FROM audit_logs WHERE action = 'guard.release'").first)
            #expect(entry.text("actor") == "root")
            #expect(entry.text("object") == "account:acc")
            #expect(entry.text("request_id") == "r-9")
            let before = try JSONValue(parsing: (entry.json("before") ?? "").utf8)
            let after = try JSONValue(parsing: (entry.json("after") ?? "").utf8)
            #expect(before["state"]?.text == "tripped")
            #expect(before["peak_equity"]?.text == "10000")
            #expect(before["trip_id"]?.text == tripID)
            #expect(after["state"]?.text == "ok")
            #expect(after["peak_equity"]?.text == "5000")
            #expect(after["trip_id"] == .null)
            #expect(after["note"]?.text == "deposit was late")
            #expect(after["commands_expired"]?.text == "0")
        }
    }

    @Test("Afterwards the guard may trip again, as a trip of its own with commands of its own")
    func again() async throws {
        try await Desk.with { desk in
            try await desk.tripAndWrite(tickets: [1])
            try await desk.release()
            try await desk.see(equity: "4000.01", tickets: [1])
            #expect(try await desk.trips().count == 1)
            desk.clock.advance(by: .seconds(1))

            try await desk.see(equity: "4000", tickets: [1])
            try await desk.wait(.seconds(10))

            #expect(try await desk.trips().count == 2)
            #expect(try await desk.commands("pending").count == 1)
            #expect(try await desk.commands().count == 2)
            #expect(desk.metrics["drawdown_guard_triggers_total"] == 2)
        }
    }

    @Test("A guard that is not tripped is 409, twice released as well, and a note is needed")
    func refused() async throws {
        try await Desk.with { desk in
            try await desk.see(equity: "10000")
            let untripped = await #expect(throws: Problem.self) { try await desk.release() }
            desk.clock.advance(by: .seconds(10))
            try await desk.see(equity: "5000")
            for body in [
                "{}", #"{"note": ""}"#, #"{"note": " \t"}"#, #"{"note": null}"#, #"{"note": 7}"#,
                #"{"note": "x", "nte": 1}"#,
            ] {
                let refusal = await #expect(throws: Problem.self) { try await desk.release(body) }
                #expect(refusal?.status == 422, "\(body)")
            }
            try await desk.release()
            let twice = await #expect(throws: Problem.self) { try await desk.release() }

            #expect(untripped?.status == 409)
            #expect(twice?.status == 409)
            #expect(try await desk.count("audit_logs WHERE action = 'guard.release'") == 1)
        }
    }

    @Test("With an Idempotency-Key a release that is sent again is answered as it was")
    func idempotency() async throws {
        try await Desk.with { desk in
            try await desk.trip(tickets: [])

            let first = try await desk.release(key: "k-1")
            let again = try await desk.release(key: "k-1")

            #expect(again == first)
        }
    }

    @Test("Behind a stale source a release ends the latch, and the state stays unknown")
    func stale() async throws {
        try await Desk.with { desk in
            try await desk.trip(tickets: [1])
            desk.clock.advance(by: .seconds(60))

            let reply = try await desk.release()

            #expect(reply["state"]?.text == "unknown")
            #expect(reply["should_close_all"]?.text == "false")
        }
    }
}
