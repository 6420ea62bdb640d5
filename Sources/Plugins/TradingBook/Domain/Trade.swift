public import PluginAPI

/// A trade the bot believes in; its ID is unique within the account.
public struct Trade: Sendable, Equatable {
    public var id: String
    public var account: String
    /// As the bot writes it.
    public var symbol: String
    /// Canonical symbol.
    public var instrument: String
    public var direction: Direction
    /// Lots, above zero.
    public var volume: FixedDecimal
    /// Above zero.
    public var entryPrice: FixedDecimal
    public var entryTime: Timestamp
    public var isOpen: Bool
    public var signal: String?
    public var approval: String?
    /// The broker's number, 1…2⁶³−1, when the bot has learnt it.
    public var ticket: Int64?
    /// What the bot puts into the order's comment; the trade's ID when absent.
    public var reference: String?
    public var comment: String?
    public var magic: Int64?
    /// `nil` when not set; never zero.
    public var takeProfit: FixedDecimal?
    public var stopLoss: FixedDecimal?
    public var closedAt: Timestamp?
    public var closePrice: FixedDecimal?
    public var fills: [Fill]

    /// What the position's comment must hold to be this trade.
    public var effectiveReference: String { reference ?? id }
}

extension Trade {
    // Not in the type itself, which so keeps the initialiser of all members that makes a row where it is to stand.
    public init(
        id: String,
        account: String,
        symbol: String,
        instrument: String? = nil,
        direction: Direction,
        volume: FixedDecimal,
        entryPrice: FixedDecimal,
        entryTime: Timestamp,
        isOpen: Bool = true,
        signal: String? = nil,
        approval: String? = nil,
        ticket: Int64? = nil,
        reference: String? = nil,
        comment: String? = nil,
        magic: Int64? = nil,
        takeProfit: FixedDecimal? = nil,
        stopLoss: FixedDecimal? = nil,
        closedAt: Timestamp? = nil,
        closePrice: FixedDecimal? = nil,
        fills: [Fill] = []
    ) {
        self.init(
            id: id, account: account, symbol: symbol, instrument: instrument ?? symbol.uppercased(),
            direction: direction, volume: volume, entryPrice: entryPrice, entryTime: entryTime, isOpen: isOpen,
            signal: signal, approval: approval, ticket: ticket, reference: reference, comment: comment, magic: magic,
            takeProfit: takeProfit, stopLoss: stopLoss, closedAt: closedAt, closePrice: closePrice, fills: fills)
    }
}

/// One execution of a trade.
public struct Fill: Sendable, Equatable {
    public var id: String
    public var volume: FixedDecimal
    public var price: FixedDecimal
    public var time: Timestamp

    public init(id: String, volume: FixedDecimal, price: FixedDecimal, time: Timestamp) {
        self.id = id
        self.volume = volume
        self.price = price
        self.time = time
    }
}
