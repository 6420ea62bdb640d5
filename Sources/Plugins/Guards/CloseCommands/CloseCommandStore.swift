import PluginAPI
import TradingBook

/// Reads and writes an account's close commands, inside the caller's transaction with the account's row locked.
struct CloseCommandStore {
    let account: String
    /// The host's clock.
    let now: Timestamp
    let transaction: any Transaction

    /// Writes one command for each position that is open now and has none under way.
    ///
    /// - Parameter symbol: Only this instrument's positions.
    /// - Returns: How many the trip has then.
    @discardableResult
    func write(
        trip: String,
        reason: ReportedClosing.Reason,
        symbol: String? = nil
    ) throws(StorageError) -> Int64 {
        let ofSymbol: SQL = symbol.map { "AND symbol = \($0)" } ?? ""
        let positions = try transaction.rows(
            """
            SELECT ticket, volume FROM positions
            WHERE account_id = \(account) AND status = 'open' \(ofSymbol) ORDER BY ticket
            """)
        let commands = positions.compactMap { row in
            row.integer(0).map { ticket -> [Value] in
                [
                    .text(CloseCommand.id(account: account, trip: trip, ticket: ticket)), .text(account), .text(trip),
                    .integer(ticket), .decimal(row.decimal(1)), .text(reason.rawValue), .text("pending"),
                    .timestamp(now), .timestamp(now + CloseCommand.lifetime),
                ]
            }
        }
        guard !commands.isEmpty else { return 0 }
        try transaction.executeMany(
            """
            INSERT INTO close_commands (command_id, account_id, trip_id, ticket, volume, reason, status, created_at,
                expires_at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
            """, commands)
        return try transaction.rows("SELECT count(*) FROM close_commands WHERE trip_id = \(trip)").first?.integer(0)
            ?? 0
    }

    /// Does what time and the broker have decided: ended leases are pending again, and what is too old, or has no open
    /// position any more, expires. A running lease is left alone: its agent may be about to confirm.
    ///
    /// - Returns: Whether anything changed.
    @discardableResult
    func settle() throws(StorageError) -> Bool {
        let returned = try transaction.execute(
            """
            UPDATE close_commands SET status = 'pending', agent = NULL, leased_until = NULL
            WHERE account_id = \(account) AND status = 'leased' AND leased_until <= \(now)
            """)
        let isPositionOpen: SQL = """
            EXISTS (SELECT 1 FROM positions p WHERE p.account_id = close_commands.account_id
                AND p.ticket = close_commands.ticket AND p.status = 'open')
            """
        let expired = try transaction.execute(
            """
            UPDATE close_commands SET status = 'expired', ended_at = \(now),
                detail = CASE WHEN expires_at <= \(now) THEN 'it was not carried out in time'
                    ELSE 'the position is not open any more' END
            WHERE account_id = \(account) AND status = 'pending'
                AND (expires_at <= \(now) OR NOT \(isPositionOpen))
            """)
        return returned + expired > 0
    }

    /// Expires everything that is not confirmed, leased or not, because the guard is released.
    ///
    /// - Returns: How many commands that were.
    func expireAll() throws(StorageError) -> Int {
        try transaction.execute(
            """
            UPDATE close_commands SET status = 'expired', ended_at = \(now), agent = NULL, leased_until = NULL,
                detail = 'the guard was released'
            WHERE account_id = \(account) AND status IN ('pending', 'leased')
            """)
    }

    /// Hands the oldest pending commands out, each with the volume that is open now.
    ///
    /// - Returns: Their IDs.
    func lease(to agent: String, limit: Int64, for time: Duration) throws(StorageError) -> [String] {
        try settle()
        let ids = try transaction.rows(
            """
            SELECT command_id FROM close_commands WHERE account_id = \(account) AND status = 'pending'
            ORDER BY created_at, ticket, command_id LIMIT \(limit)
            """
        ).compactMap { $0.text(0) }
        guard !ids.isEmpty else { return [] }
        try transaction.execute(
            """
            UPDATE close_commands SET status = 'leased', agent = \(agent), leased_until = \(now + time),
                volume = (SELECT p.volume FROM positions p
                    WHERE p.account_id = close_commands.account_id AND p.ticket = close_commands.ticket)
            WHERE command_id IN (\(ids))
            """)
        return ids
    }

    /// Writes how a command has ended.
    func end(_ command: CloseCommand, realizedPnL: FixedDecimal?) throws(StorageError) {
        try transaction.execute(
            """
            UPDATE close_commands SET status = \(command.status.rawValue), leased_until = NULL, ended_at = \(now),
                close_price = \(command.closePrice), closed_at = \(command.closedAt), realized_pnl = \(realizedPnL),
                detail = \(command.detail)
            WHERE command_id = \(command.id)
            """)
    }

    /// The rows of some commands, as ``CloseCommandRow`` writes them, oldest first.
    func rows(_ ids: [String]) throws(StorageError) -> Rows {
        try transaction.rows(
            """
            SELECT \(CloseCommandRow.selection) FROM \(CloseCommandRow.source)
            WHERE c.command_id IN (\(ids)) ORDER BY c.created_at, c.ticket, c.command_id
            """)
    }

    /// `nil` when there is no such command of the account.
    func load(_ id: String) throws(StorageError) -> CloseCommand? {
        try transaction.rows(
            """
            SELECT command_id, account_id, trip_id, ticket, reason, status, agent, leased_until, close_price, closed_at,
                detail
            FROM close_commands WHERE command_id = \(id) AND account_id = \(account)
            """
        ).first.flatMap(CloseCommand.init(stored:))
    }
}

extension CloseCommand {
    /// A command from a row of `close_commands`.
    init?(stored row: Row) {
        guard let id = row.text("command_id"), let account = row.text("account_id"), let trip = row.text("trip_id"),
            let ticket = row.integer("ticket"), let reason = row.text("reason").flatMap(ReportedClosing.Reason.init),
            let status = row.text("status").flatMap(Status.init)
        else { return nil }
        self.init(
            id: id, account: account, tripID: trip, ticket: ticket, reason: reason, status: status,
            agent: row.text("agent"), leasedUntil: row.timestamp("leased_until"),
            closePrice: row.decimal("close_price"), closedAt: row.timestamp("closed_at"), detail: row.text("detail"))
    }
}
