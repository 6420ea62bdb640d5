import PluginAPI
import TradingBook

/// Finds the closed trades that may name some positions, by indexes: history is never read as a whole.
enum ClosedTrades {
    private static let positionsPerStatement = 500

    static func naming(
        _ positions: [BrokerPosition],
        of account: String,
        in transaction: any Transaction
    ) throws -> [ClosedTrade] {
        var found: [ClosedTrade] = []
        for start in stride(from: 0, to: positions.count, by: positionsPerStatement) {
            let some = positions[start..<min(start + positionsPerStatement, positions.count)]
            let tickets = some.flatMap {
                [$0.ticket, $0.comment.flatMap(OrderComment.continuedTicket)].compactMap { $0 }
            }
            let references = some.flatMap { $0.comment.map(OrderComment.references) ?? [] }
            found += try transaction.rows(naming(tickets, references, of: account)).compactMap(closedTrade)
            for cut in some.compactMap({ $0.comment.flatMap(OrderComment.cutText) }) {
                found += try transaction.rows(beginning(with: cut, of: account)).compactMap(closedTrade)
            }
        }
        return found
    }

    /// A `named_ticket` of 0 stands for several, or for ones that nobody has looked for.
    static func naming(_ tickets: [Int64], _ references: [String], of account: String) -> SQL {
        let columns: SQL = "SELECT ticket, COALESCE(reference, trade_id), comment FROM trades"
        let closed: SQL = "WHERE account_id = \(account) AND status = 'closed'"
        return """
            \(columns) \(closed) AND ticket IN (\(tickets))
            UNION ALL \(columns) \(closed) AND named_ticket IN (\([0] + tickets))
            UNION ALL \(columns) \(closed) AND reference IN (\(references))
            UNION ALL \(columns) \(closed) AND reference IS NULL AND trade_id IN (\(references))
            """
    }

    /// Two different references that begin alike are enough to know that the text names neither.
    static func beginning(with cut: String, of account: String) -> SQL {
        let ranges = OrderComment.readings(ofCut: cut).map { low -> SQL in
            // No text that begins so is behind the last code point there.
            let high = low + "\u{10FFFF}"
            return """
                SELECT NULL, first, NULL FROM (SELECT DISTINCT reference AS first FROM trades
                    WHERE account_id = \(account) AND status = 'closed' AND reference >= \(low)
                    AND reference < \(high) LIMIT 2) AS own
                UNION ALL SELECT NULL, first, NULL FROM (SELECT trade_id AS first FROM trades
                    WHERE account_id = \(account) AND status = 'closed' AND reference IS NULL
                    AND trade_id >= \(low) AND trade_id < \(high) LIMIT 2) AS ids
                """
        }
        return ranges.dropFirst().reduce(ranges[0]) { "\($0) UNION ALL \($1)" }
    }

    private static func closedTrade(_ row: Row) -> ClosedTrade? {
        row.text(1).map { ClosedTrade(ticket: row.integer(0), reference: $0, comment: row.text(2)) }
    }
}

extension MatchResult {
    /// Positions for which it matters whether a closed trade names them: with likeness, those that it looked at and those
    /// that it might look at once others are out. None without.
    var doubtfulTickets: Set<Int64> {
        let alike = pairs.filter { $0.grade == .exact || $0.grade == .tolerance }
        guard !alike.isEmpty || breaks.contains(where: { $0.has(.ambiguous) }) else { return [] }
        let unpaired = breaks.filter { $0.has(.ambiguous) || $0.has(.unknownToUs) }
        return Set(alike.flatMap(\.tickets) + unpaired.compactMap(\.ticket))
    }
}

extension FoundBreak {
    fileprivate func has(_ breakClass: BreakClass) -> Bool { differences.contains { $0.breakClass == breakClass } }
}
