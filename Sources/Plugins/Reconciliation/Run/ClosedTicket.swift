import PluginAPI

/// A position that a complete snapshot no longer lists, for the log.
struct ClosedTicket: Sendable {
    var ticket: Int64
    var symbol: String
    var tradeID: String?

    private static let ticketsPerStatement = 1_000

    static func of(
        _ account: String,
        _ tickets: [Int64],
        in transaction: any Transaction
    ) throws -> [ClosedTicket] {
        var closed: [ClosedTicket] = []
        for start in stride(from: 0, to: tickets.count, by: ticketsPerStatement) {
            let some = Array(tickets[start..<min(start + ticketsPerStatement, tickets.count)])
            let rows = try transaction.rows(
                """
                SELECT ticket, symbol, matched_trade_id FROM positions
                WHERE account_id = \(account) AND ticket IN (\(some)) ORDER BY ticket
                """)
            closed += rows.compactMap { row in
                guard let ticket = row.integer(0), let symbol = row.text(1) else { return nil }
                return ClosedTicket(ticket: ticket, symbol: symbol, tradeID: row.text(2))
            }
        }
        return closed
    }
}
