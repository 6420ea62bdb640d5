public import PluginAPI

/// What a broker's account statement says, after its rows have been proved to add up to its own summary.
public struct BrokerStatement: Sendable, Equatable {
    /// The account number it is headed with.
    public var login: String
    /// ISO 4217 code it is headed with.
    public var currency: String
    /// The moment it was made, in UTC.
    public var asOf: Timestamp
    /// Closed trades, in the statement's order.
    public var closed: [ClosedPosition]
    /// Open trades, sorted by ticket: a complete snapshot.
    public var open: [BrokerPosition]
    /// Deposits, withdrawals, credits, fees and corrections.
    public var flows: [Flow]
    /// Pending orders that were cancelled or expired; they are not trades.
    public var cancelledOrders: Int
    public var totals: Totals

    /// The statement's own summary, in its currency.
    public struct Totals: Sendable, Equatable {
        public var closedPnL: FixedDecimal
        public var floatingPnL: FixedDecimal
        public var balance: FixedDecimal
        public var credit: FixedDecimal
        public var equity: FixedDecimal
        public var margin: FixedDecimal

        public init(
            closedPnL: FixedDecimal,
            floatingPnL: FixedDecimal,
            balance: FixedDecimal,
            credit: FixedDecimal,
            equity: FixedDecimal,
            margin: FixedDecimal
        ) {
            self.closedPnL = closedPnL
            self.floatingPnL = floatingPnL
            self.balance = balance
            self.credit = credit
            self.equity = equity
            self.margin = margin
        }
    }

    public init(
        login: String,
        currency: String,
        asOf: Timestamp,
        closed: [ClosedPosition],
        open: [BrokerPosition],
        flows: [Flow],
        cancelledOrders: Int,
        totals: Totals
    ) {
        self.login = login
        self.currency = currency
        self.asOf = asOf
        self.closed = closed
        self.open = open
        self.flows = flows
        self.cancelledOrders = cancelledOrders
        self.totals = totals
    }
}

/// Why a file is refused, with every problem found. Nothing of a refused file is stored.
public struct FileRefused: Error, Equatable, Sendable {
    public var problems: [Problem]

    /// One problem and where it stands.
    public struct Problem: Sendable, Equatable {
        /// From 1; `nil` when the problem is of the file as a whole.
        public var line: Int?
        /// From 1.
        public var column: Int?
        /// The part of a statement it stands in: `Closed Transactions, row 12`.
        public var section: String?
        public var detail: String

        public init(line: Int? = nil, column: Int? = nil, section: String? = nil, detail: String) {
            self.line = line
            self.column = column
            self.section = section
            self.detail = detail
        }
    }

    public init(_ problems: [Problem]) {
        self.problems = problems
    }
}
