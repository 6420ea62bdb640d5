public import PluginAPI
public import TradingBook

/// Two books of one account at one moment, and what is needed to compare them. The snapshot behind it is complete:
/// only such a one can show that something is missing.
public struct MatchInput: Sendable {
    public var mode: Account.Mode
    /// Open trades, in any order.
    public var trades: [Trade]
    /// Keys of trades that are no longer open, as far as they may name one of the positions; in any order.
    public var closed: [ClosedTrade]
    /// The snapshot's positions, in any order.
    public var positions: [BrokerPosition]
    /// By canonical symbol.
    public var instruments: [String: Instrument]
    public var cash: CashFigures?
    /// ISO 4217 code of the account, the symbol under which a cash difference stands.
    public var currency: String
    /// Decimals of the currency.
    public var currencyDigits: Int
    /// Of tickets that the snapshot does not list: the ticket that each continued.
    public var earlierTickets: [Int64: Int64]

    public init(
        mode: Account.Mode = .hedging,
        trades: [Trade],
        closed: [ClosedTrade] = [],
        positions: [BrokerPosition],
        instruments: [String: Instrument] = [:],
        cash: CashFigures? = nil,
        currency: String = "",
        currencyDigits: Int = 2,
        earlierTickets: [Int64: Int64] = [:]
    ) {
        self.mode = mode
        self.trades = trades
        self.closed = closed
        self.positions = positions
        self.instruments = instruments
        self.cash = cash
        self.currency = currency
        self.currencyDigits = currencyDigits
        self.earlierTickets = earlierTickets
    }
}

extension MatchInput {
    /// The instruments that either side holds.
    var instrumentsUsed: [String: Instrument] {
        let symbols = Set(trades.map(\.instrument) + positions.map(\.instrument))
        return instruments.filter { symbols.contains($0.key) }
    }
}

/// The broker's figures from which equity must follow.
public struct CashFigures: Sendable, Equatable {
    public var balance: FixedDecimal
    public var credit: FixedDecimal
    /// Profit, swap, commission and taxes of all open positions.
    public var floating: FixedDecimal
    public var equity: FixedDecimal

    public init(
        balance: FixedDecimal,
        credit: FixedDecimal = .zero,
        floating: FixedDecimal,
        equity: FixedDecimal
    ) {
        self.balance = balance
        self.credit = credit
        self.floating = floating
        self.equity = equity
    }
}

/// Why two books cannot be compared: there is no answer at all.
public enum MatchFailure: Error, Equatable, Sendable {
    /// A number, or a sum of them, is beyond what can be kept exactly. Correct the named object.
    case outOfRange(String)
    /// A side's rows are not the sum of their parts: a mistake of the program, with the sides as they were counted.
    case notConserved(ours: SideCounts, broker: SideCounts)
}
