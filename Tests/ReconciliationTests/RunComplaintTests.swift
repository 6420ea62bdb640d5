import PluginAPI
import PluginTesting
import Testing

@testable import Reconciliation

/// What users of such systems complain about, as far as a run answers it.
@Suite("Complaints that a run answers")
struct RunComplaintTests {
    @Test("Complaint: an asset missing from one broker list was zeroed. It is reported, and the book stays as it was")
    func missingAsset() async throws {
        try await Desk.with { desk in
            try await desk.expect(volume: "0.1")
            try await desk.see()
            let before = try await desk.book()

            let answer = try await desk.see(positions: "")

            #expect(answer["breaks"]?["opened"]?.text == "1")
            #expect(try await desk.classes() == ["broker_closed"])
            #expect(try await desk.book() == before)
            let gone = try await desk.storage.rows("SELECT volume, close_price, realized_pnl FROM positions").first
            #expect(gone?.decimal(0) == "0.1")
            #expect(gone?.decimal(1) == nil && gone?.decimal(2) == nil)
        }
    }

    @Test(
        "Complaint: long-lived positions differ because history is short. A position is held against its trade itself")
    func longLived() async throws {
        try await Desk.with(interval: "manual") { desk in
            let opened = "2012-03-04T05:06:07Z"
            try await desk.post(
                trades: """
                    [{"trade_id":"t1","account_id":"acc","symbol":"EURUSD","direction":"buy","volume":0.1,
                      "entry_price":1.3199,"entry_time":"\(opened)","status":"open","ticket":1}]
                    """)
            let position = """
                {"ticket":1,"symbol":"EURUSD","direction":"buy","volume":0.1,"entry_price":1.3199,
                 "entry_time":"\(opened)","current_price":1.1,"profit":-2199,"swap":-812.4}
                """

            let first = try await desk.see(positions: position)
            desk.clock.advance(by: .seconds(3 * 365 * 86_400))
            let later = try await desk.see(positions: position)

            #expect([first, later].map { $0["verdict"]?.text } == ["reconciled", "reconciled"])
            #expect([first, later].map { $0["matched"]?.text } == ["1", "1"])
        }
    }

    @Test(
        "Complaint: fees are wrong after reconciliation. They are the broker's own, in the P/L, and the cash proves them"
    )
    func fees() async throws {
        try await Desk.with { desk in
            try await desk.expect(volume: "0.1")
            let position = """
                {"ticket":1,"symbol":"EURUSD","direction":"buy","volume":0.1,"entry_price":1.1,
                 "entry_time":"2026-01-05T08:00:00Z","current_price":1.105,"profit":50,"swap":-1.25,
                 "commission":-7,"taxes":-0.5}
                """

            let right = try await desk.see(positions: position, balance: "1000", equity: "1041.25")
            let stored = try await desk.storage.rows("SELECT unrealized_pnl, commission FROM positions").first
            let forgotten = try await desk.see(positions: position, balance: "1000", equity: "1050")

            #expect(right["verdict"]?.text == "reconciled")
            #expect(stored?.decimal(0) == "41.25")
            #expect(stored?.decimal(1) == "-7")
            #expect(forgotten["breaks"]?["opened"]?.text == "1")
            #expect(try await desk.classes() == ["cash_mismatch"])
        }
    }

    @Test("Complaint: cash is synced once a day. It is checked, and the balance taken, with every snapshot")
    func cash() async throws {
        try await Desk.with { desk in
            var opened: [String?] = []
            var balances: [FixedDecimal?] = []
            for (balance, equity) in [("1000", "1000"), ("900", "1000"), ("900", "900"), ("800", "801")] {
                let answer = try await desk.see(positions: "", balance: balance, equity: equity)
                opened.append(answer["breaks"]?["opened"]?.text)
                balances.append(
                    try await desk.storage.rows("SELECT current_balance FROM accounts").first?.decimal(0))
            }

            #expect(opened == ["0", "1", "0", "1"])
            #expect(balances == ["1000", "900", "900", "800"])
        }
    }

    @Test("Complaint: a same-amount match destroyed a transaction. Likeness is a grade of its own, and deletes nothing")
    func sameAmount() throws {
        let near = opening + .seconds(30)
        let result = try match(
            [trade("a"), trade("b", ticket: 7), trade("c", "XAUUSD")],
            [position(5, at: "1.10010", time: near), position(6, "GBPUSD")])

        #expect(result.paired == ["tolerance a [5]"])
        #expect(result.ours == SideCounts(rows: 3, matched: 1, unmatched: 2))
        #expect(result.broker == SideCounts(rows: 2, matched: 1, unmatched: 1))
        #expect(Set(result.found) == ["unknown_to_us ticket:6", "broker_closed ticket:7", "broker_closed trade:c"])
    }
}

extension Desk {
    /// A complete snapshot of the host's time with these positions and figures.
    fileprivate func see(
        positions: String, balance: String? = nil, equity: String? = nil
    ) async throws -> JSONValue {
        clock.advance(by: .seconds(1))
        let figures = [balance.map { #""balance":\#($0)"# }, equity.map { #""equity":\#($0)"# }].compactMap(\.self)
        let account = figures.isEmpty ? "" : #","account":{\#(figures.joined(separator: ","))}"#
        return try await post(
            snapshot: """
                {"account_id":"acc","as_of":"\(clock.now)","completeness":"complete","positions":[\(positions)]\(account)}
                """)
    }

    /// The bot's trades as they are stored.
    fileprivate func book() async throws -> [String] {
        try await storage.rows("SELECT trade_id, status, volume, closed_at, close_price, updated_at FROM trades").map {
            let (volume, price) = ($0.decimal(2).map { "\($0)" } ?? "", $0.decimal(4).map { "\($0)" } ?? "")
            let (closed, updated) = ($0.timestamp(3)?.description ?? "", $0.timestamp(5)?.description ?? "")
            return "\($0.text(0) ?? "") \($0.text(1) ?? "") \(volume) \(price) \(closed) \(updated)"
        }
    }

    /// The classes of the breaks that are not resolved.
    fileprivate func classes() async throws -> [String] {
        try await storage.rows("SELECT class FROM breaks WHERE status <> 'resolved' ORDER BY class").compactMap {
            $0.text(0)
        }
    }
}
