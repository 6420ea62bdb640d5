import TradingBook

/// Finds partners among keyless rows of one instrument, side and volume that are close in time and price.
///
/// A candidate is a row of the other side inside the window and the price limit. A row with more than `candidatesMax` of
/// them is undecided, and so are they, whatever their magic numbers: that bounds the work. Among the others the closest
/// pair is made first, by time and then by price, and so on outwards; rows that are equally close to several are
/// undecided.
struct LaneSweep {
    private let ours: [KeylessRow]
    private let theirs: [KeylessRow]
    /// Microseconds; the limit itself is inside.
    private let window: Int64
    private let candidatesMax: Int
    /// Whether our price and theirs are close enough.
    private let allows: (Int64, Int64) -> Bool
    private(set) var comparisons = 0
    private var isOurUndecided: [Bool]
    private var isTheirUndecided: [Bool]

    /// - Parameters:
    ///   - ours: Sorted by time.
    ///   - theirs: Sorted by time.
    init(
        ours: [KeylessRow],
        theirs: [KeylessRow],
        window: Int64,
        candidatesMax: Int,
        allows: @escaping (Int64, Int64) -> Bool
    ) {
        self.ours = ours
        self.theirs = theirs
        self.window = window
        self.candidatesMax = candidatesMax
        self.allows = allows
        isOurUndecided = Array(repeating: false, count: ours.count)
        isTheirUndecided = Array(repeating: false, count: theirs.count)
    }

    /// Two rows, by their places in the lane, and how far apart they are.
    private struct Edge {
        var our: Int
        var their: Int
        var timeGap: Int64
        var priceGap: Int64

        func isAsClose(as other: Edge) -> Bool { timeGap == other.timeGap && priceGap == other.priceGap }
        func isCloser(than other: Edge) -> Bool {
            timeGap == other.timeGap ? priceGap < other.priceGap : timeGap < other.timeGap
        }
    }

    mutating func outcome() -> LikenessOutcome {
        var outcome = LikenessOutcome()
        let edges = edges().sorted { $0.isCloser(than: $1) }
        join(edges, &outcome)
        outcome.undecidedTrades = ours.indices.filter { isOurUndecided[$0] }.map { ours[$0].row }
        outcome.undecidedPositions = theirs.indices.filter { isTheirUndecided[$0] }.map { theirs[$0].row }
        return outcome
    }

    // MARK: Candidates

    /// Every two rows that may be partners, once the crowds are set aside.
    private mutating func edges() -> [Edge] {
        let allows = allows
        var edges: [Edge] = []
        var isOurCrowded = isOurUndecided
        comparisons += LaneSweep.eachWindow(of: ours, among: theirs, window, candidatesMax, allows) { our, found in
            isOurCrowded[our] = found.count > candidatesMax
            for their in found where found.count <= candidatesMax && ours[our].agreesInMagic(with: theirs[their]) {
                edges.append(edge(our, their))
            }
        }
        var isTheirCrowded = isTheirUndecided
        comparisons += LaneSweep.eachWindow(
            of: theirs, among: ours, window, candidatesMax, { allows($1, $0) }
        ) { their, found in
            isTheirCrowded[their] = found.count > candidatesMax
            guard found.count <= candidatesMax else { return }
            isTheirUndecided[their] = found.contains {
                isOurCrowded[$0] && ours[$0].agreesInMagic(with: theirs[their])
            }
        }
        for edge in edges where isTheirCrowded[edge.their] { isOurUndecided[edge.our] = true }
        for our in ours.indices where isOurCrowded[our] { isOurUndecided[our] = true }
        for their in theirs.indices where isTheirCrowded[their] { isTheirUndecided[their] = true }
        edges.removeAll { isOurUndecided[$0.our] || isTheirUndecided[$0.their] }
        return edges
    }

    private func edge(_ our: Int, _ their: Int) -> Edge {
        Edge(
            our: our, their: their, timeGap: abs(ours[our].time - theirs[their].time),
            priceGap: abs(ours[our].price - theirs[their].price))
    }

    /// Tells each row's candidates, at most one more than `candidatesMax`.
    ///
    /// Both sides are walked in time; the others inside the window are kept by price, so that a row touches only those
    /// that are candidates.
    private static func eachWindow(
        of rows: [KeylessRow],
        among others: [KeylessRow],
        _ window: Int64,
        _ candidatesMax: Int,
        _ allows: (Int64, Int64) -> Bool,
        _ body: (Int, [Int]) -> Void
    ) -> Int {
        // A price is above zero, so that its bits order as it does.
        let byPrice = KeyedOrder(count: others.count) { UInt64(bitPattern: others[$0].price) }.rows.map { Int($0) }
        var ranks = Array(repeating: 0, count: others.count)
        for (rank, other) in byPrice.enumerated() { ranks[other] = rank }
        let prices = byPrice.map { others[$0].price }
        var inside = RankSet(limit: others.count)
        var (entered, left, comparisons) = (0, 0, 0)
        var found: [Int] = []
        for (index, row) in rows.enumerated() {
            while entered < others.count, others[entered].time <= row.time + window {
                inside.insert(ranks[entered])
                entered += 1
            }
            while left < entered, others[left].time < row.time - window {
                inside.remove(ranks[left])
                left += 1
            }
            let middle = firstIndex(in: 0..<prices.count) { prices[$0] >= row.price }
            let low = firstIndex(in: 0..<middle) { allows(row.price, prices[$0]) }
            let high = firstIndex(in: middle..<prices.count) { !allows(row.price, prices[$0]) }
            found.removeAll(keepingCapacity: true)
            var next = inside.next(from: low)
            while let rank = next, rank < high, found.count <= candidatesMax {
                found.append(byPrice[rank])
                next = inside.next(from: rank + 1)
            }
            comparisons += 1 + found.count
            body(index, found)
        }
        return comparisons
    }

    /// The first number for which the condition holds, when it holds for all that follow; the range's end for none.
    private static func firstIndex(in range: Range<Int>, where holds: (Int) -> Bool) -> Int {
        var (low, high) = (range.lowerBound, range.upperBound)
        while low < high {
            let middle = low + (high - low) / 2
            if holds(middle) { high = middle } else { low = middle + 1 }
        }
        return low
    }

    // MARK: Closest first

    /// - Parameter edges: Closest first.
    private mutating func join(_ edges: [Edge], _ outcome: inout LikenessOutcome) {
        var isOurTaken = isOurUndecided
        var isTheirTaken = isTheirUndecided
        var ourDegrees = Array(repeating: 0, count: ours.count)
        var theirDegrees = Array(repeating: 0, count: theirs.count)
        var start = 0
        while start < edges.count {
            let level = edges[start...].prefix { $0.isAsClose(as: edges[start]) }
            start = level.endIndex
            let open = level.filter { !isOurTaken[$0.our] && !isTheirTaken[$0.their] }
            for edge in open {
                ourDegrees[edge.our] += 1
                theirDegrees[edge.their] += 1
            }
            for edge in open {
                isOurTaken[edge.our] = true
                isTheirTaken[edge.their] = true
                if ourDegrees[edge.our] == 1, theirDegrees[edge.their] == 1 {
                    outcome.pairs.append((ours[edge.our].row, theirs[edge.their].row))
                } else {
                    isOurUndecided[edge.our] = true
                    isTheirUndecided[edge.their] = true
                }
            }
        }
    }
}
