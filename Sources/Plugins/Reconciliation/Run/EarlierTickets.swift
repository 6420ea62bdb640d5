import PluginAPI
import TradingBook

/// Which ticket each closed position continued, as the snapshots that listed it said in its comment, so that a position is
/// followed through one partial close after the other.
enum EarlierTickets {
    private static let ticketsPerStatement = 1_000

    /// Whether a comment tells of a ticket that the snapshot does not list.
    static func areNeeded(_ positions: [BrokerPosition]) -> Bool { !wanted(behind: positions).isEmpty }

    private static func wanted(behind positions: [BrokerPosition]) -> Set<Int64> {
        let wanted = Set(positions.compactMap { continued($0.comment) })
        return wanted.isEmpty ? [] : wanted.subtracting(positions.map(\.ticket))
    }

    /// Those behind the positions of a snapshot, at most ``TicketChain/linksMax`` links back. Nothing is read unless a
    /// comment has a `from #N` whose ticket the snapshot does not list.
    static func behind(
        _ positions: [BrokerPosition],
        of account: String,
        in transaction: any Transaction
    ) throws -> [Int64: Int64] {
        var wanted = wanted(behind: positions)
        var earlier: [Int64: Int64] = [:]
        for _ in 1..<TicketChain.linksMax where !wanted.isEmpty {
            let links = try links(from: wanted.sorted(), of: account, in: transaction)
            earlier.merge(links) { known, _ in known }
            wanted = Set(links.values).filter { earlier[$0] == nil }
        }
        return earlier
    }

    private static func links(
        from tickets: [Int64],
        of account: String,
        in transaction: any Transaction
    ) throws -> [Int64: Int64] {
        var links: [Int64: Int64] = [:]
        for start in stride(from: 0, to: tickets.count, by: ticketsPerStatement) {
            let some = Array(tickets[start..<min(start + ticketsPerStatement, tickets.count)])
            let rows = try transaction.rows(
                """
                SELECT ticket, comment FROM positions
                WHERE account_id = \(account) AND ticket IN (\(some)) AND status = 'closed' AND comment IS NOT NULL
                """)
            for row in rows {
                if let ticket = row.integer(0), let earlier = continued(row.text(1)) { links[ticket] = earlier }
            }
        }
        return links
    }

    private static func continued(_ comment: String?) -> Int64? {
        guard let comment, comment.utf8.contains(UInt8(ascii: "#")) else { return nil }
        return comment.withBytes { OrderComment.continuedTicket(in: $0) }
    }
}
