import PluginAPI
import TradingBook

@testable import Reconciliation

/// The rules of pairing in a hedging account once more, as plain nested loops: every row is held against every other.
///
/// Rows equal to the second are interchangeable, so here they are only said to be used; which stands with which is
/// judged by the test.
struct SlowMatcher {
    /// `grade trade ticket` of every pair but the exact ones.
    private(set) var pairs: Set<String> = []
    /// Trades and tickets that exact pairs use.
    private(set) var exactTrades: Set<String> = []
    private(set) var exactTickets: Set<Int64> = []
    /// `class key` of every row that is in no pair.
    private(set) var single: Set<String> = []
    private(set) var ambiguous = 0

    private let policy: MatchPolicy
    /// Repeats included: a position that names one of them names the trade.
    private let everyTrade: [Trade]
    private let closed: [Trade]
    /// Without repeats, by ID and by ticket.
    private var trades: [Trade] = []
    private var positions: [BrokerPosition] = []
    private var open: [Trade] = []
    private var free: [BrokerPosition] = []

    init(_ books: RandomBooks, policy: MatchPolicy) {
        self.policy = policy
        everyTrade = books.trades
        closed = books.closed
        setRepeatsAside(books)
        (open, free) = (trades, positions)
        joinByKeys()
        joinByLikeness()
        nameTheRest()
    }

    private mutating func setRepeatsAside(_ books: RandomBooks) {
        for position in books.positions.sorted(by: { $0.ticket < $1.ticket }) {
            if positions.contains(where: { $0.ticket == position.ticket }) {
                single.insert("duplicate_broker ticket:\(position.ticket)")
            } else {
                positions.append(position)
            }
        }
        for trade in books.trades.sorted(by: { $0.id < $1.id }) {
            let first = trades.first { other in
                trade.ticket != nil
                    ? other.ticket == trade.ticket
                    : other.ticket == nil && trade.reference != nil && other.reference == trade.reference
            }
            if let first, SlowMatcher.isRepeat(trade, of: first) {
                single.insert("duplicate_ours " + (trade.ticket.map { "ticket:\($0)" } ?? "trade:\(trade.id)"))
            } else {
                trades.append(trade)
            }
        }
    }

    private static func isRepeat(_ trade: Trade, of first: Trade) -> Bool {
        var copy = trade
        copy.id = first.id
        return copy == first
    }

    // MARK: Keys

    private mutating func joinByKeys() {
        for trade in trades {
            for position in positions where trade.ticket == position.ticket { pair(trade, position, "ticket") }
        }
        for position in positions {
            for trade in trades where SlowMatcher.names(position, trade) { pair(trade, position, "reference") }
        }
        for position in positions {
            let begun = Set(everyTrade.map(\.effectiveReference)).filter { SlowMatcher.begins(position, $0) }
            for trade in trades where begun == [trade.effectiveReference] { pair(trade, position, "reference") }
        }
        for trade in trades {
            for ticket in SlowMatcher.tickets(in: trade) {
                for position in positions where position.ticket == ticket { pair(trade, position, "reference") }
            }
        }
        joinByContinuation()
    }

    /// The first trade that claims a ticket continues it, one that records it before one whose comment names it.
    private mutating func joinByContinuation() {
        let left = open
        for position in positions {
            guard let ticket = continued(by: position) else { continue }
            let claims = [
                left.first { $0.ticket == ticket }, left.first { SlowMatcher.tickets(in: $0).contains(ticket) },
            ]
            for trade in claims.compactMap({ $0 }) { pair(trade, position, "continuation") }
        }
    }

    /// Whether the position's comment is the trade's reference.
    private static func names(_ position: BrokerPosition, _ trade: Trade) -> Bool {
        texts(of: position).contains { $0 == trade.effectiveReference || $0 == "trade:" + trade.effectiveReference }
    }

