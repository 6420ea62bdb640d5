import PluginAPI
import PluginTesting
import Testing

@testable import Reconciliation

/// What users of such systems complain about, as far as the life of a break answers it.
@Suite("Complaints that the life of a break answers")
struct ComplaintTests {
    @Test("Complaint: a socket error is read as no open positions. A failed, partial or late snapshot changes no break")
    func absenceNeedsProof() async throws {
        try await Desk.with(interval: "manual") { desk in
            for account in ["open", "acknowledged", "snoozed", "resolved"] {
                try await desk.openAccount(account, interval: "manual")
                try await desk.expect(volume: "0.2", in: account)
                try await desk.see(account)
            }
            let until = #"{"until": "\#(desk.clock.now + .seconds(600))"}"#
            try await desk.act("acknowledge", until, on: Desk.breakID("acknowledged"))
            try await desk.act("snooze", until, on: Desk.breakID("snoozed"))
            try await desk.act("resolve", #"{"resolution": "fixed"}"#, on: Desk.breakID("resolved"))
            desk.clock.advance(by: .seconds(1))
            let now = "\(desk.clock.now)"
            for account in ["open", "acknowledged", "snoozed", "resolved"] {
                let before = try await desk.everything(account)

                try await desk.post(
                    snapshot: empty(account, now, "failed", #","error":"timed out""#))
                try await desk.post(snapshot: empty(account, now, "partial"))
                try await desk.post(snapshot: empty(account, "2026-01-01T00:00:00Z", "complete"))

                #expect(try await desk.everything(account) == before)
            }
        }
    }

    @Test(
        "Complaint: positions opened by hand cannot be claimed, or are absorbed. They stay unknown until claimed or accepted"
    )
    func openedByHand() async throws {
        try await Desk.with { desk in
            let id = Desk.breakID()
            for _ in 1...3 { try await desk.see() }
            let unknown = try await desk.ask("break", ["break_id": .text(id)])
            try await desk.act("resolve", #"{"resolution": "accepted", "note": "opened by hand"}"#)
            let accepted = try await desk.see()
            let matched = try await desk.ask("status")["matched_positions"]
            try await desk.expect(volume: "0.1")
            let claimed = try await desk.see()

            #expect(unknown["class"]?.text == "unknown_to_us")
            #expect(unknown["status"]?.text == "open")
            #expect(unknown["times_seen"]?.text == "3")
            #expect(accepted["verdict"]?.text == "reconciled")
            #expect(matched?.text == "0")
            #expect(claimed["matched"]?.text == "1")
            #expect(try await desk.ask("break", ["break_id": .text(id)])["times_seen"]?.text == "4")
        }
    }

    @Test("Complaint: IDs are new after a restart. Break, event and log IDs follow from what they name")
    func sameIDs() async throws {
        var seen: [[String]] = []
        for _ in 1...2 {
            try await Desk.with(grace: .duration(.seconds(5)), interval: "manual") { desk in
                try await desk.expect(volume: "0.2")
                try await desk.see()
                desk.clock.advance(by: .seconds(5))
                try await desk.schedule()
                try await desk.act("acknowledge")
                let rows = try await desk.storage.rows(
                    """
                    SELECT break_id FROM breaks UNION ALL SELECT event_id FROM break_events
                    UNION ALL SELECT log_id FROM reconciliation_logs ORDER BY 1
                    """)
                seen.append(rows.compactMap { $0.text(0) })
            }
        }

        #expect(seen[0] == seen[1])
        #expect(seen[0].count == 1 + 3 + 3)
        #expect(Set(seen[0]).count == seen[0].count)
    }

    @Test(
        "Complaint: a check added up several accounts. The same ticket in two accounts is two breaks with a life each")
    func twoAccounts() async throws {
        try await Desk.with { desk in
            try await desk.openAccount("other", interval: "10s")
            for account in ["acc", "other"] {
                try await desk.expect(volume: "0.2", in: account)
                try await desk.see(account)
            }

            try await desk.act("acknowledge")
            try await desk.see("other")

            #expect(try await desk.history("acc").last == "open acknowledged acknowledged")
            #expect(try await desk.history("other") == ["null opened open"])
            #expect(try await desk.counters("acc").kept == [0, 0, 1])
            #expect(try await desk.counters("other").kept == [0, 1, 0])
        }
    }

    @Test("Complaint: only counts come back. Every break is listed, in a total order, page by page, by where it stands")
    func listed() async throws {
        try await Desk.with { desk in
            try await desk.post(
                trades: """
                    [\((1...9).map { ticket in
                        """
                        {"trade_id":"t\(ticket)","account_id":"acc","symbol":"EURUSD","direction":"buy","volume":0.2,
                         "entry_price":1.1,"entry_time":"2026-01-05T08:00:00Z","status":"open","ticket":\(ticket)}
                        """
                    }.joined(separator: ","))]
                    """)
            try await desk.see()
            try await desk.act("acknowledge")

            func ids(_ statuses: [String]?) async throws -> [String] {
                let choices = statuses.map { ["status": $0] } ?? [:]
                return try await desk.ask("breaks", ["limit": .integer(500)], choices: choices)["breaks"]?.elements
                    .map { $0["id"]?.text ?? "" } ?? []
            }
            let all = try await ids(nil)
            #expect(all.count == 9)
            #expect(Set(all).count == 9)
            #expect(try await ids(["acknowledged"]) == [Desk.breakID()])
            #expect(try await ids(["open"]) == all.filter { $0 != Desk.breakID() })
            let page = try await desk.ask("breaks", ["limit": .integer(4)])
            #expect(page["breaks"]?.elements.map { $0["id"]?.text ?? "" } == Array(all.prefix(4)))
            #expect(page["next_cursor"] != .null)
        }
    }

    private func empty(_ account: String, _ asOf: String, _ completeness: String, _ more: String = "") -> String {
        """
        {"account_id":"\(account)","as_of":"\(asOf)","completeness":"\(completeness)","positions":[]\(more)}
        """
    }
}

extension Desk {
    /// An account's break and its whole history.
    fileprivate func everything(_ account: String) async throws -> [JSONValue] {
        let one = try await ask("break", ["break_id": .text(Desk.breakID(account))], accounts: [account])
        return [one] + (try await events(account))
    }
}
