import PluginAPI
import PluginTesting
import Testing
import TradingBook

@testable import Guards

@Suite("Drawdown on stored snapshots")
struct DrawdownQueryTests {
    @Test("A user without accounts, and an account without data, have null figures and an unknown state")
    func nothingKnown() async throws {
        try await Desk.with { desk in
            let nobody = try await desk.reply("drawdown", accounts: [])
            let empty = try await desk.ask("drawdown")

            #expect(
                String(decoding: nobody.body, as: UTF8.self)
                    == #"{"user_id":"ann","account_id":null,"state":"unknown","current_equity":null,"#
                    + #""peak_equity":null,"current_drawdown_pct":null,"alert_type":"warning","#
                    + #""alert_threshold_pct":20.00,"should_close_all":false,"time_to_liquidation_seconds":null,"#
                    + #""liquidation_at":null,"last_checked_at":null,"equity_as_of":null,"positions_left_open":0}"#)
            #expect(empty["account_id"]?.text == "acc")
            #expect(empty["state"]?.text == "unknown")
            #expect(empty["current_drawdown_pct"] == .null)
        }
    }

    @Test("Exactly 15 % is a warning with the contract's fields")
    func warning() async throws {
        try await Desk.with { desk in
            try await desk.see(equity: "10000")
            desk.clock.advance(by: .seconds(10))
            let answer = try await desk.see(equity: "8500")

            let reply = try await desk.reply("drawdown")

            #expect(
                String(decoding: reply.body, as: UTF8.self)
                    == #"{"user_id":"ann","account_id":"acc","state":"warning","current_equity":8500.00,"#
                    + #""peak_equity":10000.00,"current_drawdown_pct":15.00,"alert_type":"warning","#
                    + #""alert_threshold_pct":20.00,"should_close_all":false,"time_to_liquidation_seconds":null,"#
                    + #""liquidation_at":null,"last_checked_at":"\#(desk.clock.now)","#
                    + #""equity_as_of":"\#(desk.clock.now)","positions_left_open":0}"#)
            #expect(answer["guards"]?["state"]?.text == "warning")
            #expect(answer["guards"]?["current_drawdown_pct"]?.text == "15.00")
            #expect(answer["guards"]?["market_alerts"]?.text == "0")
        }
    }

    @Test("A trip counts down on the host's clock, survives a recovery, and is recorded and counted once")
    func trip() async throws {
        try await Desk.with { desk in
            try await desk.see(equity: "10000")
            desk.clock.advance(by: .seconds(10))
            try await desk.see(equity: "5000", age: .seconds(2))
            let trippedAt = desk.clock.now

            desk.clock.advance(by: .microseconds(2_500_000))
            let early = try await desk.reply("drawdown")
            let counting = try JSONValue(parsing: early.body)
            try await desk.see(equity: "7000")
            try await desk.rerun()
            desk.clock.advance(by: .seconds(20))
            let due = try await desk.ask("drawdown")

            #expect(counting["time_to_liquidation_seconds"]?.text == "8")
            #expect(early.validUntil == trippedAt + .seconds(3))
            #expect(due["state"]?.text == "tripped")
            #expect(due["current_drawdown_pct"]?.text == "30.00")
            #expect(due["should_close_all"]?.text == "true")
            #expect(due["liquidation_at"]?.text == "\(trippedAt + .seconds(10))")
            #expect(due["time_to_liquidation_seconds"]?.text == "0")
            #expect(desk.metrics["drawdown_guard_triggers_total"] == 1)
            #expect(desk.metrics["positions_autoclosed_total{drawdown}"] == 0)
            let trips = try await desk.ask("history", ["limit": .integer(50)])["trips"]?.elements
            #expect(trips?.count == 1)
            #expect(trips?.first?["reason"]?.text == "drawdown")
            #expect(trips?.first?["value_pct"]?.text == "50.00")
            #expect(trips?.first?["equity"]?.text == "5000.00")
            #expect(trips?.first?["run_id"]?.text.hasPrefix("run_") == true)
        }
    }

