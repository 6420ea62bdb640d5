import PluginAPI

/// A position that is open after a snapshot, and the trade it is paired with.
public struct OpenPosition: Sendable, Equatable {
    public var ticket: Int64
    /// As the run before has left it; `nil` when it paired it with none, or has not seen it.
    public var matchedTradeID: String?

    public init(ticket: Int64, matchedTradeID: String?) {
        self.ticket = ticket
        self.matchedTradeID = matchedTradeID
    }

    /// Those of an account, in order of ticket.
    static func of(_ account: String, in transaction: any Transaction) throws -> [OpenPosition] {
        try transaction.rows(
            """
            SELECT ticket, matched_trade_id FROM positions
            WHERE account_id = \(account) AND status = 'open' ORDER BY ticket
            """
        ).map { row in
            guard let ticket = row.integer(0) else { throw StoredRowDamaged(table: "positions", column: "ticket") }
            return OpenPosition(ticket: ticket, matchedTradeID: row.text(1))
        }
    }
}
