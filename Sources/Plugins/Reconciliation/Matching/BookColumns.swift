import PluginAPI
import TradingBook

/// The bot's open trades as columns, sorted by ID; quantities in units of 10⁻⁸.
///
/// Texts stay where they are, in the trades: only rows that need them read them.
struct BookColumns {
    /// In the order they came.
    private let trades: [Trade]
    /// For each row, where its trade stands in `trades`.
    private let order: [Int32]
    /// 0 when the trade records none.
    private(set) var tickets: [Int64] = []
    private(set) var instruments: [Int32] = []
    private(set) var isBuy: [Bool] = []
    /// The sum of the fills when the trade lists any.
    private(set) var volumes: [Int64] = []
    private(set) var prices: [Int64] = []
    /// Microseconds.
    private(set) var times: [Int64] = []
    /// 0 when not set, like the next.
    private(set) var targets: [Int64] = []
    private(set) var stops: [Int64] = []
    var count: Int { order.count }

    init(_ trades: [Trade], symbols: inout SymbolTable) throws(MatchFailure) {
        self.trades = trades
        order = BookColumns.order(of: trades)
        reserve(order.count)
        for index in order {
            let trade = Int(index)
            tickets.append(trades[trade].ticket ?? 0)
            instruments.append(symbols.number(of: trades[trade].instrument))
            isBuy.append(trades[trade].direction == .buy)
            volumes.append(try BookColumns.volume(of: trades, trade))
            prices.append(try units(trades[trade].entryPrice, of: "trade \(trades[trade].id)"))
            times.append(trades[trade].entryTime.microseconds)
            targets.append(try level(trades[trade].takeProfit, of: "trade \(trades[trade].id)"))
            stops.append(try level(trades[trade].stopLoss, of: "trade \(trades[trade].id)"))
        }
    }

    func id(_ row: Int) -> String { trades[Int(order[row])].id }
    func magic(_ row: Int) -> Int64? { trades[Int(order[row])].magic }
    func fills(_ row: Int) -> [Fill] { trades[Int(order[row])].fills }
    func hasFills(_ row: Int) -> Bool { !trades[Int(order[row])].fills.isEmpty }
    func comment(_ row: Int) -> String? { trades[Int(order[row])].comment }
    /// What a position's comment must hold: the trade's own reference, or its ID.
    func reference(_ row: Int) -> String { trades[Int(order[row])].effectiveReference }
    func hasOwnReference(_ row: Int) -> Bool { trades[Int(order[row])].reference != nil }

    /// Whether two trades say the same about everything but their ID.
    func areEqual(_ a: Int, _ b: Int) -> Bool {
        tickets[a] == tickets[b] && instruments[a] == instruments[b] && isBuy[a] == isBuy[b]
            && volumes[a] == volumes[b] && prices[a] == prices[b] && times[a] == times[b]
            && targets[a] == targets[b] && stops[a] == stops[b] && hasEqualDetails(a, b)
    }

    private func hasEqualDetails(_ a: Int, _ b: Int) -> Bool {
        let (one, other) = (Int(order[a]), Int(order[b]))
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

    private mutating func reserve(_ count: Int) {
        tickets.reserveCapacity(count)
        instruments.reserveCapacity(count)
        isBuy.reserveCapacity(count)
        volumes.reserveCapacity(count)
        prices.reserveCapacity(count)
        times.reserveCapacity(count)
        targets.reserveCapacity(count)
        stops.reserveCapacity(count)
    }

    /// By the bytes of the IDs. The eight after what all IDs begin with decide nearly always.
    private static func order(of trades: [Trade]) -> [Int32] {
        let shared = sharedPrefix(of: trades)
        let keys = trades.indices.lazy.map { trade in
            trades[trade].id.withBytes { key($0.dropFirst(shared)) }
        }
        return KeyedOrder(keys).rows { one, other in
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