    @Test("A stale source keeps its figures and is unknown; with manual it never is")
    func stale() async throws {
        for (interval, state) in [("10s", "unknown"), ("manual", "ok")] {
            try await Desk.with(interval: interval) { desk in
                try await desk.see(equity: "10000")
                let fresh = try await desk.reply("drawdown")
                let taken = desk.clock.now
                desk.clock.advance(by: .seconds(31))

                let later = try await desk.ask("drawdown")

                #expect(try JSONValue(parsing: fresh.body)["state"]?.text == "ok")
                #expect(fresh.validUntil == (interval == "manual" ? nil : taken + .seconds(30) + .microseconds(1)))
                #expect(later["state"]?.text == state)
                #expect(later["current_equity"]?.text == "10000.00")
            }
        }
    }

    @Test("A snapshot that arrives stale trips nothing")
    func arrivesStale() async throws {
        try await Desk.with { desk in
            try await desk.see(equity: "10000", age: .seconds(100))
            let answer = try await desk.see(equity: "1000", age: .seconds(90))

            #expect(answer["guards"]?["state"]?.text == "unknown")
            #expect(try await desk.ask("history", ["limit": .integer(50)])["trips"]?.elements.isEmpty == true)
        }
    }

    @Test("A partial, a failed and a late snapshot move no guard")
    func incomplete() async throws {
        try await Desk.with { desk in
            try await desk.see(equity: "10000")
            let before = try await desk.reply("drawdown").body

            let partial = try await desk.see(equity: "1000", completeness: "partial", age: .seconds(-1))
            let late = try await desk.see(equity: "1000", age: .seconds(20))
            let failed = try await desk.post(
                snapshot: #"{"account_id": "acc", "as_of": "\#(desk.clock.now + .seconds(2))", "#
                    + #""completeness": "failed", "error": "no route", "positions": []}"#)

            #expect(try await desk.reply("drawdown").body == before)
            #expect(partial["guards"]?["state"]?.text == "ok")
            #expect(late["guards"] == .null)
            #expect(failed["guards"] == .null)
        }
    }

    @Test("A withdrawal told with the snapshot is no loss, and is applied once")
    func flows() async throws {
        try await Desk.with { desk in
            let deposit = flow("d", "10000", "deposit", at: desk.clock.now - .seconds(60))
            try await desk.see(equity: "10000", flows: deposit)
            desk.clock.advance(by: .seconds(10))
            let withdrawal = flow("w", "-3000", "withdrawal", at: desk.clock.now - .seconds(5))
            try await desk.see(equity: "7000", flows: "\(deposit), \(withdrawal)")
            desk.clock.advance(by: .seconds(10))
            try await desk.see(equity: "6990", flows: "\(deposit), \(withdrawal)")

            let seen = try await desk.ask("drawdown")

            #expect(seen["peak_equity"]?.text == "7000.00")
            #expect(seen["current_drawdown_pct"]?.text == "0.14")
            #expect(seen["state"]?.text == "ok")
        }
    }

    @Test("Running a snapshot again confirms no rise")
    func rerunConfirmsNothing() async throws {
        try await Desk.with { desk in
            try await desk.see(equity: "10000")
            desk.clock.advance(by: .seconds(10))
            try await desk.see(equity: "15000")
            try await desk.rerun()
            try await desk.rerun()

            #expect(try await desk.ask("drawdown")["peak_equity"]?.text == "10000.00")
            desk.clock.advance(by: .seconds(10))
            try await desk.see(equity: "14000")
            #expect(try await desk.ask("drawdown")["peak_equity"]?.text == "14000.00")
        }
    }

    @Test("A snapshot whose cash does not add up never raises the peak")
    func cashMismatch() async throws {
        try await Desk.with { desk in
            try await desk.see(equity: "10000", balance: "10000")
            desk.clock.advance(by: .seconds(10))
            try await desk.see(equity: "11000", balance: "10000")

            #expect(try await desk.ask("drawdown")["peak_equity"]?.text == "10000.00")
        }
    }

    @Test("Every complete snapshot keeps the peak that stood with it")
    func peaks() async throws {
        try await Desk.with { desk in
            for equity in ["10000", "9000", "10100"] {
                try await desk.see(equity: equity)
                desk.clock.advance(by: .seconds(10))
            }

            let peaks = try await desk.storage.rows("SELECT peak FROM snapshots ORDER BY sequence")

            #expect(peaks.map { $0.decimal("peak") } == ["10000", "10000", "10100"])
        }
    }

    @Test("The worst account stands for all: tripped, unknown, warning, ok, then the larger drawdown, then ID")
    func worst() async throws {
        try await Desk.with { desk in
            let equities = [
                ("a-ok", "9900"), ("b-ok", "9800"), ("c-ok", "9800"), ("warned", "8400"), ("tripped", "8000"),
            ]
            for (account, equity) in equities {
                try await desk.put(account: account)
                try await desk.see(equity: "10000", account: account, age: .seconds(1))
                try await desk.see(equity: equity, account: account)
            }
            func worst(_ accounts: String...) async throws -> String? {
                try await desk.ask("drawdown", accounts: accounts)["account_id"]?.text
            }

            #expect(try await worst("a-ok", "b-ok", "c-ok") == "b-ok")
            #expect(try await worst("a-ok", "b-ok", "warned") == "warned")
            #expect(try await worst("a-ok", "acc", "warned") == "acc")
            #expect(try await worst("a-ok", "acc", "tripped", "warned") == "tripped")
        }
    }

    @Test("Trips and alerts stand in the reconciliation log behind their run's own lines")
    func log() async throws {
        try await Desk.with { desk in
            try await desk.see(equity: "10000")
            desk.clock.advance(by: .seconds(10))
            try await desk.see(equity: "8400")
            desk.clock.advance(by: .seconds(10))
            try await desk.see(equity: "7000")

            let lines = try await desk.storage.rows(
                "SELECT kind, description FROM reconciliation_logs WHERE event_type = 'drawdown_alert' ORDER BY at")

            #expect(lines.map { $0.text("kind") } == ["warning", "guard_trigger"])
            #expect(lines.first?.text("description") == "equity is 16.00% below its peak")
        }
    }

    @Test("Trips are listed newest first, page by page")
    func history() async throws {
        try await Desk.with { desk in
            for account in ["x", "y", "z"] {
                try await desk.put(account: account)
                try await desk.see(equity: "50", account: account)
                desk.clock.advance(by: .seconds(1))
            }
            let accounts = ["x", "y", "z"]

            let first = try await desk.ask("history", ["limit": .integer(2)], accounts: accounts)
            let last = first["trips"]?.elements.last
            let place: [Value] = [
                .timestamp(Timestamp(parsing: last?["tripped_at"]?.text ?? "")), .text(last?["id"]?.text),
            ]
            let second = try await desk.ask("history", ["limit": .integer(2)], accounts: accounts, cursor: place)

            #expect(first["trips"]?.elements.map { $0["account_id"]?.text } == ["z", "y"])
            #expect(first["trips"]?.elements.first?["reason"]?.text == "min_equity")
            #expect(first["trips"]?.elements.first?["min_equity"]?.text == "100.00")
            #expect(second["trips"]?.elements.map { $0["account_id"]?.text } == ["x"])
            #expect(second["next_cursor"] == .null)
        }
    }

    @Test("A guard that would trip before it warns is refused by key")
    func misconfigured() throws {
        let configuration = Desk.configuration(warning: "20.01").section("drawdown")

        #expect(
            throws: ModuleError.misconfigured(
                key: "drawdown.warning",
                detail: "is 20.01%, above drawdown.max of 20%: the guard would trip before it warns")
        ) { try DrawdownLimits(configuration) }
    }
}

private func flow(_ id: String, _ amount: String, _ kind: String, at time: Timestamp) -> String {
    #"{"flow_id": "\#(id)", "time": "\#(time)", "amount": \#(amount), "kind": "\#(kind)"}"#
}
