import PluginAPI

/// What one part of a statement lists, read but not yet proved.
struct MT4Section {
    var trades: [MT4Trade] = []
    var movements: [MT4Movement] = []
    var cancelledOrders = 0
    /// Trades whose result stands in the row of an opposite one.
    var hedges: [MT4HedgeRow] = []
    /// Where each ticket stands, whatever its row is.
    var tickets: [Int64: Place] = [:]
    /// The row under the columns that adds them up, and its line.
    var totals: (amounts: MT4Amounts, line: Int)?
    /// `Closed P/L` or `Floating P/L` below it.
    var result: (value: FixedDecimal, line: Int)?

    /// A row of the section and of the file, both from 1.
    struct Place {
        var row: Int
        var line: Int
    }
}

/// A trade's row and the comment row behind it.
struct MT4Trade {
    var position: BrokerPosition
    /// `nil` for an open trade.
    var closedAt: Timestamp?

    var amounts: MT4Amounts {
        MT4Amounts(
            commission: position.commission, taxes: position.taxes, swap: position.swap,
            profit: position.profit ?? .zero)
    }
}

/// A `balance` or `credit` row: money that moved without a trade.
struct MT4Movement {
    var flow: Flow
    var line: Int
}
