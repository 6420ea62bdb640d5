import PluginAPI

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
        let trades = pairing.unpairedTrades.filter { book.tickets[$0] == 0 }
        let positions = pairing.unpairedPositions.filter { !identity.isNamed[$0] }
        guard !trades.isEmpty, !positions.isEmpty else { return }
        let ours = trades.map(book.keylessRow)
        let theirs = positions.map(broker.keylessRow)
        pairExactly(ours, theirs)
        sweep(
            ours.filter { pairing.isFree(trade: $0.row) }, theirs.filter { pairing.isFree(position: $0.row) })
    }

    // MARK: Equal to the second

    /// What rows of one group have in common.
    private struct ExactKey: Hashable {
        var instrument: Int32
        var isBuy: Bool
        var volume: Int64
        var price: Int64
        var second: Int64

        init(_ row: KeylessRow) {
            instrument = row.instrument
            isBuy = row.isBuy
            volume = row.volume
            price = row.price
            second = row.time >= 0 ? row.time / 1_000_000 : (row.time - 999_999) / 1_000_000
        }
    }

    private mutating func pairExactly(_ ours: [KeylessRow], _ theirs: [KeylessRow]) {
        var numbers: [ExactKey: Int] = Dictionary(minimumCapacity: ours.count)
        var groups: [ExactGroup] = []
        var groupOfOurs = ours.map { row in
            let number = numbers[ExactKey(row)] ?? numbers.count
            numbers[ExactKey(row)] = number
            return number
        }
        var shared = Array(repeating: -1, count: numbers.count)
        for row in theirs {
            comparisons += 1
            guard let number = numbers[ExactKey(row)] else { continue }
            if shared[number] < 0 {
                shared[number] = groups.count
                groups.append(ExactGroup(ours: [], theirs: []))
            }
            groups[shared[number]].theirs.append(row)
        }
        for (row, number) in zip(ours, groupOfOurs) where shared[number] >= 0 {
            groups[shared[number]].ours.append(row)
        }
        groupOfOurs = []
        for group in groups { settle(group) }
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
    private mutating func sweep(_ ours: [KeylessRow], _ theirs: [KeylessRow]) {
        let ours = ours.sorted { $0.precedes($1) }
        let theirs = theirs.sorted { $0.precedes($1) }
        var (our, their) = (0, 0)
        while our < ours.count, their < theirs.count {
            comparisons += 1
            let ourEnd = LikenessJoin.laneEnd(ours, from: our)
            let theirEnd = LikenessJoin.laneEnd(theirs, from: their)
            if ours[our].sharesLane(with: theirs[their]) {
                sweepLane(Array(ours[our..<ourEnd]), Array(theirs[their..<theirEnd]))
                (our, their) = (ourEnd, theirEnd)
            } else if LikenessJoin.lanePrecedes(ours[our], theirs[their]) {
                our = ourEnd
            } else {
                their = theirEnd
            }
        }
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

    private static func laneEnd(_ rows: [KeylessRow], from start: Int) -> Int {
        var end = start + 1
        while end < rows.count, rows[end].sharesLane(with: rows[start]) { end += 1 }
        return end
    }

    private static func lanePrecedes(_ a: KeylessRow, _ b: KeylessRow) -> Bool {
        if a.instrument != b.instrument { return a.instrument < b.instrument }
        if a.isBuy != b.isBuy { return a.isBuy }
        return a.volume < b.volume
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
