import PluginAPI
import TradingBook

@testable import Reconciliation

/// Instruments as the book resolves them; `ODD` is one nobody has described.
let instruments: [String: Instrument] = [
    "XAUUSD": Instrument(symbol: "XAUUSD", digits: 2, pip: "0.1", multiplier: "100", quoteCurrency: "USD"),
    "EURUSD": Instrument(symbol: "EURUSD", digits: 5, pip: "0.0001", multiplier: "100000", quoteCurrency: "USD"),
    "GBPUSD": Instrument(symbol: "GBPUSD", digits: 5, pip: "0.0001", multiplier: "100000", quoteCurrency: "USD"),
    "ODD": Instrument(symbol: "ODD", digits: 3),
]

let opening = Timestamp(seconds: 1_767_600_000)

func trade(
    _ id: String,
    ticket: Int64? = nil,
    _ symbol: String = "EURUSD",
    _ direction: Direction = .buy,
    _ volume: FixedDecimal = "0.10",
    at price: FixedDecimal = "1.10000",
    time: Timestamp = opening,
    reference: String? = nil,
    comment: String? = nil,
    magic: Int64? = nil,
    target: FixedDecimal? = nil,
    stop: FixedDecimal? = nil,
    fills: [Fill] = []
) -> Trade {
    Trade(
        id: id, account: "acc", symbol: symbol, direction: direction, volume: volume, entryPrice: price,
        entryTime: time, ticket: ticket, reference: reference, comment: comment, magic: magic, takeProfit: target,
        stopLoss: stop, fills: fills)
}

func position(
    _ ticket: Int64,
    _ symbol: String = "EURUSD",
    _ direction: Direction = .buy,
    _ volume: FixedDecimal = "0.10",
    at price: FixedDecimal = "1.10000",
    time: Timestamp = opening,
    comment: String? = nil,
    magic: Int64? = nil,
    target: FixedDecimal? = nil,
    stop: FixedDecimal? = nil
) -> BrokerPosition {
    BrokerPosition(
        ticket: ticket, symbol: symbol, direction: direction, volume: volume, entryPrice: price, entryTime: time,
        currentPrice: price, takeProfit: target, stopLoss: stop, profit: .zero, comment: comment,
        magic: magic)
}

func fill(_ id: String, _ volume: FixedDecimal, at price: FixedDecimal = "1.1", after seconds: Int = 0) -> Fill {
    Fill(id: id, volume: volume, price: price, time: opening + .seconds(seconds))
}

func match(
    _ trades: [Trade],
    _ positions: [BrokerPosition],
    closed: [Trade] = [],
    mode: Account.Mode = .hedging,
    policy: MatchPolicy = MatchPolicy(),
    cash: CashFigures? = nil
) throws -> MatchResult {
    try PositionMatcher(policy: policy).match(
        MatchInput(
            mode: mode, trades: trades, closed: closed.map(ClosedTrade.init), positions: positions,
            instruments: instruments, cash: cash, currency: "EUR"))
}

extension MatchResult {
    /// `class key` of every break, in order.
    var found: [String] { breaks.map { "\($0.breakClass.rawValue) \($0.key)" } }
    /// `class key` of every difference of every break.
    var named: Set<String> {
        Set(breaks.flatMap { found in found.differences.map { "\($0.breakClass.rawValue) \(found.key)" } })
    }
    /// `grade trade ticket` of every pair, in order.
    var paired: [String] {
        pairs.map { "\($0.grade.rawValue) \($0.tradeIDs.joined(separator: "+")) \($0.tickets)" }
    }
}

/// A small generator whose numbers are the same on every machine.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// A decimal from a table of arguments. Tables hold texts: the test runner of this toolchain misplaces 128-bit numbers
/// inside tuples.
func decimal(_ text: String) throws -> FixedDecimal { try FixedDecimal(parsing: text) }
