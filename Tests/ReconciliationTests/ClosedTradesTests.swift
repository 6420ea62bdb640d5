import PluginAPI
import PluginTesting
import Testing
import TradingBook

@testable import Reconciliation

@Suite("Closed trades keep their positions out of likeness")
struct ClosedTradesTests {
    private static let long = "order-0123456789-0123456789-0123456789"

    @Test(
        "A position named by a closed trade is unknown to us, and the trade that is like it misses its own",
        arguments: [
            (fields: #""ticket":5"#, comment: ""), (fields: ##""comment":"hedge of #5""##, comment: ""),
            (fields: ##""comment":"5""##, comment: ""), (fields: ##""comment":"#4, then #5""##, comment: ""),
            (fields: #""magic":1"#, comment: "trade:old [sl]"), (fields: #""reference":"r""#, comment: "r"),
            (fields: #""ticket":4"#, comment: "from #4"), (fields: ##""comment":"#4""##, comment: "from #4"),
            (fields: #""reference":"\#(long)""#, comment: String(long.prefix(31))),
            (fields: #""reference":"\#(long)""#, comment: String("trade:\(long)".prefix(31))),
        ])
    func named(fields: String, comment: String) async throws {
        try await Desk.with { desk in
            try await desk.post(trades: "[\(open),\(closed("old", fields))]")

            let answer = try await desk.post(snapshot: snapshot(comment: comment))

            #expect(answer["matched"]?.text == "0")
            #expect(try await classes(desk) == ["broker_closed", "unknown_to_us"])
        }
    }

    @Test(
        "A closed trade that names something else changes nothing",
        arguments: [
            (closed: [(id: "old", fields: #""ticket":6"#)], comment: ""),
            (closed: [(id: "old", fields: ##""comment":"#55""##)], comment: ""),
            (closed: [(id: "old", fields: #""reference":"r""#)], comment: "old"),
            (
                closed: [(id: long + "1", fields: #""magic":1"#), (id: long + "2", fields: #""magic":1"#)],
                comment: "cut"
            ),
        ] as [(closed: [(id: String, fields: String)], comment: String)])
    func unnamed(closed others: [(id: String, fields: String)], comment: String) async throws {
        try await Desk.with { desk in
            let rows = [open] + others.map { closed($0.id, $0.fields) }
            try await desk.post(trades: "[\(rows.joined(separator: ","))]")
            let text = comment == "cut" ? String(Self.long.prefix(31)) : comment

            let answer = try await desk.post(snapshot: snapshot(comment: text))

            #expect(answer["matched"]?.text == "1")
            #expect(try await classes(desk) == [])
        }
    }

    @Test(
        "A closed trade names its position through one partial close after the other",
        arguments: [#""ticket":10"#, ##""comment":"#10""##, ##""comment":"#9, #10""##])
    func chain(fields: String) async throws {
        try await Desk.with { desk in
            try await desk.post(trades: "[\(open),\(closed("old", fields))]")
            try await desk.post(snapshot: snapshot(10, minute: 51, comment: ""))
            try await desk.post(snapshot: snapshot(20, minute: 52, comment: "from #10"))

            let answer = try await desk.post(snapshot: snapshot(30, minute: 53, comment: "from #20"))

            #expect(answer["matched"]?.text == "0")
            #expect(try await classes(desk) == ["broker_closed", "unknown_to_us"])
        }
    }

    @Test("A chain that leads to a ticket which is still there names nothing")
    func chainToListed() throws {
        let input = MatchInput(
            trades: [trade("t")], closed: [ClosedTrade(ticket: 5)],
            positions: [position(7, comment: "from #6"), position(6, "XAUUSD")],
            instruments: instruments, earlierTickets: [6: 5])

        #expect(try PositionMatcher().match(input).paired == ["exact t [7]"])
    }

    @Test("A key is asked for once, however many closed trades have it")
    func bounded() async throws {
        try await Desk.with { desk in
            let fields = ##""ticket":5,"comment":"#5 #6","reference":"r""##
            let rows = (1...30).map { closed("c\($0)", fields) }
            try await desk.post(trades: "[\(rows.joined(separator: ","))]")

            let found = try await desk.storage.transaction { transaction in
                try ClosedTrades.naming(
                    [position(5, comment: "r"), position(7, comment: "from #6")], earlier: [:], of: "acc",
                    in: transaction)
            }

            #expect(
                found == [ClosedTrade(ticket: 5), ClosedTrade(ticket: 6), ClosedTrade(reference: "r")])
        }
    }

    @Test("A comment that changes names the ticket it has now")
    func changedComment() async throws {
        try await Desk.with { desk in
            try await desk.post(trades: "[\(open),\(closed("old", ##""comment":"#5""##))]")
            try await desk.post(trades: "[\(closed("old", ##""comment":"#6""##))]")

            #expect(try await desk.post(snapshot: snapshot(comment: ""))["matched"]?.text == "1")
        }
    }

    @Test("History is found by indexes, never read as a whole")
    func plan() async throws {
        try await Desk.with { desk in
            let statements = [
                (ClosedTrades.naming(tickets: [1, 2], of: "acc"), reads: 2),
                (ClosedTrades.naming(references: ["r", "s"], of: "acc"), reads: 2),
                (ClosedTrades.naming(beginnings: ["a", "b"], of: "acc"), reads: 4),
            ]
            for (statement, count) in statements {
                let steps = try await desk.storage.transaction { transaction in
                    try transaction.rows("EXPLAIN QUERY PLAN \(statement)").compactMap { $0.text(3) }
                }
                let reads = steps.filter { $0.contains(" trade") }
                #expect(reads.count == count, "\(steps)")
                #expect(reads.allSatisfy { $0.contains("SEARCH") && $0.contains("account_id=? AND ") }, "\(reads)")
            }
        }
    }

    private func classes(_ desk: Desk) async throws -> [String] {
        let breaks = try await desk.ask("breaks", ["limit": .integer(50)])["breaks"]?.elements ?? []
        return breaks.compactMap { $0["class"]?.text }.sorted()
    }
}

/// An open trade without any key, and equal to the snapshot's position.
private let open = row("a", #""status":"open""#)

private func closed(_ id: String, _ fields: String) -> String {
    row(id, #""status":"closed","closed_at":"2026-01-05T08:30:00Z","close_price":1.1,\#(fields)"#)
}

private func row(_ id: String, _ fields: String) -> String {
    """
    {"trade_id":"\(id)","account_id":"acc","symbol":"EURUSD","direction":"buy","volume":0.1,"entry_price":1.1,
     "entry_time":"2026-01-05T08:00:00Z",\(fields)}
    """
}

private func snapshot(_ ticket: Int64 = 5, minute: Int = 59, comment: String) -> String {
    """
    {"account_id":"acc","as_of":"2026-01-05T08:\(minute):00Z","completeness":"complete","positions":[
      {"ticket":\(ticket),"symbol":"EURUSD","direction":"buy","volume":0.1,"entry_price":1.1,
       "entry_time":"2026-01-05T08:00:00Z","current_price":1.1,"profit":0,"comment":"\(comment)"}]}
    """
}
