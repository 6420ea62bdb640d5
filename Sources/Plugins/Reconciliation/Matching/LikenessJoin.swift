import PluginAPI
import TradingBook

/// Pairs rows without any key by likeness: first those that are equal to the second, then those that are close.
///
/// Both steps treat the two sides alike, and neither asks in which order rows come. Who has several equally good partners
/// is left undecided, never given one of them.
struct LikenessJoin {
    let book: BookColumns
    let broker: BrokerColumns
    let classifier: PairClassifier
    private var policy: MatchPolicy { classifier.policy }
    private(set) var pairing: Pairing
    private(set) var comparisons = 0

    /// - Parameter identity: What keys have decided. A trade with a ticket and a position that a trade names stay out.
    init(_ identity: IdentityJoin, classifier: PairClassifier) {
        book = identity.book
        broker = identity.broker
        self.classifier = classifier
        pairing = identity.pairing
        let trades = keylessTrades()
        let positions = keylessPositions(besides: identity.isNamed)
        guard !trades.isEmpty, !positions.isEmpty else { return }
        pairExactly(trades, positions)
        sweep(
            trades.filter { pairing.isFree(trade: Int($0)) }, positions.filter { pairing.isFree(position: Int($0)) })
    }

    private func keylessTrades() -> [Int32] {
        book.rows.indices.lazy.filter { pairing.isFree(trade: $0) && book.rows[$0].ticket == 0 }.map { Int32($0) }
    }

    private func keylessPositions(besides isNamed: [Bool]) -> [Int32] {
        broker.rows.indices.lazy.filter { pairing.isFree(position: $0) && !isNamed[$0] }.map { Int32($0) }
    }

    // MARK: Equal to the second

    /// Both sides in the order of a hash of what equal rows have in common: rows with equal hashes are few, and nearly
    /// always equal.
    private mutating func pairExactly(_ trades: [Int32], _ positions: [Int32]) {
        let ours = KeyedOrder(rows: trades) { KeyedHash.hash(ExactKey(book.rows[$0])) }
        let theirs = KeyedOrder(rows: positions) { KeyedHash.hash(ExactKey(broker.rows[$0])) }
        comparisons += positions.count
        ours.eachSharedKey(with: theirs) { ours, theirs in
            if ours.count == 1, theirs.count == 1 {
                pairExactly(Int(ours[ours.startIndex].row), Int(theirs[theirs.startIndex].row))
            } else {
                settle(
                    ours.map { KeylessRow(Int($0.row), book.rows[Int($0.row)]) },
                    theirs.map { KeylessRow(Int($0.row), broker.rows[Int($0.row)]) })
            }
        }
    }

    /// A group of two.
    private mutating func pairExactly(_ trade: Int, _ position: Int) {
        let (our, their) = (book.rows[trade], broker.rows[position])
        guard ExactKey(our) == ExactKey(their) else { return }
        comparisons += 2
        guard our.agreesInMagic(with: their) else { return }
        pairing.pair(trade, position, .exact)
    }

    /// Rows with one hash, in as many groups as they have keys.
    private mutating func settle(_ ours: [KeylessRow], _ theirs: [KeylessRow]) {
        let theirs = Dictionary(grouping: theirs) { ExactKey($0) }
        for (key, rows) in Dictionary(grouping: ours, by: { ExactKey($0) }) {
            if let others = theirs[key] { settle(ExactGroup(ours: rows, theirs: others)) }
        }
    }

    private mutating func settle(_ group: ExactGroup) {
        comparisons += group.ours.count + group.theirs.count
        let outcome = group.outcome(candidatesMax: policy.candidatesMax)
        apply(outcome, grade: .exact)
    }

    private mutating func apply(_ outcome: LikenessOutcome, grade: MatchPair.Grade) {
        for pair in outcome.pairs { pairing.pair(pair.trade, pair.position, grade) }
        for trade in outcome.undecidedTrades { pairing.leaveUndecided(trade: trade) }
        for position in outcome.undecidedPositions { pairing.leaveUndecided(position: position) }
    }

    // MARK: Close

    /// Rows of one instrument, side and volume make a lane; only lanes that both sides have are swept.
    private mutating func sweep(_ trades: [Int32], _ positions: [Int32]) {
        let ours = LikenessJoin.lanes(of: trades, in: book.rows)
        let theirs = LikenessJoin.lanes(of: positions, in: broker.rows)
        ours.eachSharedKey(with: theirs) { ours, theirs in
            comparisons += 1
            let ours = ours.map { KeylessRow(Int($0.row), book.rows[Int($0.row)]) }
            let theirs = theirs.map { KeylessRow(Int($0.row), broker.rows[Int($0.row)]) }
            if ours.allSatisfy({ $0.sharesLane(with: ours[0]) }), theirs.allSatisfy({ $0.sharesLane(with: ours[0]) }) {
                sweepLane(ours, theirs)
            } else {
                // Lanes that only their hash has in common.
                let others = Dictionary(grouping: theirs) { LaneKey($0) }
                for (key, rows) in Dictionary(grouping: ours, by: { LaneKey($0) }) {
                    if let theirs = others[key] { sweepLane(rows, theirs) }
                }
            }
        }
    }

    /// By a hash of the lane, then by time.
    private static func lanes(of rows: [Int32], in contents: [ComparedRow]) -> KeyedOrder {
        let byTime = KeyedOrder(rows: rows) { UInt64(bitPattern: contents[$0].time) ^ 1 << 63 }
        return KeyedOrder(rows: byTime.rows) { KeyedHash.hash(LaneKey(contents[$0])) }
    }

    private mutating func sweepLane(_ ours: [KeylessRow], _ theirs: [KeylessRow]) {
        let steps = classifier.steps[Int(ours[0].instrument)]
        let price = policy.pairingPrice
        var lane = LaneSweep(
            ours: ours, theirs: theirs, window: policy.pairingWindow.wholeMicroseconds,
            candidatesMax: policy.candidatesMax
        ) { price.allows($0, $1, steps: steps) }
        apply(lane.outcome(), grade: .tolerance)
        comparisons += lane.comparisons
    }
}

/// What likeness has decided about some rows, by their rows in the columns; rows it does not tell of stay free.
struct LikenessOutcome: Equatable {
    var pairs: [(trade: Int, position: Int)] = []
    var undecidedTrades: [Int] = []
    var undecidedPositions: [Int] = []

    static func == (left: LikenessOutcome, right: LikenessOutcome) -> Bool {
        left.pairs.elementsEqual(right.pairs) { $0 == $1 } && left.undecidedTrades == right.undecidedTrades
            && left.undecidedPositions == right.undecidedPositions
    }
}
