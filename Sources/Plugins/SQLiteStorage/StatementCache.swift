import PluginAPI

/// Prepared statements by their text, as many as pay; the one not used for longest makes room.
struct StatementCache {
    /// Enough for every statement of the built-in modules, with lists of a few lengths.
    static let statementsMax = 256

    private var statements: [String: Statement] = [:]
    private var uses: UInt64 = 0

    mutating func find(_ text: String) -> Statement? {
        // Dictionaries compare text canonically; SQL is compared byte by byte.
        guard let statement = statements[text], statement.text.hasSameBytes(as: text) else { return nil }
        uses += 1
        statement.lastUse = uses
        return statement
    }

    mutating func keep(_ statement: Statement) {
        if statements.count >= StatementCache.statementsMax,
            let oldest = statements.values.min(by: { $0.lastUse < $1.lastUse })
        {
            statements[oldest.text] = nil
        }
        uses += 1
        statement.lastUse = uses
        statements[statement.text] = statement
    }
}
