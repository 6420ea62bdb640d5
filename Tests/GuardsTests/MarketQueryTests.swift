import PluginAPI
import PluginTesting
import Testing

@testable import Guards

@Suite("Market on stored quotes")
struct MarketQueryTests {
    @Test("A gap and a wide spread are alerts with the contract's fields; a quiet symbol has none")
    func alerts() async throws {
        try await Desk.with { desk in
            let now = desk.clock.now
            let answer = try await desk.see(
                equity: "10000",
                quotes: [
                    quote("XAUUSD", bid: "1950.00", ask: "1960.0035", open: "1954", previousClose: "1953.1", at: now),
                    quote("EURUSD", bid: "1.10000", ask: "1.10001", open: "0.9", previousClose: "1", at: now),
                    quote("GBPUSD", bid: "1.30000", ask: "1.30001", open: "1.3", previousClose: "1.3", at: now),
                ].joined(separator: ","))

            let market = try await desk.reply("market")

            #expect(answer["guards"]?["market_alerts"]?.text == "2")
            #expect(
                String(decoding: market.body, as: UTF8.self)
                    == #"{"user_id":"ann","symbols":["#
                    + #"{"account_id":"acc","symbol":"EURUSD","state":"critical","quote_time":"\#(now)"},"#
                    + #"{"account_id":"acc","symbol":"GBPUSD","state":"ok","quote_time":"\#(now)"},"#
                    + #"{"account_id":"acc","symbol":"XAUUSD","state":"warning","quote_time":"\#(now)"}],"#
                    + #""alerts":[{"account_id":"acc","symbol":"EURUSD","condition_type":"price_gap","#
                    + #""alert_type":"critical","price_gap_pct":10.00,"bid_ask_spread_pct":0.00,"#
                    + #""open_price":0.90000,"close_price":1.00000,"bid":1.10000,"ask":1.10001,"#
                    + #""should_close_positions":false,"detected_at":"\#(now)"},"#
                    + #"{"account_id":"acc","symbol":"XAUUSD","condition_type":"liquidity_crisis","#
                    + #""alert_type":"warning","price_gap_pct":0.05,"bid_ask_spread_pct":0.51,"#
                    + #""open_price":1954.00,"close_price":1953.10,"bid":1950.00,"ask":1960.0035,"#
                    + #""should_close_positions":false,"detected_at":"\#(now)"}],"last_evaluated_at":"\#(now)"}"#)
        }
    }

    @Test("An alert keeps the time of its first quote until it ends")
    func detection() async throws {
        try await Desk.with { desk in
            let first = desk.clock.now
            for ask in ["102", "102", "100.1", "102"] {
                try await desk.see(equity: "10000", quotes: quote("XAUUSD", bid: "100", ask: ask, at: desk.clock.now))
                if ask == "102", desk.clock.now < first + .seconds(20) {
                    #expect(try await detectedAt(desk) == "\(first)")
                }
                desk.clock.advance(by: .seconds(10))
            }

            #expect(try await detectedAt(desk) == "\(first + .seconds(30))")
        }
    }

    @Test("A stale quote is unknown without alerts, and nobody is told it is fine")
    func stale() async throws {
        try await Desk.with { desk in
            let old = quote("XAUUSD", bid: "100", ask: "105", at: desk.clock.now - .seconds(31))
            try await desk.see(equity: "10000", quotes: old)

            let market = try await desk.ask("market")
            let status = try await desk.ask("status")

            #expect(market["symbols"]?.elements.first?["state"]?.text == "unknown")
            #expect(market["alerts"]?.elements.isEmpty == true)
            #expect(status["system_status"]?.text == "degraded")
        }
    }

    @Test("A symbol that is neither quoted nor held any more is watched no longer")
    func dropped() async throws {
        try await Desk.with { desk in
            try await desk.see(equity: "10000", quotes: quote("XAUUSD", bid: "100", ask: "105", at: desk.clock.now))
            desk.clock.advance(by: .seconds(10))
            try await desk.see(equity: "10000", quotes: quote("EURUSD", bid: "1", ask: "1.0001", at: desk.clock.now))

            let market = try await desk.ask("market")

            #expect(market["symbols"]?.elements.map { $0["symbol"]?.text } == ["EURUSD"])
        }
    }

