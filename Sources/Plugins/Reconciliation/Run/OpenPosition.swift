import PluginAPI

/// What the run needs of a current position besides the snapshot's row.
struct OpenPosition: Sendable {
    var ticket: Int64
    var matchedTradeID: String?

    static func of(_ account: String, in transaction: any Transaction) throws -> [OpenPosition] {
        try transaction.rows(
            """
            SELECT ticket, matched_trade_id FROM positions
            WHERE account_id = \(account) AND status = 'open' ORDER BY ticket
            """
        ).map { row in
            guard let ticket = row.integer(0) else {
                throw StorageError.statement("a stored position cannot be read")
            }
            return OpenPosition(ticket: ticket, matchedTradeID: row.text(1))
        }
    }

    /// Writes which trade each of these tickets is paired with; `nil` for none.
    static func pair(
        _ account: String,
        _ pairs: [(ticket: Int64, tradeID: String?)],
        in transaction: any Transaction
    ) throws {
        guard !pairs.isEmpty else { return }
        try transaction.executeMany(
            "UPDATE positions SET matched_trade_id = ? WHERE account_id = ? AND ticket = ?",
            pairs.map { [.text($0.tradeID), .text(account), .integer($0.ticket)] })
    }
}
