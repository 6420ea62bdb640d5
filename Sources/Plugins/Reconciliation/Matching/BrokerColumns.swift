import PluginAPI
import TradingBook

/// The broker's positions as columns, sorted by ticket; quantities in units of 10⁻⁸.
///
/// Texts stay where they are, in the positions: only rows that need them read them.
struct BrokerColumns {
    /// In the order they came.
    private let positions: [BrokerPosition]
    /// For each row, where its position stands in `positions`.
    private let order: [Int32]
    private(set) var tickets: [Int64] = []
    private(set) var instruments: [Int32] = []
    private(set) var isBuy: [Bool] = []
    private(set) var volumes: [Int64] = []
    private(set) var prices: [Int64] = []
    /// Microseconds.
    private(set) var times: [Int64] = []
    /// 0 when not set, like the next.
    private(set) var targets: [Int64] = []
    private(set) var stops: [Int64] = []
    /// The first row of each ticket.
    private(set) var rowByTicket: TicketIndex
    var count: Int { order.count }

    init(_ positions: [BrokerPosition], symbols: inout SymbolTable) throws(MatchFailure) {
        self.positions = positions
        order = BrokerColumns.order(of: positions)
        rowByTicket = TicketIndex(capacity: positions.count)
        reserve(order.count)
        for (row, index) in order.enumerated() {
            let position = Int(index)
            let ticket = positions[position].ticket
            rowByTicket.note(ticket, row: row)
            tickets.append(ticket)
            instruments.append(symbols.number(of: positions[position].instrument))
            isBuy.append(positions[position].direction == .buy)
            volumes.append(try units(positions[position].volume, of: "position \(ticket)"))
            prices.append(try units(positions[position].entryPrice, of: "position \(ticket)"))
            times.append(positions[position].entryTime.microseconds)
            targets.append(try level(positions[position].takeProfit, of: "position \(ticket)"))
            stops.append(try level(positions[position].stopLoss, of: "position \(ticket)"))
        }
    }

    func magic(_ row: Int) -> Int64? { positions[Int(order[row])].magic }
    func comment(_ row: Int) -> String? { positions[Int(order[row])].comment }

    /// Whether two rows of one ticket say the same about everything that is compared.
    func areEqual(_ a: Int, _ b: Int) -> Bool {
        let (one, other) = (positions[Int(order[a])], positions[Int(order[b])])
        return !BrokerColumns.precedes(one, other) && !BrokerColumns.precedes(other, one)
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

    private static func order(of positions: [BrokerPosition]) -> [Int32] {
        // A ticket is positive, so that its bits order as it does.
        KeyedOrder(positions.indices.lazy.map { UInt64(bitPattern: positions[$0].ticket) })
            .rows { precedes(positions[Int($0)], positions[Int($1)]) }
    }

    /// A total order of what is compared, for rows that claim one ticket: a source must not list such, but if it does,
    /// the order in which they come must not matter.
    private static func precedes(_ a: BrokerPosition, _ b: BrokerPosition) -> Bool {
        if a.volume != b.volume { return a.volume < b.volume }
        if a.entryPrice != b.entryPrice { return a.entryPrice < b.entryPrice }
        if a.entryTime != b.entryTime { return a.entryTime < b.entryTime }
        if a.direction != b.direction { return a.direction == .buy }
        let (target, otherTarget) = (a.takeProfit ?? .zero, b.takeProfit ?? .zero)
        if target != otherTarget { return target < otherTarget }
        let (stop, otherStop) = (a.stopLoss ?? .zero, b.stopLoss ?? .zero)
        if stop != otherStop { return stop < otherStop }
        if a.magic != b.magic {
            return (a.magic ?? .min, a.magic == nil ? 0 : 1) < (b.magic ?? .min, b.magic == nil ? 0 : 1)
        }
        if !areSame(a.instrument, b.instrument) {
            return a.instrument.utf8.lexicographicallyPrecedes(b.instrument.utf8)
        }
        return (a.comment ?? "").utf8.lexicographicallyPrecedes((b.comment ?? "").utf8)
    }
}
