import PluginAPI
import TradingBook

extension OpenPosition {
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
        try BookRevision.renew(account, in: transaction)
    }
}
