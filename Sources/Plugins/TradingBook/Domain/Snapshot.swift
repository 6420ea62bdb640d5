public import PluginAPI

/// What a broker said about one account at one moment. Immutable once stored.
public struct Snapshot: Sendable, Equatable {
    public var account: String
    public var asOf: Timestamp
    public var completeness: Completeness
    public var figures: AccountFigures?
    /// Sorted by ticket. A row that the broker lists again, equal to the last field, stands here again.
    public var positions: [BrokerPosition]
    /// The positions that there are: each ticket once, whatever the broker repeats. Money is added up over these.
    public var distinctPositions: [BrokerPosition] {
        func isRepeat(_ index: Int) -> Bool { index > 0 && positions[index - 1].ticket == positions[index].ticket }
        guard positions.indices.contains(where: isRepeat) else { return positions }
        return positions.indices.filter { !isRepeat($0) }.map { positions[$0] }
    }
    public var flows: [Flow]
    public var quotes: [Quote]
    /// What went wrong, for ``Completeness/failed``.
    public var error: String?

    /// How much of the account the snapshot shows.
    public enum Completeness: String, Sendable, CaseIterable {
        /// Every open position: what it does not list is not open.
        case complete
        /// Some positions: what it does not list is unknown.
        case partial
        /// Nothing: the source did not answer.
        case failed
    }

    public init(
        account: String,
        asOf: Timestamp,
        completeness: Completeness,
        figures: AccountFigures? = nil,
        positions: [BrokerPosition] = [],
        flows: [Flow] = [],
        quotes: [Quote] = [],
        error: String? = nil
    ) {
        self.account = account
        self.asOf = asOf
        self.completeness = completeness
        self.figures = figures
        self.positions = positions
        self.flows = flows
        self.quotes = quotes
        self.error = error
    }
}

/// The broker's own figures for an account, in its currency.
public struct AccountFigures: Sendable, Equatable {
    public var balance: FixedDecimal?
    public var equity: FixedDecimal?
    public var margin: FixedDecimal?
    public var credit: FixedDecimal?

    public init(
        balance: FixedDecimal? = nil,
        equity: FixedDecimal? = nil,
        margin: FixedDecimal? = nil,
        credit: FixedDecimal? = nil
    ) {
        self.balance = balance
        self.equity = equity
        self.margin = margin
        self.credit = credit
    }
}

/// One open position as the broker lists it.
public struct BrokerPosition: Sendable, Equatable {
    /// 1…2⁶³−1, unique within the account.
    public var ticket: Int64
    /// As the broker writes it.
    public var symbol: String
    /// Canonical symbol.
    public var instrument: String
    public var direction: Direction
    /// Lots, above zero.
    public var volume: FixedDecimal
    public var entryPrice: FixedDecimal
    public var entryTime: Timestamp
    public var currentPrice: FixedDecimal
    /// `nil` when not set; never zero.
    public var takeProfit: FixedDecimal?
    public var stopLoss: FixedDecimal?
    /// Signed, in the account's currency; `nil` when the source does not say.
    public var profit: FixedDecimal?
    /// Signed: a cost is negative. The same for the next two.
    public var swap: FixedDecimal
    public var commission: FixedDecimal
    public var taxes: FixedDecimal
    public var comment: String?
    public var magic: Int64?
}

extension BrokerPosition {
    // Not in the type itself, which so keeps the initialiser of all members that makes a row where it is to stand.
    public init(
        ticket: Int64,
        symbol: String,
        instrument: String? = nil,
        direction: Direction,
        volume: FixedDecimal,
        entryPrice: FixedDecimal,
        entryTime: Timestamp,
        currentPrice: FixedDecimal,
        takeProfit: FixedDecimal? = nil,
        stopLoss: FixedDecimal? = nil,
        profit: FixedDecimal? = nil,
        swap: FixedDecimal = .zero,
        commission: FixedDecimal = .zero,
        taxes: FixedDecimal = .zero,
        comment: String? = nil,
        magic: Int64? = nil
    ) {
        self.init(
            ticket: ticket, symbol: symbol, instrument: instrument ?? symbol.uppercased(), direction: direction,
            volume: volume, entryPrice: entryPrice, entryTime: entryTime, currentPrice: currentPrice,
            takeProfit: takeProfit, stopLoss: stopLoss, profit: profit, swap: swap, commission: commission,
            taxes: taxes, comment: comment, magic: magic)
    }
}

/// Money that moved without a trade.
public struct Flow: Sendable, Equatable {
    /// Unique within the account.
    public var id: String
    public var time: Timestamp
    /// Signed: what it adds to the account.
    public var amount: FixedDecimal
    public var kind: Kind

    public enum Kind: String, Sendable, CaseIterable {
        case deposit, withdrawal, credit, fee, correction
    }

    public init(id: String, time: Timestamp, amount: FixedDecimal, kind: Kind) {
        self.id = id
        self.time = time
        self.amount = amount
        self.kind = kind
    }
}

/// A price at one moment.
public struct Quote: Sendable, Equatable {
    public var symbol: String
    /// Canonical symbol.
    public var instrument: String
    public var bid: FixedDecimal?
    public var ask: FixedDecimal?
    public var open: FixedDecimal?
    public var previousClose: FixedDecimal?
    public var time: Timestamp

    public init(
        symbol: String,
        instrument: String? = nil,
        bid: FixedDecimal? = nil,
        ask: FixedDecimal? = nil,
        open: FixedDecimal? = nil,
        previousClose: FixedDecimal? = nil,
        time: Timestamp
    ) {
        self.symbol = symbol
        self.instrument = instrument ?? symbol.uppercased()
        self.bid = bid
        self.ask = ask
        self.open = open
        self.previousClose = previousClose
        self.time = time
    }
}

/// A position that is no longer open, as a statement tells it.
public struct ClosedPosition: Sendable, Equatable {
    /// The position as it was; ``BrokerPosition/currentPrice`` is the closing price.
    public var position: BrokerPosition
    public var closedAt: Timestamp
    public var closePrice: FixedDecimal
    /// Profit, swap, commission and taxes together.
    public var realizedPnL: FixedDecimal

    public init(
        position: BrokerPosition,
        closedAt: Timestamp,
        closePrice: FixedDecimal,
        realizedPnL: FixedDecimal
    ) {
        self.position = position
        self.closedAt = closedAt
        self.closePrice = closePrice
        self.realizedPnL = realizedPnL
    }
}
