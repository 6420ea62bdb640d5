import PluginAPI
import PluginTesting
import Testing

@testable import Reconciliation

@Suite("Runs on stored books")
struct RunTests {
    @Test("A user without data is idle")
    func idle() async throws {
        try await Desk.with { desk in
            let status = try await desk.reply("status", accounts: [])

            #expect(
                String(decoding: status.body, as: UTF8.self)
                    == #"{"user_id":"ann","status":"idle","last_sync_at":null,"total_syncs":0,"#
                    + #""last_sync_duration_ms":null,"open_positions_count":0,"matched_positions":0,"#
                    + #""divergences_detected":0,"recent_events":[],"error_message":null}"#)
        }
    }

    @Test("Planted differences are breaks, once over three snapshots, and end when they are put right")
    func life() async throws {
        try await Desk.with { desk in
            try await desk.post(trades: book(volume: "0.2", stop: "1.05"))

            var answers: [JSONValue] = []
            for minute in 0..<3 { answers.append(try await desk.post(snapshot: snapshot(minute, [1, 2, 9]))) }
            let found = try await desk.ask("breaks", ["limit": .integer(50)])["breaks"]?.elements ?? []
            try await desk.post(trades: book(volume: "0.1", stop: nil))
            let healed = try await desk.post(snapshot: snapshot(3, [1, 2]))

            #expect(answers.map { $0["verdict"]?.text } == ["breaks", "breaks", "breaks"])
            #expect(answers[0]["breaks"]?["opened"]?.text == "3")
            #expect(answers[2]["breaks"]?["still_open"]?.text == "3")
            #expect(Set(found.prefix(2).map { $0["class"]?.text }) == ["broker_closed", "unknown_to_us"])
            #expect(found.last?["class"]?.text == "partial_fill")
            #expect(found.last?["differences"]?.elements.map { $0["class"]?.text } == ["partial_fill", "sl_mismatch"])
            #expect(found.allSatisfy { $0["times_seen"]?.text == "3" })
            #expect(healed["breaks"]?["resolved"]?.text == "2")
        }
    }

    @Test("A partial, a failed and a late snapshot open, close and resolve nothing")
    func incomplete() async throws {
        try await Desk.with { desk in
            try await desk.post(trades: book(volume: "0.2", stop: nil))
            try await desk.post(snapshot: snapshot(5, [1, 2]))
            let before = try await desk.ask("breaks", ["limit": .integer(50)])

            let partial = try await desk.post(snapshot: snapshot(6, [1], completeness: "partial"))
            let partialStatus = try await desk.ask("status")
            let late = try await desk.post(snapshot: snapshot(1, []))
            let failed = try await desk.post(
                snapshot:
                    #"{"account_id":"acc","as_of":"2026-01-05T09:07:00Z","completeness":"failed","error":"gone","positions":[]}"#
            )
            let status = try await desk.ask("status")

            #expect(partial["verdict"]?.text == "incomplete")
            #expect(partialStatus["status"]?.text == "degraded")
            #expect(late["verdict"]?.text == "superseded")
            #expect(failed["verdict"]?.text == "incomplete")
            #expect(status["status"]?.text == "error")
            #expect(status["error_message"]?.text == "gone")
            #expect(status["total_syncs"]?.text == "4")
            #expect(status["last_sync_at"]?.text == "2026-01-05T09:06:00Z")
            #expect(try await desk.ask("breaks", ["limit": .integer(50)]) == before)
        }
    }

    @Test("A row that the broker lists twice is one break, its money counts once, and it ends with the repeat")
    func repeatedRow() async throws {
        try await Desk.with { desk in
            try await desk.post(trades: book(volume: "0.1", stop: nil))
            let figures = #""account":{"balance":100,"equity":130},"positions""#
            func body(_ minute: Int, _ tickets: [Int]) -> String {
                snapshot(minute, tickets).replacing("\"profit\":0", with: "\"profit\":10")
                    .replacing("\"positions\"", with: figures)
            }

            let found = try await desk.post(snapshot: body(0, [1, 2, 3, 2]))
            let run = try await desk.ask("run", ["run_id": .text(found["run_id"]?.text ?? "")])
            let breaks = try await desk.ask("breaks", ["limit": .integer(50)])["breaks"]?.elements ?? []
            let rerun = try await desk.rerun()
            let healed = try await desk.post(snapshot: body(1, [1, 2, 3]))

            #expect(found["matched"]?.text == "3")
            #expect(breaks.map { $0["class"]?.text } == ["duplicate_broker"])
            #expect(breaks.first?["ticket"]?.text == "2")
            #expect(run["counts"]?["broker"]?["rows"]?.text == "4")
            #expect(run["counts"]?["broker"]?["matched"]?.text == "3")
            #expect(run["counts"]?["broker"]?["duplicate"]?.text == "1")
            #expect(rerun["breaks"]?["still_open"]?.text == "1")
            #expect(healed["breaks"]?["resolved"]?.text == "1")
            #expect(healed["verdict"]?.text == "reconciled")
        }
    }

