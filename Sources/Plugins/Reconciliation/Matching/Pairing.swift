/// Who stands with whom, row by row.
///
/// A row is free until it is paired, set aside as a repeat or left undecided between several partners; it never becomes
/// free again.
struct Pairing {
    private static let free: Int32 = -1
    private static let repeated: Int32 = -2
    private static let undecided: Int32 = -3

    private var positionOfTrade: [Int32]
    private var tradeOfPosition: [Int32]
    private var gradeOfPosition: [MatchPair.Grade]
    private(set) var pairs = 0
    private(set) var freeTrades: Int
    private(set) var freePositions: Int

    init(trades: Int, positions: Int) {
        positionOfTrade = Array(repeating: Pairing.free, count: trades)
        tradeOfPosition = Array(repeating: Pairing.free, count: positions)
        gradeOfPosition = Array(repeating: .ticket, count: positions)
        freeTrades = trades
        freePositions = positions
    }

    func isFree(trade: Int) -> Bool { positionOfTrade[trade] == Pairing.free }
    func isFree(position: Int) -> Bool { tradeOfPosition[position] == Pairing.free }

    /// The trade that a position is paired with, and what the pair rests on.
    func partner(ofPosition position: Int) -> (trade: Int, grade: MatchPair.Grade)? {
        let trade = Int(tradeOfPosition[position])
        return trade < 0 ? nil : (trade, gradeOfPosition[position])
    }

    mutating func pair(_ trade: Int, _ position: Int, _ grade: MatchPair.Grade) {
        use(trade: trade, as: Int32(position))
        use(position: position, as: Int32(trade))
        gradeOfPosition[position] = grade
        pairs += 1
    }

    mutating func setAside(trade: Int) { use(trade: trade, as: Pairing.repeated) }
    mutating func setAside(position: Int) { use(position: position, as: Pairing.repeated) }
    mutating func leaveUndecided(trade: Int) { use(trade: trade, as: Pairing.undecided) }
    mutating func leaveUndecided(position: Int) { use(position: position, as: Pairing.undecided) }

    /// Rows in order. The first two have no partner, the next two several, the last two are repeats.
    var unpairedTrades: [Int] { rows(positionOfTrade, Pairing.free) }
    var unpairedPositions: [Int] { rows(tradeOfPosition, Pairing.free) }
    var undecidedTrades: [Int] { rows(positionOfTrade, Pairing.undecided) }
    var undecidedPositions: [Int] { rows(tradeOfPosition, Pairing.undecided) }
    var repeatedTrades: [Int] { rows(positionOfTrade, Pairing.repeated) }
    var repeatedPositions: [Int] { rows(tradeOfPosition, Pairing.repeated) }

    private mutating func use(trade: Int, as state: Int32) {
        precondition(isFree(trade: trade), "a trade is used once")
        positionOfTrade[trade] = state
        freeTrades -= 1
    }

    private mutating func use(position: Int, as state: Int32) {
        precondition(isFree(position: position), "a position is used once")
        tradeOfPosition[position] = state
        freePositions -= 1
    }

    private func rows(_ states: [Int32], _ state: Int32) -> [Int] {
        states.indices.filter { states[$0] == state }
    }
}
