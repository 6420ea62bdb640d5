import PluginAPI

/// Reads a file of the bot's trades, by the rules and field names of `POST /trades`.
///
/// A CSV file cannot hold `fills`, which are a list. A row may leave `account_id` out; one that names another account
/// than the one the file is read for is refused.
public enum TradeFile {
    /// - Throws: ``FileRefused`` with every problem, each with line and column, or for JSON with its pointer.
    public static func parse(
        _ bytes: [UInt8], format: FileFormat, account: String
    ) throws(FileRefused) -> [Trade] {
        let fields = BookBodies.tradeFields.filter { format == .json || $0 != "fills" }
        var file = try FileRows(bytes, format: format, fields: fields)
        try file.fill("account_id", with: account)
        let trades: [Trade]
        do throws(Problem) {
            trades = try BookBodies.trades(file.rows)
        } catch {
            throw file.refusal(error)
        }
        var seen: Set<String> = []
        return trades.filter { seen.insert($0.id).inserted }
    }
}
