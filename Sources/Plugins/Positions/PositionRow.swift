import PluginAPI

/// One position as a query read it, and how it is written.
struct PositionRow {
    /// What every query of positions selects first, from `positions p` and `accounts a`; the order is ``Column``'s.
    static let selection: SQL = """
        p.position_id, p.account_id, p.ticket, p.symbol, p.broker_symbol, p.digits, p.direction, p.volume, \
        p.entry_price, p.entry_time, p.current_price, p.unrealized_pnl, p.take_profit, p.stop_loss, p.status, \
        p.matched_trade_id, p.last_updated_at, p.closed_at, p.close_price, p.realized_pnl, p.close_reason, \
        a.currency_digits
        """

    /// Where ``selection`` puts each column.
    private enum Column: Int, CaseIterable {
        case positionID, accountID, ticket, symbol, brokerSymbol, digits, direction, volume
        case entryPrice, entryTime, currentPrice, unrealizedPnL, takeProfit, stopLoss, status
        case matchedTradeID, lastUpdatedAt, closedAt, closePrice, realizedPnL, closeReason
        case currencyDigits
    }

    /// How many columns ``selection`` has; what a query selects besides comes behind them.
    static let columnsTotal = Column.allCases.count

    /// About what ``writeFields(to:)`` writes of a position.
    static let usualBytes = 448

    private let row: Row

    /// - Returns: `nil` for an account's row without a position, as an outer join gives it.
    init?(_ row: Row) {
        guard Self.isPosition(row) else { return nil }
        self.row = row
    }

    /// Whether there is a position in a row, which an outer join gives an account without any, too.
    static func isPosition(_ row: Row) -> Bool { row.text(Column.positionID.rawValue) != nil }

    /// Decimals of the currency of a row's account.
    static func currencyDigits(of row: Row) -> Int { Int(row.integer(Column.currencyDigits.rawValue) ?? 0) }

    var unrealizedPnL: FixedDecimal { decimal(.unrealizedPnL) ?? .zero }

    /// The position's place in the list of closed ones: close time, ticket, account.
    var closedPlace: [Value] {
        [
            row.value(Column.closedAt.rawValue, as: .timestamp), row.value(Column.ticket.rawValue, as: .integer),
            row.value(Column.accountID.rawValue, as: .text),
        ]
    }

    /// The fields every position has, open or closed.
    ///
    /// Prices have the position's digits, volumes as few as they need, money the currency's; more when a value needs them.
    func writeFields(to json: inout JSONWriter) {
        let digits = integer(.digits)
        let direction = text(.direction)
        let (entryPrice, currentPrice) = (decimal(.entryPrice), decimal(.currentPrice))
        json.field("position_id", text(.positionID))
        json.field("account_id", text(.accountID))
        json.field("ticket", row.integer(Column.ticket.rawValue))
        json.field("symbol", text(.symbol))
        json.field("broker_symbol", text(.brokerSymbol))
        json.field("direction", direction)
        json.field("volume", decimal(.volume))
        json.field("entry_price", entryPrice, digits: digits)
        json.field("entry_time", time(.entryTime))
        json.field("current_price", currentPrice, digits: digits)
        json.field("unrealized_pnl", decimal(.unrealizedPnL), digits: integer(.currencyDigits))
        json.field(
            "unrealized_pnl_pct",
            Self.movePercentage(from: entryPrice, to: currentPrice, isSale: direction == "sell"), digits: 2)
        json.field("take_profit", decimal(.takeProfit), digits: digits)
        json.field("stop_loss", decimal(.stopLoss), digits: digits)
        json.field("status", text(.status))
        json.field("matched_with_bot", text(.matchedTradeID) != nil)
        json.field("last_updated_at", time(.lastUpdatedAt))
    }

    /// How the position ended; all null while it is open.
    func writeClosing(to json: inout JSONWriter) {
        json.field("closed_at", time(.closedAt))
        json.field("close_price", decimal(.closePrice), digits: integer(.digits))
        json.field("realized_pnl", decimal(.realizedPnL), digits: integer(.currencyDigits))
        json.field("close_reason", text(.closeReason))
    }

    /// The price's move in the position's favour in percent of the entry price.
    private static func movePercentage(
        from entry: FixedDecimal?,
        to current: FixedDecimal?,
        isSale: Bool
    ) -> FixedDecimal {
        guard let entry, let current else { return .zero }
        let move = isSale ? entry - current : current - entry
        return move.percentage(of: entry) ?? .zero
    }

    private func text(_ column: Column) -> String? { row.text(column.rawValue) }
    private func decimal(_ column: Column) -> FixedDecimal? { row.decimal(column.rawValue) }
    private func time(_ column: Column) -> Timestamp? { row.timestamp(column.rawValue) }
    private func integer(_ column: Column) -> Int { Int(row.integer(column.rawValue) ?? 0) }
}

extension PositionRow {
    /// The shape of ``writeFields(to:)``.
    static let fields: [(String, Schema)] = [
        ("position_id", .text), ("account_id", .text), ("ticket", .integer), ("symbol", .text),
        ("broker_symbol", .text), ("direction", .choice(["buy", "sell"])), ("volume", .decimal),
        ("entry_price", .decimal), ("entry_time", .timestamp), ("current_price", .decimal),
        ("unrealized_pnl", .decimal), ("unrealized_pnl_pct", .decimal), ("take_profit", .optional(.decimal)),
        ("stop_loss", .optional(.decimal)), ("status", .choice(["open", "closed", "pending"])),
        ("matched_with_bot", .boolean), ("last_updated_at", .timestamp),
    ]

    /// The shape of ``writeClosing(to:)``.
    static let closingFields: [(String, Schema)] = [
        ("closed_at", .optional(.timestamp)), ("close_price", .optional(.decimal)),
        ("realized_pnl", .optional(.decimal)), ("close_reason", .optional(.choice(closeReasons))),
    ]

    /// Why a position is closed, as far as it is known.
    static let closeReasons = [
        "drawdown", "market_gap", "market_liquidity", "tp", "sl", "manual", "expiry", "unknown",
    ]

    static func schema(_ fields: [(String, Schema)]) -> Schema {
        var shape: Schema.Fields = [:]
        shape.members = fields.map { (name: $0.0, schema: $0.1) }
        return .object(shape)
    }
}
