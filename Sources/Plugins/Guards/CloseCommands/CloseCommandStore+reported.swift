import PluginAPI
import TradingBook

extension CloseCommandStore {
    /// Positions that an agent's report had closed, that a snapshot of before the closing then listed as open once more,
    /// and that are gone now: each with the closing that was reported.
    ///
    /// - Parameter tickets: Positions that the newest snapshot has closed.
    func reported(among tickets: [Int64]) throws(StorageError) -> [ReportedClosing] {
        var reported: [ReportedClosing] = []
        for start in stride(from: 0, to: tickets.count, by: Self.ticketsPerStatement) {
            let some = Array(tickets[start..<min(start + Self.ticketsPerStatement, tickets.count)])
            let rows = try transaction.rows(
                """
                SELECT c.ticket, c.closed_at, c.close_price, c.reason FROM close_commands c
                JOIN positions p ON p.account_id = c.account_id AND p.ticket = c.ticket
                WHERE c.account_id = \(account) AND c.ticket IN (\(some)) AND c.status = 'confirmed'
                    AND p.status = 'closed' AND p.close_price IS NULL AND p.last_listed_at <= c.closed_at
                    AND p.entry_time <= c.closed_at
                ORDER BY c.ticket, c.closed_at
                """)
            reported += rows.compactMap { row in
                guard let ticket = row.integer(0), let closedAt = row.timestamp(1), let price = row.decimal(2),
                    let reason = row.text(3).flatMap(ReportedClosing.Reason.init)
                else { return nil }
                return ReportedClosing(ticket: ticket, closedAt: closedAt, closePrice: price, reason: reason)
            }
        }
        return reported
    }

    private static let ticketsPerStatement = 500
}
