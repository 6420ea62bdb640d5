import PluginAPI

/// Random days of two accounts: what the bot sends and what the broker reports, with differences of every class, and what
/// users and agents make of them.
struct History {
    /// A command: the operation's name, its body, and the values of its path.
    struct Step {
        var name: String
        var body: String
        var values: [String: Value] = [:]
    }

    private var random: SeededRandom
    private var tickets: Int64 = 100
    /// What the accounts hold by either side's word.
    private var dealings: [Dealing] = []
    /// By account: dealings of each kind come in turn, so that no seed leaves one out.
    private var flaws: [String: [Dealing.Flaw]] = [:]

    private static let dealingsMax = 20

    init(seed: UInt64) {
        random = SeededRandom(state: seed)
    }

    /// What the bot or the broker sends next.
    mutating func next(now: Timestamp) -> Step {
        let account = pick(["acc", "acc", "net"])
        if Int.random(in: 0..<5, using: &random) < 2 { return trades(of: account, now) }
        return snapshot(of: account, now, equity: Int.random(in: 70...130, using: &random) * 100)
    }

    // MARK: The bot

    private mutating func trades(of account: String, _ now: Timestamp) -> Step {
        var rows: [String] = []
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            let dealing = deal(account, now)
            rows += dealing.trades
            dealings.append(dealing)
        }
        let own = dealings.filter { $0.account == account }
        if own.count > Self.dealingsMax, let oldest = own.first {
            dealings.removeAll { $0.ticket == oldest.ticket }
            // The bot closes some of what it has; of the rest it does not hear.
            if Bool.random(using: &random) { rows += oldest.closed(at: now) }
        }
        return Step(name: "trades", body: "[\(rows.joined(separator: ","))]")
    }

    private mutating func deal(_ account: String, _ now: Timestamp) -> Dealing {
        // Each takes the tickets of its repeats with it.
        tickets += 10
        if flaws[account, default: []].isEmpty { flaws[account] = Dealing.Flaw.allCases.shuffled(using: &random) }
        return Dealing(
            account: account, ticket: tickets, symbol: pick(Dealing.prices.keys.sorted()),
            direction: pick(["buy", "sell"]), volume: pick(["0.10", "0.2", "1"]), openedAt: now,
            flaw: flaws[account]?.popLast() ?? .none)
    }

    // MARK: The broker

    /// - Parameter onlyOpen: Nothing but what both sides have in the same way, and a position that nobody knows.
    mutating func snapshot(of account: String, _ now: Timestamp, equity: Int, onlyOpen: Bool = false) -> Step {
        var rows: [String] = []
        for dealing in dealings where dealing.account == account {
            // What differs does not always.
            let isHealed = onlyOpen || Int.random(in: 0..<10, using: &random) == 0
            rows += dealing.positions(profit: pick(["52.50", "-3.1", "0"]), isHealed: isHealed)
        }
        if onlyOpen || Bool.random(using: &random) {
            tickets += 10
            rows += Dealing(
                account: account, ticket: tickets, symbol: "GBPUSD", direction: "buy", volume: "0.3", openedAt: now,
                flaw: .unknownToUs
            ).positions(profit: "1")
        }
        let completeness = onlyOpen ? "complete" : pick(["complete", "complete", "complete", "partial"])
        let body = """
            {"account_id": "\(account)", "as_of": "\(now)", "completeness": "\(completeness)",
             "account": {"equity": \(equity).25, "balance": 10000.10}, "positions": [\(rows.joined(separator: ","))],
             "flows": [{"flow_id": "f-\(tickets)-\(equity)", "time": "\(now)", "amount": \(equity).50, "kind": "deposit"}],
             "quotes": [{"symbol": "XAUUSD", "bid": 1950.00, "ask": \(pick(["1950.20", "1999.00"])), "open": 1954.00,
                         "previous_close": 1853.10, "time": "\(now)"}]}
            """
        return Step(name: "snapshots", body: body)
    }

    // MARK: People

    /// Something that somebody does to one of these breaks; much of it is refused.
    mutating func act(on breaks: [String], now: Timestamp) -> Step? {
        guard let id = breaks.randomElement(using: &random) else { return nil }
        let (name, body) = pick([
            ("acknowledgeBreak", #"{"note": "seen"}"#), ("snoozeBreak", #"{"until": "\#(now + .seconds(9))"}"#),
            ("resolveBreak", #"{"resolution": "fixed", "note": null}"#),
            ("resolveBreak", #"{"resolution": "accepted", "note": "café 📈"}"#), ("reopenBreak", "{}"),
        ])
        return Step(name: name, body: body, values: ["break_id": .text(id)])
    }

    private mutating func pick<T>(_ choices: [T]) -> T { choices[Int.random(in: 0..<choices.count, using: &random)] }
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

extension History.Step {
    /// A snapshot a little later, at other prices; the step itself without repeats.
    func again(after repeats: Int, at now: Timestamp) -> History.Step {
        guard repeats > 0, let time = body.firstRange(of: #""as_of": ""#) else { return self }
        var later = self
        let end = body[time.upperBound...].firstIndex(of: #"""#) ?? body.endIndex
        later.body.replaceSubrange(time.upperBound..<end, with: "\(now)")
        later.body = later.body.replacing(#""profit": 52.50"#, with: #""profit": 5\#(repeats).50"#)
        return later
    }
}