    @Test("A difference inside its grace is pending, then open, and dropped when it heals in time")
    func grace() async throws {
        try await Desk.with(grace: .mapping(["broker_closed": .duration(.seconds(60))])) { desk in
            try await desk.post(trades: book(volume: "0.1", stop: nil))

            let first = try await desk.post(snapshot: snapshot(0, [1]))
            let healed = try await desk.post(snapshot: snapshot(1, [1, 2, 3]))
            let again = try await desk.post(snapshot: snapshot(2, [1]))
            desk.clock.advance(by: .seconds(60))
            let due = try await desk.post(snapshot: snapshot(3, [1]))

            #expect(first["verdict"]?.text == "reconciled_with_pending")
            #expect(healed["verdict"]?.text == "reconciled")
            #expect(again["verdict"]?.text == "reconciled_with_pending")
            #expect(due["verdict"]?.text == "breaks")
            #expect(due["breaks"]?["opened"]?.text == "2")
            let status = try await desk.ask("status")
            #expect(status["divergences_detected"]?.text == "2")
            #expect(status["matched_positions"]?.text == "1")
        }
    }

    @Test("A break that comes back is the same break, with its history")
    func reopened() async throws {
        try await Desk.with { desk in
            try await desk.post(trades: book(volume: "0.1", stop: nil))
            try await desk.post(snapshot: snapshot(0, [1, 2]))
            try await desk.post(snapshot: snapshot(1, [1, 2, 3]))
            let back = try await desk.post(snapshot: snapshot(2, [1, 2]))
            let id = BreakLife.id(account: "acc", key: "ticket:3")

            let events = try await desk.ask("breakEvents", ["break_id": .text(id)])["events"]?.elements ?? []
            let one = try await desk.ask("break", ["break_id": .text(id)])

            #expect(back["breaks"]?["opened"]?.text == "1")
            #expect(events.map { $0["event"]?.text } == ["opened", "resolved", "reopened"])
            #expect(one["times_seen"]?.text == "2")
            #expect(one["status"]?.text == "open")
        }
    }

    @Test("Another account's break and run are not there")
    func foreign() async throws {
        try await Desk.with { desk in
            try await desk.post(trades: book(volume: "0.1", stop: nil))
            let answer = try await desk.post(snapshot: snapshot(0, [1]))
            let id = BreakLife.id(account: "acc", key: "ticket:2")
            let run = Value.text(answer["run_id"]?.text ?? "")

            #expect(try await desk.ask("run", ["run_id": run])["digest"] != .null)
            await #expect(throws: Problem.self) { try await desk.ask("break", ["break_id": .text(id)], accounts: []) }
            await #expect(throws: Problem.self) { try await desk.ask("run", ["run_id": run], accounts: ["other"]) }
        }
    }

    @Test("A run again adds up the snapshot's own figures, whatever has become of its positions since")
    func rerunAfterClosing() async throws {
        try await Desk.with { desk in
            try await desk.post(trades: book(volume: "0.1", stop: nil))
            let figures = #""account":{"balance":100,"equity":130},"positions""#
            let body = snapshot(0, [1, 2, 3]).replacing("\"profit\":0", with: "\"profit\":10")
                .replacing("\"positions\"", with: figures)
            let first = try await desk.post(snapshot: body)
            try await desk.storage.transaction { transaction in
                _ = try transaction.execute("UPDATE positions SET status = 'closed' WHERE ticket = 1")
            }

            let again = try await desk.rerun()

            #expect(first["verdict"]?.text == "reconciled")
            #expect(again["verdict"]?.text == "reconciled")
        }
    }

