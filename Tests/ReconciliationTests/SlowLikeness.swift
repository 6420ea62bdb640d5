import PluginAPI
import TradingBook

@testable import Reconciliation

/// Step 4 once more, as plain nested loops over all rows.
struct SlowLikeness {
    var trades: [Trade]
    var positions: [BrokerPosition]
    let policy: MatchPolicy
    private(set) var pairs: [(trade: String, ticket: Int64)] = []
    private(set) var exactTrades: Set<String> = []
    private(set) var exactTickets: Set<Int64> = []
    private(set) var ambiguousTrades: Set<String> = []
    private(set) var ambiguousTickets: Set<Int64> = []

    init(trades: [Trade], positions: [BrokerPosition], policy: MatchPolicy) {
        self.trades = trades
        self.positions = positions
        self.policy = policy
    }

    mutating func run() {
        pairEqualRows()
        trades.removeAll { exactTrades.contains($0.id) || ambiguousTrades.contains($0.id) }
        positions.removeAll { exactTickets.contains($0.ticket) || ambiguousTickets.contains($0.ticket) }
        setCrowdsAside()
        while joinClosest() {}
    }

    private static func volume(_ trade: Trade) -> FixedDecimal {
        trade.fills.isEmpty ? trade.volume : trade.fills.reduce(.zero) { $0 + $1.volume }
    }

    private static func agree(_ trade: Trade, _ position: BrokerPosition) -> Bool {
        trade.magic == nil || position.magic == nil || trade.magic == position.magic
    }

    private static func areAlike(_ trade: Trade, _ position: BrokerPosition) -> Bool {
        trade.instrument == position.instrument && trade.direction == position.direction
            && volume(trade) == position.volume
    }

    private static func areEqual(_ trade: Trade, _ position: BrokerPosition) -> Bool {
        areAlike(trade, position) && trade.entryPrice == position.entryPrice
            && trade.entryTime.microseconds / 1_000_000 == position.entryTime.microseconds / 1_000_000
    }

    /// Whether the two may be an exact pair.
    static func mayStandTogether(_ trade: Trade, _ position: BrokerPosition) -> Bool {
        areEqual(trade, position) && agree(trade, position)
    }

    // MARK: Equal rows

    /// Equal rows that hang together pair when each can have a partner of its own and there are not too many.
    private mutating func pairEqualRows() {
        var seen: Set<String> = []
        for start in trades where !seen.contains(start.id) {
            var ours: Set<String> = [start.id]
            var theirs: Set<Int64> = []
            var size = -1
            while size != ours.count + theirs.count {
                size = ours.count + theirs.count
                for trade in trades {
                    for position in positions
                    where SlowLikeness.areEqual(trade, position) && SlowLikeness.agree(trade, position) {
                        guard ours.contains(trade.id) || theirs.contains(position.ticket) else { continue }
                        ours.insert(trade.id)
                        theirs.insert(position.ticket)
                    }
                }
            }
            seen.formUnion(ours)
            guard !theirs.isEmpty else { continue }
            if ours.count == theirs.count, ours.count <= policy.candidatesMax, canAllPair(ours, theirs) {
                exactTrades.formUnion(ours)
                exactTickets.formUnion(theirs)
            } else {
                ambiguousTrades.formUnion(ours)
                ambiguousTickets.formUnion(theirs)
            }
        }
    }

    /// Tries every partner for the first trade, then for the next.
    private func canAllPair(_ ours: Set<String>, _ theirs: Set<Int64>) -> Bool {
        guard let trade = trades.first(where: { ours.contains($0.id) }) else { return true }
        return positions.contains { position in
            theirs.contains(position.ticket) && SlowLikeness.agree(trade, position)
                && canAllPair(ours.subtracting([trade.id]), theirs.subtracting([position.ticket]))
        }
    }

    // MARK: Close rows

    private func isCandidate(_ trade: Trade, _ position: BrokerPosition) -> Bool {
        SlowLikeness.areAlike(trade, position)
            && (trade.entryPrice - position.entryPrice).magnitude <= "0.0020"
            && abs(trade.entryTime.microseconds - position.entryTime.microseconds) <= 120_000_000
    }

    private mutating func setCrowdsAside() {
        let crowdedTrades = trades.filter { trade in
            positions.count { isCandidate(trade, $0) } > policy.candidatesMax
        }
        let crowdedPositions = positions.filter { position in
            trades.count { isCandidate($0, position) } > policy.candidatesMax
        }
        ambiguousTrades.formUnion(crowdedTrades.map(\.id))
        ambiguousTickets.formUnion(crowdedPositions.map(\.ticket))
        for trade in trades {
            for position in positions where isCandidate(trade, position) && SlowLikeness.agree(trade, position) {
                if crowdedTrades.contains(trade) { ambiguousTickets.insert(position.ticket) }
                if crowdedPositions.contains(position) { ambiguousTrades.insert(trade.id) }
            }
        }
        trades.removeAll { ambiguousTrades.contains($0.id) }
        positions.removeAll { ambiguousTickets.contains($0.ticket) }
    }

    private func distance(_ trade: Trade, _ position: BrokerPosition) -> (Int64, FixedDecimal) {
        (
            abs(trade.entryTime.microseconds - position.entryTime.microseconds),
            (trade.entryPrice - position.entryPrice).magnitude
        )
    }

    /// Pairs the rows that are closest to each other, or finds them ambiguous; `false` when no two can be partners.
    private mutating func joinClosest() -> Bool {
        var closest: [(trade: Trade, position: BrokerPosition)] = []
        for trade in trades {
            for position in positions where isCandidate(trade, position) && SlowLikeness.agree(trade, position) {
                if let best = closest.first {
                    if distance(trade, position) > distance(best.trade, best.position) { continue }
                    if distance(trade, position) < distance(best.trade, best.position) { closest = [] }
                }
                closest.append((trade, position))
            }
        }
        for (trade, position) in closest {
            let partners = closest.filter { $0.trade.id == trade.id || $0.position.ticket == position.ticket }
            if partners.count == 1 {
                pairs.append((trade.id, position.ticket))
            } else {
                ambiguousTrades.insert(trade.id)
                ambiguousTickets.insert(position.ticket)
            }
        }
        let (ids, tickets) = (closest.map(\.trade.id), closest.map(\.position.ticket))
        trades.removeAll { ids.contains($0.id) }
        positions.removeAll { tickets.contains($0.ticket) }
        return !closest.isEmpty
    }
}