    /// Whether the position's comment is the cut beginning of a reference.
    private static func begins(_ position: BrokerPosition, _ reference: String) -> Bool {
        texts(of: position).contains {
            $0.count == 31 && (reference.hasPrefix($0) || ("trade:" + reference).hasPrefix($0))
        }
    }

    /// The comment with and without trailing brackets.
    private static func texts(of position: BrokerPosition) -> [String] {
        guard let comment = position.comment else { return [] }
        var text = comment
        while text.hasSuffix("]"), let bracket = text.lastIndex(of: "[") {
            text = String(text[..<bracket])
            while text.hasSuffix(" ") { text.removeLast() }
        }
        return [comment, text]
    }

    private static func tickets(in trade: Trade) -> [Int64] {
        guard let comment = trade.comment else { return [] }
        return (1...Int64(9)).filter { comment == "\($0)" || comment.contains("#\($0)") }
    }

    private func continued(by position: BrokerPosition) -> Int64? {
        (1...Int64(9)).first { ticket in
            position.comment == "from #\(ticket)" && !positions.contains { $0.ticket == ticket }
        }
    }

    private mutating func pair(_ trade: Trade, _ position: BrokerPosition, _ grade: String) {
        guard open.contains(where: { $0.id == trade.id }), free.contains(where: { $0.ticket == position.ticket }) else {
            return
        }
        pairs.insert("\(grade) \(trade.id) \(position.ticket)")
        take([trade.id], [position.ticket])
    }

    private mutating func take(_ ids: Set<String>, _ tickets: Set<Int64>) {
        open.removeAll { ids.contains($0.id) }
        free.removeAll { tickets.contains($0.ticket) }
    }

    // MARK: Likeness

    private mutating func joinByLikeness() {
        let named = positions.filter { isNamed($0, by: everyTrade) || isNamed($0, by: closed, besides: everyTrade) }
        var keyless = SlowLikeness(
            trades: open.filter { $0.ticket == nil },
            positions: free.filter { row in !named.contains { $0.ticket == row.ticket } }, policy: policy)
        keyless.run()
        pairs.formUnion(keyless.pairs.map { "tolerance \($0.trade) \($0.ticket)" })
        exactTrades = keyless.exactTrades
        exactTickets = keyless.exactTickets
        single.formUnion(keyless.ambiguousTrades.map { "ambiguous trade:\($0)" })
        single.formUnion(keyless.ambiguousTickets.map { "ambiguous ticket:\($0)" })
        ambiguous = keyless.ambiguousTrades.count + keyless.ambiguousTickets.count
        take(
            exactTrades.union(keyless.ambiguousTrades).union(keyless.pairs.map(\.trade)),
            exactTickets.union(keyless.ambiguousTickets).union(keyless.pairs.map(\.ticket)))
    }

    /// - Parameter others: Trades whose references make a cut comment name nobody.
    private func isNamed(_ position: BrokerPosition, by trades: [Trade], besides others: [Trade] = []) -> Bool {
        let texts = Set((trades + others).map(\.effectiveReference)).filter { SlowMatcher.begins(position, $0) }
        if texts.count == 1, !others.contains(where: { texts.contains($0.effectiveReference) }) { return true }
        return trades.contains { trade in
            trade.ticket == position.ticket || SlowMatcher.names(position, trade)
                || SlowMatcher.tickets(in: trade).contains(position.ticket)
                || continued(by: position).map { ticket in
                    trade.ticket == ticket || SlowMatcher.tickets(in: trade).contains(ticket)
                } ?? false
        }
    }

    private mutating func nameTheRest() {
        var claimed = Set(positions.map(\.ticket))
        for trade in open {
            let ticket = trade.ticket.flatMap { claimed.insert($0).inserted ? $0 : nil }
            single.insert("broker_closed " + (ticket.map { "ticket:\($0)" } ?? "trade:\(trade.id)"))
        }
        for position in free { single.insert("unknown_to_us ticket:\(position.ticket)") }
    }
}
