import PluginAPI

/// Reads a file of the bot's trades, by the rules and field names of `POST /trades`.
///
/// A CSV file cannot hold `fills`, which are a list. A row may leave `account_id` out; one that names another account
/// than the one the file is read for is refused.
public enum TradeFile {
    /// - Parameters:
    ///   - account: Whose trades they are; without one, the account that the rows name, who must then agree.
    ///   - keepsRepeats: Whether rows that repeat another to the last field stay in the list. Such a row says its ID as
    ///     its reference, so that it is known as a repeat where it has no other key.
    /// - Throws: ``FileRefused`` with every problem, each with line and column, for JSON with its pointer too.
    public static func parse(
        _ bytes: [UInt8], format: FileFormat, account: String?, keepsRepeats: Bool = false
    ) throws(FileRefused) -> [Trade] {
        let fields = BookBodies.tradeFields.filter { format == .json || $0 != "fills" }
        var file = try FileRows(bytes, format: format, fields: fields)
        try file.fill("account_id", with: account ?? file.stated("account_id") ?? FileRows.unnamedAccount)
        let trades: [Trade]
        do throws(Problem) {
            trades = try BookBodies.trades(JSONDocument(.array(file.rows)))
        } catch {
            throw file.refusal(error)
        }
        var seen: Set<String> = []
        let repeated = Set(trades.compactMap { seen.insert($0.id).inserted ? nil : $0.id })
        guard !repeated.isEmpty else { return trades }
        seen = []
        return trades.compactMap { trade in
            guard keepsRepeats else { return seen.insert(trade.id).inserted ? trade : nil }
            var trade = trade
            if repeated.contains(trade.id) { trade.reference = trade.effectiveReference }
            return trade
        }
    }

    /// The account that the rows name; `nil` when none does.
    public static func account(of trades: [Trade]) -> String? {
        trades.first.flatMap { $0.account == FileRows.unnamedAccount ? nil : $0.account }
    }
}
