import PluginAPI

/// The four money columns of a statement, each signed: a cost is negative.
struct MT4Amounts: Equatable {
    var commission = FixedDecimal.zero
    var taxes = FixedDecimal.zero
    var swap = FixedDecimal.zero
    var profit = FixedDecimal.zero

    var total: FixedDecimal { commission + taxes + swap + profit }

    static func += (left: inout MT4Amounts, right: MT4Amounts) {
        left.commission += right.commission
        left.taxes += right.taxes
        left.swap += right.swap
        left.profit += right.profit
    }

    /// The columns by name, in the statement's order.
    var columns: [(name: String, value: FixedDecimal)] {
        [("commission", commission), ("taxes", taxes), ("swap", swap), ("profit", profit)]
    }
}
