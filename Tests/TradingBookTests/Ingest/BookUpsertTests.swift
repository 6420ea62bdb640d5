import PluginAPI
import PluginTesting
import Testing

@testable import TradingBook

@Suite("Putting rows into the bot's book")
struct BookUpsertTests {
    @Test("Rows are inserted, updated or left alone, and counted")
    func counts() async throws {
        let stage = RecordingStage()
        try await BookFixture.run(stages: [stage]) { book in
            let first = try await book.text("trades", "[\(trade("t-1")), \(trade("t-2"))]")
            let again = try await book.text(
                "trades", "[\(trade("t-1")), \(trade("t-2", volume: "0.2")), \(trade("t-3"))]")

            #expect(first == #"{"received":2,"inserted":2,"updated":0,"unchanged":0}"#)
            #expect(again == #"{"received":3,"inserted":1,"updated":1,"unchanged":1}"#)
            #expect(stage.changes.isEmpty)
            let stored = try await book.rows("SELECT * FROM trades WHERE trade_id = 't-2'")
            let row = try Trade(stored: #require(stored.first))
            #expect(row.volume == "0.2")
            #expect(row.instrument == "EURUSD")
            #expect(row.symbol == "eurusd.m")
            #expect(row.fills.first?.price == "1.17")
        }
    }

    @Test("Signals and approvals are upserted alike, and may name what is not yet there")
    func signalsAndApprovals() async throws {
        try await BookFixture.run { book in
            let approval = """
                [{"approval_id":"p-1","signal_id":"s-9","account_id":"acc-1","decision":"rejected","decided_by":"desk",
                  "decided_at":"2026-01-05T10:00:00Z","reason":null}]
                """
            let signal = """
                [{"signal_id":"s-1","account_id":"acc-1","symbol":"EURUSD","direction":"sell","price":"1.17350",
                  "created_at":"2026-01-05T10:00:00Z","payload":{"b":1,"a":[true]}}]
                """

            for (name, body) in [("approvals", approval), ("signals", signal)] {
                let first = try await book.text(name, body)
                let again = try await book.text(name, body)
                #expect(first == #"{"received":1,"inserted":1,"updated":0,"unchanged":0}"#)
                #expect(again == #"{"received":1,"inserted":0,"updated":0,"unchanged":1}"#)
            }
        }
    }

    @Test("One row for an account that is not there or not covered refuses them all")
    func wholeOrNothing() async throws {
        try await BookFixture.run { book in
            let body = "[\(trade("t-1")), \(trade("t-2").replacing("acc-1", with: "acc-9"))]"
            let covered = Caller(subject: "agent-2", role: .agent, grant: .accounts(["acc-1"]))

            let unknown = try await book.refusal("trades", body)
            let foreign = try await book.refusal("trades", body, by: covered)

            #expect(unknown.status == 404)
            #expect(unknown.errors.map(\.place) == [.pointer("/1/account_id")])
            #expect(foreign == unknown)
            #expect(try await book.count("trades") == 0)
        }
    }

    @Test("The same trade ID in two accounts is two trades")
    func perAccount() async throws {
        try await BookFixture.run { book in
            try await book.put("acc-2", book.account(user: "user-2"))

            let answer = try await book.call(
                "trades", "[\(trade("t-1")), \(trade("t-1").replacing("acc-1", with: "acc-2"))]")

            #expect(answer.invalidates == [.account("acc-1"), .account("acc-2"), .user("user-1"), .user("user-2")])
            #expect(try await book.count("trades") == 2)
        }
    }

    @Test("Twenty thousand rows go in at once")
    func many() async throws {
        try await BookFixture.run { book in
            let lines = (0..<20_000).map { trade("t-\($0)") }.joined(separator: "\n")

            let reply = try await book.call("trades", lines, contentType: "application/x-ndjson")

            #expect(String(decoding: reply.body, as: UTF8.self).contains(#""inserted":20000"#))
        }
    }

    @Test("Trades read from a file take the same path")
    func imported() async throws {
        try await BookFixture.run { book in
            let trades = try BookBodies.trades(Array("[\(trade("t-1"))]".utf8), contentType: nil)
            let request = Request(caller: BookFixture.operator, now: book.clock.now, cursors: NoCursors())

            let reply = try await book.book.importTrades(trades, request)

            #expect(String(decoding: reply.body, as: UTF8.self).contains(#""inserted":1"#))
        }
    }
}

private func trade(_ id: String, volume: String = "0.10") -> String {
    """
    {"trade_id": "\(id)", "account_id": "acc-1", "symbol": "eurusd.m", "direction": "buy", "volume": \(volume), \
    "entry_price": 1.17350, "entry_time": "2026-01-05T10:00:00Z", "status": "open", "ticket": 7, \
    "fills": [{"fill_id": "f-1", "volume": 0.1, "price": 1.17, "time": "2026-01-05T10:00:00Z"}]}
    """
}
