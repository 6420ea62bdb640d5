import PluginAPI
import TradingBook

/// The bot's open trades as rows sorted by ID.
///
/// Texts stay where they are, in the trades: only rows that need them read them.
struct BookColumns {
    /// In the order they came.
    private let trades: [Trade]
    private(set) var rows: [ComparedRow]
    /// Trades without a ticket that have a reference of their own.
    private(set) var ownReferences = 0
    var count: Int { rows.count }

    init(_ trades: [Trade], symbols: inout SymbolTable) throws(MatchFailure) {
        self.trades = trades
        var known = symbols
        var ownReferences = 0
        rows = try comparedRows(in: BookColumns.order(of: trades)) { (index) throws(MatchFailure) in
            if (trades[index].ticket ?? 0) == 0, trades[index].reference != nil { ownReferences += 1 }
            return ComparedRow(
                index: index, ticket: trades[index].ticket ?? 0,
                instrument: known.number(of: trades[index].instrument, isOurs: true),
                isBuy: trades[index].direction == .buy, volume: try BookColumns.volume(of: trades, index),
                price: try units(trades[index].entryPrice, of: "trade \(trades[index].id)"),
                time: trades[index].entryTime.microseconds,
                target: try level(trades[index].takeProfit, of: "trade \(trades[index].id)"),
                stop: try level(trades[index].stopLoss, of: "trade \(trades[index].id)"), magic: trades[index].magic)
        }
        symbols = known
        self.ownReferences = ownReferences
    }

    func id(_ row: Int) -> String { trades[Int(rows[row].index)].id }
    func fills(_ row: Int) -> [Fill] { trades[Int(rows[row].index)].fills }
    func hasFills(_ row: Int) -> Bool { !trades[Int(rows[row].index)].fills.isEmpty }
    func comment(_ row: Int) -> String? { trades[Int(rows[row].index)].comment }
    func hasOwnReference(_ row: Int) -> Bool { trades[Int(rows[row].index)].reference != nil }

    /// What positions' comments must hold to be a trade, by row: its own reference, or its ID.
    var references: ReferenceIndex {
        // Read in the order in which the trades came, which is how they lie in memory.
        var texts = TextParts(rows: count)
        for (index, row) in placesOfRows(rows).enumerated() {
            trades[index].effectiveReference.withBytes { texts.add($0, row: Int(row)) }
        }
        return ReferenceIndex(texts)
    }

    /// Whether two trades say the same about everything but their ID.
    func areEqual(_ a: Int, _ b: Int) -> Bool {
        rows[a].ticket == rows[b].ticket && rows[a].isJudgedEqual(to: rows[b]) && rows[a].time == rows[b].time
            && hasEqualDetails(a, b)
    }

    private func hasEqualDetails(_ a: Int, _ b: Int) -> Bool {
        let (one, other) = (Int(rows[a].index), Int(rows[b].index))
        return trades[one].magic == trades[other].magic && trades[one].volume == trades[other].volume
            && trades[one].fills == trades[other].fills
            && areSame(trades[one].reference, trades[other].reference)
            && areSame(trades[one].comment, trades[other].comment)
    }

    private static func volume(of trades: [Trade], _ trade: Int) throws(MatchFailure) -> Int64 {
        guard !trades[trade].fills.isEmpty else {
            return try units(trades[trade].volume, of: "trade \(trades[trade].id)")
        }
        var sum: Int64 = 0
        for fill in trades[trade].fills {
            let (next, overflow) = sum.addingReportingOverflow(try units(fill.volume, of: "fill \(fill.id)"))
            guard !overflow else { throw .outOfRange("the fills of trade \(trades[trade].id)") }
            sum = next
        }
        return sum
    }

    /// By the bytes of the IDs. The eight after what all IDs begin with decide nearly always.
    private static func order(of trades: [Trade]) -> [Int32] {
        let shared = sharedPrefix(of: trades)
        let order = KeyedOrder(count: trades.count) { trade in
            trades[trade].id.withBytes { key($0.dropFirst(shared)) }
        }
        return order.rows { one, other in
            trades[Int(one)].id.withBytes { text in
                trades[Int(other)].id.withBytes { text.lexicographicallyPrecedes($0) }
            }
        }
    }

    private static func sharedPrefix(of trades: [Trade]) -> Int {
        guard let first = trades.first else { return 0 }
        return first.id.withBytes { start in
            var shared = start.count
            for trade in trades.indices where shared > 0 {
                shared = trades[trade].id.withBytes { text in
                    let limit = min(shared, text.count)
                    var count = 0
                    while count < limit, text[count] == start[count] { count += 1 }
                    return count
                }
            }
            return shared
        }
    }

    /// The first eight bytes as a number that compares as they do.
    private static func key(_ text: Bytes) -> UInt64 {
        var key: UInt64 = 0
        var bytes = text.makeIterator()
        for _ in 0..<8 { key = key << 8 | UInt64(bytes.next() ?? 0) }
        return key
    }
}

/// Whether two texts are the same bytes.
func areSame(_ a: String?, _ b: String?) -> Bool {
    switch (a, b) {
    case (nil, nil): true
    case (let a?, let b?): a.utf8.elementsEqual(b.utf8)
    default: false
    }
}