    @Test("A symbol filters in any case and under a broker's name; another gives empty lists")
    func filter() async throws {
        try await Desk.with { desk in
            let quotes = [
                quote("XAUUSD", bid: "100", ask: "105", at: desk.clock.now),
                quote("EURUSD", bid: "1", ask: "1.0001", at: desk.clock.now),
            ]
            try await desk.see(equity: "10000", quotes: quotes.joined(separator: ","))

            let gold = try await desk.ask("market", ["symbol": .text("xauusd.m")])
            let none = try await desk.ask("market", ["symbol": .text("NZDCHF")])

            #expect(gold["symbols"]?.elements.map { $0["symbol"]?.text } == ["XAUUSD"])
            #expect(gold["alerts"]?.elements.count == 1)
            #expect(none["symbols"]?.elements.isEmpty == true)
            #expect(none["last_evaluated_at"]?.text == "\(desk.clock.now)")
        }
    }

    @Test("With act close an alert asks for positions to be closed and is a trip, once while it lasts")
    func close() async throws {
        try await Desk.with(marketAct: "close") { desk in
            for _ in 0..<2 {
                try await desk.see(
                    equity: "10000", quotes: quote("XAUUSD", bid: "100", ask: "105", at: desk.clock.now))
                desk.clock.advance(by: .seconds(10))
            }

            let status = try await desk.ask("status")
            let trips = try await desk.ask("history", ["limit": .integer(50)])["trips"]?.elements

            #expect(status["any_positions_should_close"]?.text == "true")
            #expect(trips?.map { $0["reason"]?.text } == ["liquidity_crisis"])
            #expect(trips?.first?["symbol"]?.text == "XAUUSD")
        }
    }

    @Test("Status is healthy, warning or degraded, and holds both guards")
    func status() async throws {
        try await Desk.with { desk in
            let nobody = try await desk.ask("status", accounts: [])
            try await desk.see(equity: "10000", quotes: quote("XAUUSD", bid: "100", ask: "100.1", at: desk.clock.now))
            let healthy = try await desk.ask("status")
            desk.clock.advance(by: .seconds(10))
            try await desk.see(equity: "10000", quotes: quote("XAUUSD", bid: "100", ask: "105", at: desk.clock.now))
            let alerted = try await desk.ask("status")
            desk.clock.advance(by: .seconds(10))
            try await desk.see(equity: "7000", quotes: quote("XAUUSD", bid: "100", ask: "100.1", at: desk.clock.now))
            let tripped = try await desk.ask("status")

            #expect(nobody["system_status"]?.text == "degraded")
            #expect(nobody["drawdown_guard"]?["account_id"] == .null)
            #expect(nobody["last_evaluated_at"] == .null)
            #expect(healthy["system_status"]?.text == "healthy")
            #expect(alerted["system_status"]?.text == "warning")
            #expect(alerted["market_guard_alerts"]?.elements.count == 1)
            #expect(alerted["any_positions_should_close"]?.text == "false")
            #expect(tripped["system_status"]?.text == "warning")
            #expect(tripped["drawdown_guard"]?["state"]?.text == "tripped")
            #expect(tripped["any_positions_should_close"]?.text == "true")
            #expect(tripped["last_evaluated_at"]?.text == "\(desk.clock.now)")
        }
    }

    private func detectedAt(_ desk: Desk) async throws -> String? {
        // As of the moment the last snapshot was taken in.
        try await desk.ask("market")["alerts"]?.elements.first?["detected_at"]?.text
    }
}

private func quote(
    _ symbol: String, bid: String, ask: String, open: String? = nil, previousClose: String? = nil, at time: Timestamp
) -> String {
    let day = open.flatMap { open in previousClose.map { #", "open": \#(open), "previous_close": \#($0)"# } } ?? ""
    return #"{"symbol": "\#(symbol)", "bid": \#(bid), "ask": \#(ask)\#(day), "time": "\#(time)"}"#
}