    @Test("A run again on the latest snapshot sees the book as it is now and counts no snapshot twice")
    func rerun() async throws {
        try await Desk.with { desk in
            try await desk.post(trades: book(volume: "0.2", stop: nil))
            let first = try await desk.post(snapshot: snapshot(0, [1, 2, 3]))
            let again = try await desk.rerun()
            try await desk.post(trades: book(volume: "0.1", stop: nil))
            let healed = try await desk.rerun()

            #expect(first["verdict"]?.text == "breaks")
            #expect(again["breaks"]?["still_open"]?.text == "1")
            #expect(again["run_id"] != first["run_id"])
            #expect(healed["verdict"]?.text == "reconciled")
            let runs = try await desk.ask("runs", ["limit": .integer(50)])
            #expect(runs["runs"]?.elements.count == 3)
            #expect(try await desk.ask("status")["total_syncs"]?.text == "1")
            let seen = try await desk.ask("breaks", ["limit": .integer(5)], choices: ["status": ["all"]])
            #expect(seen["breaks"]?.elements.first?["times_seen"]?.text == "1")
            await #expect(throws: Problem.self) { try await desk.rerun(#"{"account": "acc"}"#) }
        }
    }

    @Test("The log tells syncs, matches, divergences and closings, and pages through them once each")
    func logs() async throws {
        try await Desk.with { desk in
            try await desk.post(trades: book(volume: "0.1", stop: nil))
            try await desk.post(snapshot: snapshot(0, [1, 2, 3]))
            desk.clock.advance(by: .seconds(1))
            try await desk.post(snapshot: snapshot(1, [1, 2]))

            let all = try await desk.ask("logs", ["limit": .integer(100)])["logs"]?.elements ?? []
            let page = try await desk.ask("logs", ["limit": .integer(2)])

            #expect(
                all.map { $0["event_type"]?.text } == [
                    "divergence_detected", "position_closed", "position_synced", "position_matched",
                    "position_matched", "position_matched", "position_synced",
                ])
            #expect(all.first?["divergence_reason"]?.text == "broker_closed")
            #expect(all.first?["account_id"]?.text == "acc")
            #expect(page["next_cursor"] != .null)
            let cursor: [Value] = [
                .timestamp(desk.clock.now), .integer(2), .text(all[1]["event_id"]?.text ?? ""),
            ]
            let rest = try await desk.ask("logs", ["limit": .integer(100)], cursor: cursor)
            #expect(rest["logs"]?.elements == Array(all.dropFirst(2)))
        }
    }

    @Test("A silent source is degraded after three intervals, and the answer says when", arguments: ["10s", "manual"])
    func stale(interval: String) async throws {
        try await Desk.with(interval: interval) { desk in
            try await desk.post(snapshot: snapshot(0, []))
            desk.clock.set(Timestamp(parsing: "2026-01-05T09:00:30Z") ?? desk.clock.now)
            let status = try await desk.ask("status")
            let fresh = try await desk.reply("status")
            desk.clock.advance(by: .milliseconds(1))
            let later = try await desk.ask("status")

            #expect(status["status"]?.text == "healthy")
            #expect(later["status"]?.text == (interval == "manual" ? "healthy" : "degraded"))
            #expect(fresh.validUntil == nil)
        }
    }
}

/// Trades on tickets 1, 2 and 3; the first with this volume and stop.
private func book(volume: String, stop: String?) -> String {
    let first = """
        {"trade_id":"t1","account_id":"acc","symbol":"EURUSD","direction":"buy","volume":\(volume),
         "entry_price":1.1,"entry_time":"2026-01-05T08:00:00Z","status":"open","ticket":1,"stop_loss":\(stop ?? "null")}
        """
    let others = [2, 3].map { ticket in
        """
        {"trade_id":"t\(ticket)","account_id":"acc","symbol":"EURUSD","direction":"buy","volume":0.1,
         "entry_price":1.1,"entry_time":"2026-01-05T08:00:00Z","status":"open","ticket":\(ticket)}
        """
    }
    return "[" + ([first] + others).joined(separator: ",") + "]"
}

/// A snapshot of 9 o'clock and some minutes with these tickets, each 0.1 lots of EURUSD at 1.1.
private func snapshot(_ minute: Int, _ tickets: [Int], completeness: String = "complete") -> String {
    let positions = tickets.map { ticket in
        """
        {"ticket":\(ticket),"symbol":"EURUSD","direction":"buy","volume":0.1,"entry_price":1.1,
         "entry_time":"2026-01-05T08:00:00Z","current_price":1.1,"profit":0}
        """
    }
    return """
        {"account_id":"acc","as_of":"2026-01-05T09:0\(minute):00Z","completeness":"\(completeness)",
         "positions":[\(positions.joined(separator: ","))]}
        """
}
