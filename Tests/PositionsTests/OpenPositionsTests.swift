import PluginAPI
import Testing

@testable import Positions

@Suite("Open positions")
struct OpenPositionsTests {
    @Test("A user without accounts gets the same body with nothing in it")
    func nobody() async throws {
        try await Desk.with { desk in
            let reply = try await desk.reply("open", accounts: [])

            #expect(
                String(decoding: reply.body, as: UTF8.self)
                    == #"{"user_id":"ann","total_positions":0,"total_unrealized_pnl":0,"#
                    + #""total_unrealized_pnl_pct":0.00,"positions":[],"last_updated_at":null}"#)
        }
    }

    @Test("An account without positions has the time of its data")
    func empty() async throws {
        try await Desk.with { desk in
            try await desk.post(snapshot: snapshot(positions: []))

            let open = try await desk.ask("open")

            #expect(open["total_positions"]?.text == "0")
            #expect(open["last_updated_at"]?.text == "2026-01-05T10:00:00Z")
        }
    }

    @Test("A position goes out with its instrument's digits, exact profit and the contract's fields")
    func body() async throws {
        try await Desk.with { desk in
            try await desk.post(snapshot: snapshot(equity: "10052.50", positions: [gold]))
            try await desk.pair(ticket: 12_345, with: "t-77")

            let reply = try await desk.reply("open")
            let open = try JSONValue(parsing: reply.body)
            let id = open["positions"]?.elements.first?["position_id"]?.text ?? ""

            #expect(
                String(decoding: reply.body, as: UTF8.self)
                    == #"{"user_id":"ann","total_positions":1,"total_unrealized_pnl":51.30,"#
                    + #""total_unrealized_pnl_pct":0.51,"positions":[{"position_id":"\#(id)","account_id":"acc","#
                    + #""ticket":12345,"symbol":"XAUUSD","broker_symbol":"xauusd.m","direction":"buy","volume":0.1,"#
                    + #""entry_price":1950.50,"entry_time":"2026-01-05T09:58:11Z","current_price":1955.755,"#
                    + #""unrealized_pnl":51.30,"unrealized_pnl_pct":0.27,"take_profit":1960.00,"stop_loss":null,"#
                    + #""status":"open","matched_with_bot":true,"last_updated_at":"2026-01-05T10:00:00Z"}],"#
                    + #""last_updated_at":"2026-01-05T10:00:00Z"}"#)
        }
    }

    @Test("Positions are listed by entry time, then ticket")
    func order() async throws {
        try await Desk.with { desk in
            let rows = [
                position(3, entryTime: "2026-01-05T09:00:00Z"), position(2, entryTime: "2026-01-05T09:00:00Z"),
                position(9, entryTime: "2026-01-04T09:00:00Z"),
            ]
            try await desk.post(snapshot: snapshot(positions: rows))

            let open = try await desk.ask("open")

            #expect(open["positions"]?.elements.map { $0["ticket"]?.text } == ["9", "2", "3"])
        }
    }

    @Test("A fall favours a sell, and percentages round half away from zero")
    func sellMove() async throws {
        try await Desk.with { desk in
            let rows = [
                position(1, direction: "sell", entry: "1.00000", current: "0.98995"),
                position(2, direction: "buy", entry: "1.00000", current: "0.98995"),
            ]
            try await desk.post(snapshot: snapshot(positions: rows))

            let open = try await desk.ask("open")

            #expect(open["positions"]?.elements.map { $0["unrealized_pnl_pct"]?.text } == ["1.01", "-1.01"])
        }
    }

    @Test(
        "The total is 0 % of an equity that is unknown or used up",
        arguments: [("null", "0.00"), ("0", "0.00"), ("-20", "0.00"), ("1000", "1.00"), ("3000", "0.33")])
    func totalPercentage(equity: String, expected: String) async throws {
        try await Desk.with { desk in
            try await desk.post(snapshot: snapshot(equity: equity, positions: [position(1, profit: "10")]))

            #expect(try await desk.ask("open")["total_unrealized_pnl_pct"]?.text == expected)
        }
    }

    @Test("A symbol filters in any case, through aliases and brokers' suffixes, and totals follow it")
    func symbol() async throws {
        try await Desk.with { desk in
            try await desk.put(
                instrument: "XAUUSD",
                #"{"digits": 2, "pip": 0.1, "multiplier": 100, "quote_currency": "USD", "aliases": ["GOLD"]}"#)
            try await desk.post(snapshot: snapshot(positions: [gold, position(2, profit: "10")]))

            for name in ["XAUUSD", "xauusd", "gold", "xauusd.m"] {
                let open = try await desk.ask("open", ["symbol": .text(name)])
                #expect(open["positions"]?.elements.map { $0["ticket"]?.text } == ["12345"], "\(name)")
                #expect(open["total_unrealized_pnl"]?.text == "51.30")
            }
            let none = try await desk.ask("open", ["symbol": .text("NZDCHF")])

            #expect(none["total_positions"]?.text == "0")
            #expect(none["last_updated_at"]?.text == "2026-01-05T10:00:00Z")
        }
    }

    @Test("Accounts of one currency add up; of two they are refused, until one is asked for")
    func currencies() async throws {
        try await Desk.with { desk in
            try await desk.put(account: "other", #"{"user_id": "ann", "currency": "USD"}"#)
            try await desk.put(account: "yen", #"{"user_id": "ann", "currency": "JPY"}"#)
            try await desk.post(snapshot: snapshot(equity: "1000", positions: [position(1, profit: "10")]))
            try await desk.post(
                snapshot: snapshot(account: "other", equity: "500", positions: [position(1, profit: "-4")]))
            try await desk.post(snapshot: snapshot(account: "yen", positions: [position(1, profit: "7")]))

            let both = try await desk.ask("open", accounts: ["acc", "other"])
            let yen = try await desk.ask("open", accounts: ["yen"])

            #expect(both["total_unrealized_pnl"]?.text == "6.00")
            #expect(both["total_unrealized_pnl_pct"]?.text == "0.40")
            #expect(both["positions"]?.elements.map { $0["account_id"]?.text } == ["acc", "other"])
            #expect(yen["total_unrealized_pnl"]?.text == "7")
            await #expect(throws: Problem.self) { try await desk.reply("open", accounts: ["acc", "yen"]) }
        }
    }
}

/// A position in gold under a broker's name for it, with a price finer than the instrument's.
private let gold = """
    {"ticket": 12345, "symbol": "xauusd.m", "direction": "buy", "volume": 0.10, "entry_price": 1950.50,
     "entry_time": "2026-01-05T09:58:11Z", "current_price": 1955.755, "take_profit": 1960.0, "stop_loss": 0,
     "profit": 52.50, "swap": -0.5, "commission": "-0.70", "taxes": 0}
    """
