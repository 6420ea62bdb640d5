import PluginAPI
import TradingBook

/// The broker's positions as rows sorted by ticket.
///
/// Texts stay where they are, in the positions: only rows that need them read them.
struct BrokerColumns {
    /// In the order they came.
    private let positions: [BrokerPosition]
    private(set) var rows: [ComparedRow]
    private let directory: TicketDirectory
    var count: Int { rows.count }

    init(_ positions: [BrokerPosition], symbols: inout SymbolTable) throws(MatchFailure) {
        self.positions = positions
        var known = symbols
        rows = try comparedRows(in: BrokerColumns.order(of: positions)) { (index) throws(MatchFailure) in
            let ticket = positions[index].ticket
            return ComparedRow(
                index: index, ticket: ticket,
                instrument: known.number(of: positions[index].instrument, isOurs: false),
                isBuy: positions[index].direction == .buy,
                volume: try units(positions[index].volume, of: "position \(ticket)"),
                price: try units(positions[index].entryPrice, of: "position \(ticket)"),
                time: positions[index].entryTime.microseconds,
                target: try level(positions[index].takeProfit, of: "position \(ticket)"),
                stop: try level(positions[index].stopLoss, of: "position \(ticket)"), magic: positions[index].magic)
        }
        symbols = known
        directory = TicketDirectory(rows)
    }

    /// - Parameter numbers: For each instrument's number the one that it has from now on.
    mutating func renumber(_ numbers: [Int32]) {
        guard zip(numbers, 0...).contains(where: { $0 != $1 }) else { return }
        for row in rows.indices { rows[row].instrument = numbers[Int(rows[row].instrument)] }
    }

    /// The first row of a ticket.
    func row(ofTicket ticket: Int64) -> Int? { directory.row(of: ticket, in: rows) }
    func comment(_ row: Int) -> String? { positions[Int(rows[row].index)].comment }

    /// Tells each comment and its row, in the order in which the positions came, which is how they lie in memory.
    func eachComment(_ body: (Int, Bytes) -> Void) {
        for (index, row) in placesOfRows(rows).enumerated() {
            positions[index].comment?.withBytes { body(Int(row), $0) }
        }
    }

    /// Whether two rows of one ticket say the same about everything that is compared.
    func areEqual(_ a: Int, _ b: Int) -> Bool {
        let (one, other) = (positions[Int(rows[a].index)], positions[Int(rows[b].index)])
        return !BrokerColumns.precedes(one, other) && !BrokerColumns.precedes(other, one)
    }

    private static func order(of positions: [BrokerPosition]) -> [Int32] {
        // A ticket is positive, so that its bits order as it does.
        KeyedOrder(count: positions.count) { UInt64(bitPattern: positions[$0].ticket) }
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
