public import PluginAPI

extension BookModule {
    /// Closes a position as an agent reports it, inside the caller's transaction with the account's row locked.
    ///
    /// One that a snapshot has closed without a price gets this one. One that a statement has settled keeps the statement's
    /// figures and gets the reason, unless the statement gave one. A statement that comes later corrects price and P/L.
    ///
    /// - Throws: 409 for a closing more than 60 s ahead of the host's clock, 422 for one before the position was opened.
    public func close(
        _ closing: ReportedClosing,
        of account: Account,
        at now: Timestamp,
        in transaction: any Transaction
    ) throws -> ReportedPosition {
        let stored = try StoredPosition(account: account.id, ticket: closing.ticket, in: transaction)
        try stored.check(closing, at: now)
        if stored.isSettled {
            try transaction.execute(
                """
                UPDATE positions SET close_reason = \(closing.reason.rawValue)
                WHERE account_id = \(account.id) AND ticket = \(closing.ticket) AND close_reason = 'unknown'
                """)
            return ReportedPosition(
                symbol: stored.position.instrument, tradeID: stored.tradeID, realizedPnL: stored.realizedPnL)
        }
        let realized = try realizedPnL(stored.position, at: closing.closePrice, of: account, in: transaction)
        try transaction.execute(
            """
            UPDATE positions SET status = 'closed', closed_at = \(closing.closedAt), close_price = \(closing.closePrice),
                realized_pnl = \(realized), settled_by = 'report', close_reason = \(closing.reason.rawValue),
                last_updated_at = \(closing.closedAt)
            WHERE account_id = \(account.id) AND ticket = \(closing.ticket)
            """)
        try BookRevision.renew(account.id, in: transaction)
        return ReportedPosition(symbol: stored.position.instrument, tradeID: stored.tradeID, realizedPnL: realized)
    }

    /// The profit at the closing price, with the costs that the broker last stated; `nil` for an instrument that nobody has
    /// described, or one that is not quoted in the account's currency.
    private func realizedPnL(
        _ position: BrokerPosition,
        at price: FixedDecimal,
        of account: Account,
        in transaction: any Transaction
    ) throws -> FixedDecimal? {
        var closed = position
        closed.currentPrice = price
        let known = try instruments.book(resolving: [position.instrument], in: transaction)
        guard let profit = try? SnapshotValuation(account: account, book: known).profit(closed) else { return nil }
        closed.profit = profit
        let realized = closed.unrealizedPnL
        return realized.storedUnits == nil ? nil : realized
    }
}

/// What is stored of a position that is to be closed.
private struct StoredPosition {
    let position: BrokerPosition
    let tradeID: String?
    /// Whether a statement or a report has told how it ended.
    let isSettled: Bool
    let realizedPnL: FixedDecimal?

    init(account: String, ticket: Int64, in transaction: any Transaction) throws {
        let row = try transaction.rows(
            """
            SELECT symbol, broker_symbol, direction, volume, entry_price, entry_time, current_price, swap, commission,
                taxes, matched_trade_id, settled_by, realized_pnl
            FROM positions WHERE account_id = \(account) AND ticket = \(ticket)
            """
        ).first
        guard let row, let symbol = row.text(0), let brokerSymbol = row.text(1),
            let direction = row.text(2).flatMap(Direction.init), let volume = row.decimal(3),
            let entryPrice = row.decimal(4), let entryTime = row.timestamp(5), let currentPrice = row.decimal(6),
            let swap = row.decimal(7), let commission = row.decimal(8), let taxes = row.decimal(9)
        else { throw StoredRowDamaged(table: "positions", column: "ticket") }
        position = BrokerPosition(
            ticket: ticket, symbol: brokerSymbol, instrument: symbol, direction: direction, volume: volume,
            entryPrice: entryPrice, entryTime: entryTime, currentPrice: currentPrice, swap: swap,
            commission: commission, taxes: taxes)
        tradeID = row.text(10)
        isSettled = row.text(11) != nil
        realizedPnL = row.decimal(12)
    }

    func check(_ closing: ReportedClosing, at now: Timestamp) throws(Problem) {
        guard closing.closedAt >= position.entryTime else {
            throw .unprocessable(
                "The position cannot have been closed then.",
                errors: [.init(.pointer("/closed_at"), "is before the position was opened, \(position.entryTime)")])
        }
        let limit = now + SnapshotIngest.aheadMax
        guard closing.closedAt <= limit else {
            throw .conflict(
                "The closing is more than 60 seconds ahead of the host's clock.",
                errors: [.init(.pointer("/closed_at"), "is after \(limit)")])
        }
    }
}
