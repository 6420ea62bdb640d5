import PluginAPI

/// Writes an account's positions, inside the caller's transaction.
struct PositionStore {
    let account: String
    let transaction: any Transaction

    private static let columns = [
        "position_id", "account_id", "ticket", "symbol", "broker_symbol", "digits", "direction", "volume",
        "entry_price", "entry_time", "current_price", "take_profit", "stop_loss", "profit", "swap", "commission",
        "taxes", "unrealized_pnl", "comment", "magic", "status", "last_updated_at", "closed_at", "close_price",
        "realized_pnl", "settled_by", "close_reason", "last_listed_at",
    ]
    /// What a new row replaces whatever was there.
    private static let replaced = columns.dropFirst(3).dropLast(2).filter { $0 != "comment" }
        .map { "\($0) = excluded.\($0)" }.joined(separator: ", ")
    /// Of a position that was closed in part a statement tells only what became of it (`to #N`): what it was before, and
    /// which ticket it continued, stays in the comment. What a report of an agent gave as the reason of a closing stays
    /// when a statement gives none.
    private static let upsert = """
        INSERT INTO positions (\(columns.joined(separator: ", ")))
        VALUES (\(columns.map { _ in "?" }.joined(separator: ", ")))
        ON CONFLICT (account_id, ticket) DO UPDATE SET
        \(replaced),
        comment = CASE WHEN excluded.status = 'closed' AND excluded.comment LIKE 'to #%'
            THEN coalesce(positions.comment, excluded.comment) ELSE excluded.comment END,
        close_reason = CASE WHEN excluded.close_reason = 'unknown' AND positions.status = 'closed'
            THEN positions.close_reason ELSE excluded.close_reason END,
        last_listed_at = coalesce(excluded.last_listed_at, positions.last_listed_at),
        matched_trade_id = CASE WHEN excluded.status = 'open' AND positions.status = 'closed'
            THEN NULL ELSE positions.matched_trade_id END
        """

    /// Makes the positions that a complete snapshot lists the account's open ones.
    ///
    /// Of most only prices and profit have moved since the last snapshot; these are all that is written then.
    /// - Parameter moves: Of those that have only moved, as ``moves(_:of:at:)`` gives them.
    func bringUp(
        to listed: OpenRows.Comparison,
        moves: [[Value]],
        digits: (String) -> Int,
        at asOf: Timestamp
    ) throws {
        try close(listed.gone, at: asOf)
        if !moves.isEmpty { try transaction.executeMany(Self.move, moves) }
        try putOpen(listed.changed, digits: digits, at: asOf)
    }

    private static let move = """
        UPDATE positions SET current_price = ?, profit = ?, swap = ?, commission = ?, taxes = ?, unrealized_pnl = ?,
            last_updated_at = ?, last_listed_at = ?
        WHERE account_id = ? AND ticket = ?
        """

    /// What is written of positions that have moved with the market and are as they were otherwise.
    static func moves(_ positions: [BrokerPosition], of account: String, at asOf: Timestamp) -> [[Value]] {
        positions.map { position in
            [
                .decimal(position.currentPrice), .decimal(position.profit ?? .zero), .decimal(position.swap),
                .decimal(position.commission), .decimal(position.taxes), .decimal(position.unrealizedPnL),
                .timestamp(asOf), .timestamp(asOf), .text(account), .integer(position.ticket),
            ]
        }
    }

    /// Inserts or updates listed positions; one that was closed is open again under its old ID, paired with nothing until
    /// a run pairs it.
    func putOpen(_ positions: [BrokerPosition], digits: (String) -> Int, at asOf: Timestamp) throws {
        guard !positions.isEmpty else { return }
        try transaction.executeMany(
            Self.upsert,
            positions.map { position in
                values(position, digits: digits(position.instrument), at: asOf)
                    + [.text("open"), .timestamp(asOf), .null, .null, .null, .null, .null, .timestamp(asOf)]
            })
        try BookRevision.renew(account, in: transaction)
    }

    /// Closes positions that a complete snapshot no longer lists: price and P/L stay unknown until a statement tells.
    private func close(_ tickets: [Int64], at asOf: Timestamp) throws {
        guard !tickets.isEmpty else { return }
        try transaction.executeMany(
            """
            UPDATE positions SET status = 'closed', closed_at = ?, close_price = NULL, realized_pnl = NULL,
            settled_by = NULL, close_reason = 'unknown', last_updated_at = ? WHERE account_id = ? AND ticket = ?
            """,
            tickets.map { [.timestamp(asOf), .timestamp(asOf), .text(account), .integer($0)] })
        try BookRevision.renew(account, in: transaction)
    }

    /// Writes closed positions as a statement tells them.
    func putClosed(_ positions: [ClosedPosition], digits: (String) -> Int) throws {
        guard !positions.isEmpty else { return }
        try transaction.executeMany(
            Self.upsert,
            positions.map { closed in
                values(closed.position, digits: digits(closed.position.instrument), at: closed.closedAt) + [
                    .text("closed"), .timestamp(closed.closedAt), .timestamp(closed.closedAt),
                    .decimal(closed.closePrice), .decimal(closed.realizedPnL), .text("statement"),
                    .text(Self.reason(closed)), .null,
                ]
            })
        try BookRevision.renew(account, in: transaction)
    }

    private func values(_ position: BrokerPosition, digits: Int, at time: Timestamp) -> [Value] {
        [
            .text(DerivedID.position(account: account, ticket: position.ticket)), .text(account),
            .integer(position.ticket), .text(position.instrument), .text(position.symbol), .integer(Int64(digits)),
            .text(position.direction.rawValue), .decimal(position.volume), .decimal(position.entryPrice),
            .timestamp(position.entryTime), .decimal(position.currentPrice), .decimal(position.takeProfit),
            .decimal(position.stopLoss), .decimal(position.profit ?? .zero), .decimal(position.swap),
            .decimal(position.commission), .decimal(position.taxes),
            .decimal(position.unrealizedPnL), .text(position.comment), .integer(position.magic),
        ]
    }

    /// Brokers mark a position that met its target or stop in the comment; a price that equals one says the same.
    private static func reason(_ closed: ClosedPosition) -> String {
        let comment = closed.position.comment?.lowercased() ?? ""
        if comment.contains("[tp]") { return "tp" }
        if comment.contains("[sl]") { return "sl" }
        if closed.closePrice == closed.position.takeProfit { return "tp" }
        if closed.closePrice == closed.position.stopLoss { return "sl" }
        return "unknown"
    }
}
