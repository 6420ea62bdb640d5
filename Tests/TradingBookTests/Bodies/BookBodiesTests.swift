import PluginAPI
import Testing

@testable import TradingBook

@Suite("Rows of the bot's book")
struct BookBodiesTests {
    @Test("A trade is read with its fills, from an array and from lines alike")
    func tradeForms() throws {
        let array = try BookBodies.trades(Array("[\(trade)]".utf8), contentType: "application/json")
        let lines = try BookBodies.trades(Array("\(trade)\n\n".utf8), contentType: "application/x-ndjson")

        #expect(array == lines)
        let row = try #require(array.first)
        #expect(row.id == "t-1")
        #expect(row.ticket == 7)
        #expect(row.fills == [Fill(id: "f-1", volume: "0.1", price: "1.17", time: Timestamp(seconds: 1_767_607_200))])
        #expect(row.takeProfit == nil)
    }

    @Test(
        "Each broken rule of a trade is named",
        arguments: [
            (#""status": "open""#, #""status": "pending""#, "/0/status", "must be open or closed"),
            (
                #""status": "open""#, #""status": "open", "closed_at": "2026-01-05T10:00:00Z""#, "/0/closed_at",
                "is only for a closed trade"
            ),
            (
                #""status": "open""#, #""status": "open", "close_price": 1"#, "/0/close_price",
                "is only for a closed trade"
            ),
            (#""volume": "0.10""#, #""volume": 0"#, "/0/volume", "must be greater than 0"),
            (#""ticket": 7"#, #""ticket": -7"#, "/0/ticket", "must be an integer from 1 to 9223372036854775807"),
            (
                #""trade_id": "t-1""#, #""tradeid": "t-2", "trade_id": "t-1""#, "/0/tradeid",
                #"is not a field here; did you mean "trade_id"?"#
            ),
            (#""fill_id": "f-1", "#, "", "/0/fills/0/fill_id", "is missing"),
            (#""fills": ["#, #""fills": [7, "#, "/0/fills/0", "must be an object, not a number"),
        ])
    func tradeRules(change: String, with: String, pointer: String, detail: String) throws {
        #expect(trade.contains(change))
        let body = "[\(trade.replacing(change, with: with))]"

        let problem = try #require(throws: Problem.self) {
            try BookBodies.trades(Array(body.utf8), contentType: "application/json")
        }

        #expect(problem.status == 422)
        #expect(problem.errors == [Problem.Item(.pointer(pointer), detail)])
    }

    @Test("A fill's ID stands once in a trade, and a trade's ID once in a request unless its content is equal")
    func repeats() throws {
        let fill = #"{"fill_id": "f-1", "volume": 0.1, "price": 1.17, "time": "2026-01-05T10:00:00Z"}"#
        let twice = trade.replacing(fill, with: "\(fill), \(fill)")
        let other = trade.replacing("1.17350", with: "1.17351")

        let equal = try BookBodies.trades(Array("[\(trade), \(trade)]".utf8), contentType: nil)
        let fills = #expect(throws: Problem.self) {
            try BookBodies.trades(Array("[\(twice)]".utf8), contentType: nil)
        }
        let trades = #expect(throws: Problem.self) {
            try BookBodies.trades(Array("[\(trade), \(other)]".utf8), contentType: nil)
        }

        #expect(equal.count == 2)
        #expect(fills?.errors == [Problem.Item(.pointer("/0/fills/1/fill_id"), "repeats f-1")])
        #expect(trades?.errors == [Problem.Item(.pointer("/1/trade_id"), "repeats t-1 of /0 with other content")])
    }

    @Test("What could not be added up later is refused when it arrives, where it stands")
    func sizes() throws {
        let huge = #"{"fill_id": "f-2", "volume": 91999999999, "price": 1.17, "time": "2026-01-05T10:00:00Z"}"#
        let fills = trade.replacing("\"fills\": [", with: "\"fills\": [\(huge), ")
        let sum = fills.replacing("\"fills\": [", with: "\"fills\": [\(huge.replacing("f-2", with: "f-3")), ")
        let cost = trade.replacing("\"0.10\"", with: "\"86000000000\"").replacing("1.17350", with: "1162.8")

        let alone = try BookBodies.trades(Array("[\(fills)]".utf8), contentType: nil)
        let together = #expect(throws: Problem.self) {
            try BookBodies.trades(Array("[\(sum)]".utf8), contentType: nil)
        }
        let product = #expect(throws: Problem.self) {
            try BookBodies.trades(Array("[\(cost)]".utf8), contentType: nil)
        }

        #expect(alone.count == 1)
        #expect(together?.errors == [Problem.Item(.pointer("/0/fills"), "add up to more than a volume can be")])
        #expect(
            product?.errors == [
                Problem.Item(.pointer("/0/volume"), "times entry_price must be below 100000000000000")
            ])
    }

    @Test("A broken line is named by its number")
    func brokenLine() throws {
        let problem = #expect(throws: Problem.self) {
            try BookBodies.trades(Array("\(trade)\n{\"a\":}\n".utf8), contentType: "application/x-ndjson")
        }

        #expect(problem?.status == 400)
        #expect(problem?.detail == "The body is not JSON: it has an unexpected character (line 2, column 6).")
    }

    @Test("An array is needed, and at most 20,000 rows are taken")
    func shape() throws {
        let object = #expect(throws: Problem.self) { try BookBodies.trades(Array(trade.utf8), contentType: nil) }
        let many = Array(repeating: "1", count: 20_001).joined(separator: ",")
        let tooMany = #expect(throws: Problem.self) {
            try BookBodies.signals(Array("[\(many)]".utf8), contentType: nil)
        }

        #expect(object?.status == 400)
        #expect(tooMany?.status == 413)
    }

    @Test("A signal's payload is kept in canonical form")
    func payload() throws {
        let signals = try BookBodies.signals(
            Array("[\(signal(payload: #"{"b": [1, null], "a": "x"}"#))]".utf8), contentType: nil)

        #expect(signals.first?.payload == #"{"a":"x","b":[1,null]}"#)
    }

    @Test(
        "A payload that storage could not keep is refused",
        arguments: [
            ("7", "must be an object, not a number"),
            (#"{"a": "\u0000"}"#, "must not contain U+0000, nor numbers with an exponent or more than 32 digits"),
            (#"{"a": [1e400000]}"#, "must not contain U+0000, nor numbers with an exponent or more than 32 digits"),
        ])
    func badPayload(payload: String, detail: String) throws {
        let problem = #expect(throws: Problem.self) {
            try BookBodies.signals(Array("[\(signal(payload: payload))]".utf8), contentType: nil)
        }

        #expect(problem?.errors == [Problem.Item(.pointer("/0/payload"), detail)])
    }

    @Test("An approval names its decision")
    func approval() throws {
        let good = """
            [{"approval_id":"p-1","signal_id":"s-1","account_id":"acc-1","decision":"approved","decided_by":"risk desk",
              "decided_at":"2026-01-05T10:00:00Z"}]
            """

        let approvals = try BookBodies.approvals(Array(good.utf8), contentType: nil)
        let problem = #expect(throws: Problem.self) {
            try BookBodies.approvals(Array(good.replacing("approved", with: "maybe").utf8), contentType: nil)
        }

        #expect(approvals.first?.decision == .approved)
        #expect(problem?.errors == [Problem.Item(.pointer("/0/decision"), "must be approved or rejected")])
    }
}

private let trade = """
    {"trade_id": "t-1", "account_id": "acc-1", "symbol": "EURUSD", "direction": "buy", "volume": "0.10", \
    "entry_price": 1.17350, "entry_time": "2026-01-05T10:00:00Z", "status": "open", "ticket": 7, "take_profit": 0, \
    "fills": [{"fill_id": "f-1", "volume": 0.1, "price": 1.17, "time": "2026-01-05T10:00:00Z"}]}
    """

private func signal(payload: String) -> String {
    """
    {"signal_id":"s-1","account_id":"acc-1","symbol":"EURUSD","direction":"buy","price":1.17,
     "created_at":"2026-01-05T10:00:00Z","payload":\(payload)}
    """
}
