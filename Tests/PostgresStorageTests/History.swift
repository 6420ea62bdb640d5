import PluginAPI

/// Random days of two accounts: what the bot sends, what the broker reports, and the differences between them.
struct History {
    private var random: SeededRandom
    private var tickets = 100
    /// Positions both sides know: ticket, symbol, direction, volume.
    private var open: [(ticket: Int, symbol: String, direction: String, volume: String)] = []
    private let prices = ["EURUSD": "1.10000", "XAUUSD": "1950.50", "USDJPY": "150.125"]

    init(seed: UInt64) {
        random = SeededRandom(state: seed)
    }

    /// The next command: the operation's name and its body.
    mutating func next(now: Timestamp) -> (name: String, body: String) {
        let account = pick(["acc", "acc", "net"])
        if Int.random(in: 0..<5, using: &random) < 2 { return ("trades", trades(account, now)) }
        return ("snapshots", snapshot(account, now))
    }

    private mutating func trades(_ account: String, _ now: Timestamp) -> String {
        let rows = (0..<Int.random(in: 1...4, using: &random)).map { _ in
            tickets += 1
            let symbol = pick(["EURUSD", "XAUUSD", "USDJPY"])
            let (direction, volume) = (pick(["buy", "sell"]), pick(["0.10", "0.2", "1"]))
            if account == "acc" { open.append((tickets, symbol, direction, volume)) }
            return """
                {"trade_id": "t-\(tickets)", "account_id": "\(account)", "symbol": "\(symbol)",
                 "direction": "\(direction)", "volume": \(volume), "entry_price": \(prices[symbol] ?? "1"),
                 "entry_time": "\(now)", "status": "open", "ticket": \(tickets), "stop_loss": null,
                 "comment": "caf\\u00e9 📈"}
                """
        }
        return "[\(rows.joined(separator: ","))]"
    }

    private mutating func snapshot(_ account: String, _ now: Timestamp) -> String {
        if account == "acc", open.count > 8 { open.removeFirst(3) }
        var rows: [String] = []
        for trade in account == "acc" ? open : [] where Int.random(in: 0..<6, using: &random) > 0 {
            let volume = pick([trade.volume, trade.volume, trade.volume, "0.05"])
            let direction = pick([trade.direction, trade.direction, trade.direction, "sell"])
            rows.append(position(trade.ticket, trade.symbol, direction, volume, now))
        }
        if Bool.random(using: &random) { rows.append(position(tickets + 5_000, "GBPUSD", "buy", "0.3", now)) }
        let equity = Int.random(in: 70...130, using: &random)
        return """
            {"account_id": "\(account)", "as_of": "\(now)", "completeness": "\(pick(["complete", "complete", "partial"]))",
             "account": {"equity": \(equity)00.25, "balance": 10000.10}, "positions": [\(rows.joined(separator: ","))],
             "flows": [{"flow_id": "f-\(equity)", "time": "\(now)", "amount": \(equity).50, "kind": "deposit"}],
             "quotes": [{"symbol": "XAUUSD", "bid": 1950.00, "ask": \(pick(["1950.20", "1999.00"])), "open": 1954.00,
                         "previous_close": 1853.10, "time": "\(now)"}]}
            """
    }

    private mutating func position(
        _ ticket: Int, _ symbol: String, _ direction: String, _ volume: String, _ now: Timestamp
    ) -> String {
        let price = prices[symbol] ?? "1.3"
        return """
            {"ticket": \(ticket), "symbol": "\(symbol)", "direction": "\(direction)", "volume": \(volume),
             "entry_price": \(price), "entry_time": "2026-01-05T09:00:00Z", "current_price": \(price),
             "profit": \(pick(["52.50", "-3.1", "0"])), "swap": -1.25, "comment": "trade:t-\(ticket)"}
            """
    }

    private mutating func pick(_ choices: [String]) -> String { choices.randomElement(using: &random) ?? "" }
}

/// The same numbers for the same seed.
struct SeededRandom: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
