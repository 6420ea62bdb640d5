public import PluginAPI
public import TradingBook

/// One field in which two books differ, or the fact that one side is missing.
public struct Difference: Sendable, Equatable {
    /// `nil` when the whole row is what differs.
    public var field: Field?
    public var breakClass: BreakClass
    /// `nil` when our side has no such value.
    public var ours: Cell?
    /// `nil` when the broker's side has no such value.
    public var broker: Cell?
    /// The broker's minus ours; `nil` unless both are numbers.
    public var delta: Cell?
    /// Of the row that stands alone; `nil` when both sides have one, or a sum stands in its place, whose sign tells.
    public var direction: Direction?
    /// How many equal rows beyond the first it stands for, at least 1; `nil` for a class other than a duplicate.
    public var repeats: Int?

    /// What can differ.
    public enum Field: String, Sendable {
        case direction, symbol, volume, equity
        case entryPrice = "entry_price"
        case takeProfit = "take_profit"
        case stopLoss = "stop_loss"
    }

    /// A value as it is shown.
    public enum Cell: Sendable, Equatable {
        /// With at least so many decimals.
        case number(FixedDecimal, digits: Int)
        case text(String)

        /// In units of 10⁻⁸.
        static func units(_ units: Int128, digits: Int) -> Cell {
            .number(FixedDecimal(units: units, scale: 8), digits: digits)
        }

        /// The value as JSON.
        public var json: String {
            var writer = JSONWriter(reservingCapacity: 24)
            switch self {
            case .number(let number, let digits): writer.decimal(number, digits: digits)
            case .text(let text): writer.string(text)
            }
            return writer.text
        }
    }

    public init(
        _ breakClass: BreakClass, field: Field? = nil, ours: Cell?, broker: Cell?, delta: Cell? = nil,
        direction: Direction? = nil, repeats: Int? = nil
    ) {
        self.breakClass = breakClass
        self.field = field
        self.ours = ours
        self.broker = broker
        self.delta = delta
        self.direction = direction
        self.repeats = repeats
    }

    /// Two numbers in units of 10⁻⁸ and what lies between them.
    static func numbers(
        _ breakClass: BreakClass,
        _ field: Field,
        ours: Int128,
        broker: Int128,
        digits: Int
    ) -> Difference {
        Difference(
            breakClass, field: field, ours: .units(ours, digits: digits), broker: .units(broker, digits: digits),
            delta: .units(broker - ours, digits: digits))
    }
}

/// An object on which the two books differ, with every difference found on it.
public struct FoundBreak: Sendable, Equatable {
    /// Names the object within its account: `ticket:N`, else `trade:ID`, `net:SYMBOL`, `symbol:SYMBOL` or `cash`.
    public var key: String
    /// Canonical; the account's currency for cash.
    public var symbol: String
    public var tradeID: String?
    /// The broker's, or the one the trade recorded.
    public var ticket: Int64?
    /// In class order, never empty.
    public var differences: [Difference]
    /// Rows of ours that found no partner and stand in this break.
    public var ourUnmatchedRows: Int
    /// The broker's rows that found no partner and stand in this break.
    public var brokerUnmatchedRows: Int

    /// The first difference decides what the break is.
    public var breakClass: BreakClass { differences[0].breakClass }
}
