import PluginAPI
import TradingBook

/// Finds the keys of closed trades that may name some positions: for each key that a position has, storage is asked whether
/// a closed trade has it. What that costs depends on the positions, not on how long history is.
enum ClosedTrades {
    /// Of a statement; SQLite takes 32,766 values.
    private static let keysPerStatement = 500

    /// - Parameter earlier: Of tickets that the snapshot does not list: the ticket that each continued.
    static func naming(
        _ positions: [BrokerPosition],
        earlier: [Int64: Int64],
        of account: String,
        in transaction: any Transaction
    ) throws -> [ClosedTrade] {
        let comments = positions.compactMap(\.comment)
        var found: [ClosedTrade] = []
        try inChunks(tickets(of: positions, earlier)) { tickets in
            found += try transaction.rows(naming(tickets: tickets, of: account)).compactMap { row in
                row.integer(0).map { ClosedTrade(ticket: $0) }
            }
        }
        try inChunks(Set(comments.flatMap { OrderComment.references(in: $0) })) { references in
            found += try transaction.rows(naming(references: references, of: account)).compactMap { row in
                row.text(0).map { ClosedTrade(reference: $0) }
            }
        }
        let cuts = Set(comments.compactMap { OrderComment.cutText(in: $0) })
        try inChunks(Set(cuts.flatMap(OrderComment.readings))) { beginnings in
            for row in try transaction.rows(naming(beginnings: beginnings, of: account)) {
                found += (0..<4).compactMap { row.text($0) }.map { ClosedTrade(reference: $0) }
            }
        }
        return found
    }

    /// The positions' own, and those that they continue.
    private static func tickets(of positions: [BrokerPosition], _ earlier: [Int64: Int64]) -> Set<Int64> {
        var tickets: Set<Int64> = []
        for position in positions {
            tickets.insert(position.ticket)
            var next = position.comment.flatMap { OrderComment.continuedTicket(in: $0) }
            while let ticket = next, tickets.insert(ticket).inserted { next = earlier[ticket] }
        }
        return tickets
    }

    private static func inChunks<Key: Comparable>(_ keys: Set<Key>, _ body: ([Key]) throws -> Void) rethrows {
        let sorted = keys.sorted()
        for start in stride(from: 0, to: sorted.count, by: keysPerStatement) {
            try body(Array(sorted[start..<min(start + keysPerStatement, sorted.count)]))
        }
    }

    /// - Parameter tickets: Never empty.
    static func naming(tickets: [Int64], of account: String) -> SQL {
        let values: [SQL] = tickets.map { "(CAST(\($0) AS BIGINT))" }
        return """
            SELECT asked.column1 FROM (VALUES \(list(values))) AS asked
            WHERE EXISTS (SELECT 1 FROM trades WHERE account_id = \(account) AND status = 'closed'
                    AND ticket = asked.column1)
                OR EXISTS (SELECT 1 FROM trade_named_tickets WHERE account_id = \(account)
                    AND ticket = asked.column1)
            """
    }

    /// - Parameter references: Never empty.
    static func naming(references: [String], of account: String) -> SQL {
        let values: [SQL] = references.map { "(\($0))" }
        return """
            SELECT asked.column1 FROM (VALUES \(list(values))) AS asked
            WHERE EXISTS (SELECT 1 FROM trades WHERE account_id = \(account) AND status = 'closed'
                    AND reference = asked.column1)
                OR EXISTS (SELECT 1 FROM trades WHERE account_id = \(account) AND status = 'closed'
                    AND reference IS NULL AND trade_id = asked.column1)
            """
    }

    /// The first and the last reference that begins so: two different ones are enough to know that a text names neither.
    ///
    /// - Parameter beginnings: Never empty.
    static func naming(beginnings: [String], of account: String) -> SQL {
        // No text that begins so is behind the last code point there.
        let ranges: [SQL] = beginnings.map { low in
            let high = low + "\u{10FFFF}"
            return "(\(low), \(high))"
        }
        let own: SQL = """
            FROM trades WHERE account_id = \(account) AND status = 'closed' AND reference >= asked.column1
            AND reference < asked.column2
            """
        let ids: SQL = """
            FROM trades WHERE account_id = \(account) AND status = 'closed' AND reference IS NULL
            AND trade_id >= asked.column1 AND trade_id < asked.column2
            """
        return """
            SELECT (SELECT MIN(reference) \(own)), (SELECT MAX(reference) \(own)), (SELECT MIN(trade_id) \(ids)),
                (SELECT MAX(trade_id) \(ids)) FROM (VALUES \(list(ranges))) AS asked
            """
    }

    private static func list(_ items: [SQL]) -> SQL {
        SQL(parts: Array(items.map { $0.parts(for: .sqlite) }.joined(separator: [.text(", ")])))
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
