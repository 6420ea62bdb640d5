import PluginAPI

/// A prepared statement that a connection keeps.
package protocol CachedStatement: AnyObject {
    var text: String { get }
    /// The cache's count of uses when this one was last taken from it.
    var lastUse: UInt64 { get set }
}

/// Prepared statements by their text, as many as pay; the one not used for longest makes room.
package struct StatementCache<Statement: CachedStatement> {
    /// Enough for every statement of the built-in modules, with lists of a few lengths.
    package static var statementsMax: Int { 256 }

    private var statements: [String: Statement] = [:]
    private var uses: UInt64 = 0

    package init() {}

    package mutating func find(_ text: String) -> Statement? {
        // Dictionaries compare text canonically; SQL is compared byte by byte.
        guard let statement = statements[text], statement.text.hasSameBytes(as: text) else { return nil }
        uses += 1
        statement.lastUse = uses
        return statement
    }

    /// Keeps a statement. - Returns: The ones that made room for it, which are not used again.
    @discardableResult
    package mutating func keep(_ statement: Statement) -> [Statement] {
        var dropped: [Statement] = []
        if let same = statements.removeValue(forKey: statement.text) { dropped.append(same) }
        if statements.count >= Self.statementsMax,
            let oldest = statements.values.min(by: { $0.lastUse < $1.lastUse })
        {
            statements[oldest.text] = nil
            dropped.append(oldest)
        }
        uses += 1
        statement.lastUse = uses
        statements[statement.text] = statement
        return dropped
    }
}
