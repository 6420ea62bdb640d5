import PluginAPI
import Reconciliation
import TradingBook

/// Two equal books of so many rows, in no order, whose rows name each other in one way.
struct GeneratedBooks {
    /// How a position finds its trade.
    enum Kind: String, CaseIterable {
        /// The trade records the ticket.
        case ticket
        /// The position's comment holds the trade's ID.
        case reference
        /// Neither, but moment and price are equal.
        case exact
        /// Neither, and the broker opened a second later.
        case close
        /// Neither, and all rows are equal: nobody can tell.
        case equal
    }

    let kind: Kind
    let rows: Int
    private(set) var trades: [Trade] = []
    private(set) var positions: [BrokerPosition] = []

    static let instruments = [
        "EURUSD": Instrument(
            symbol: "EURUSD", digits: 5, pip: "0.0001", multiplier: "100000", quoteCurrency: "USD")
    ]

    var input: MatchInput { MatchInput(trades: trades, positions: positions, instruments: Self.instruments) }

    /// Whether a comparison found what there is to find.
    func isExpected(_ result: MatchResult) -> Bool {
        guard kind == .equal else { return result.pairs.count == rows && result.breaks.isEmpty }
        return result.breaks.count == 2 * rows && result.breaks.allSatisfy { $0.breakClass == .ambiguous }
    }

    init(rows: Int, kind: Kind) {
        self.rows = rows
        self.kind = kind
        trades.reserveCapacity(rows)
        positions.reserveCapacity(rows)
        // A step that shares no factor with the count visits each row once, in an order that looks like none.
        var step = 611_953
        while !step.isCoprime(with: rows) { step += 2 }
        for place in 0..<rows {
            trades.append(trade(place * step % rows))
            positions.append(position((place * step + rows / 3) % rows))
        }
    }

    private func trade(_ name: Int) -> Trade {
        let number = kind == .equal ? 0 : name
        return Trade(
            id: Self.id(name), account: "acc", symbol: "EURUSD", direction: .buy, volume: Self.volume(number),
            entryPrice: Self.price(number), entryTime: Self.time(number),
            ticket: kind == .ticket ? Self.ticket(name) : nil, takeProfit: "1.2", stopLoss: "1.0")
    }

    private func position(_ name: Int) -> BrokerPosition {
        let number = kind == .equal ? 0 : name
        return BrokerPosition(
            ticket: Self.ticket(name), symbol: "EURUSD", direction: .buy, volume: Self.volume(number),
            entryPrice: Self.price(number), entryTime: Self.time(number) + .seconds(kind == .close ? 1 : 0),
            currentPrice: "1.1", takeProfit: "1.2", stopLoss: "1.0", profit: .zero,
            comment: kind == .reference ? "trade:" + Self.id(name) : nil)
    }

    private static func id(_ number: Int) -> String { "grid-\(10_000_000 + number)" }
    private static func ticket(_ number: Int) -> Int64 { 700_000_000 + Int64(number) * 3 }
    private static func volume(_ number: Int) -> FixedDecimal { FixedDecimal(units: Int128(1 + number % 50), scale: 2) }
    private static func price(_ number: Int) -> FixedDecimal {
        FixedDecimal(units: Int128(110_000 + number % 1_000), scale: 5)
    }
    /// Rows of one volume are five minutes apart.
    private static func time(_ number: Int) -> Timestamp {
        Timestamp(seconds: 1_500_000_000) + .seconds(6 * number)
    }
}

extension Int {
    fileprivate func isCoprime(with other: Int) -> Bool {
        var (a, b) = (self, other)
        while b != 0 { (a, b) = (b, a % b) }
        return a == 1
    }
}
