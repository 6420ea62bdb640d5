import PluginAPI
import TradingBook

/// Compares two books of a netting account: the rows of an instrument are summed on each side, and only the sums are
/// compared. Nothing is paired by ticket.
struct NettingComparison {
    let classifier: PairClassifier
    private(set) var pairs: [MatchPair] = []
    private(set) var breaks = BreakCollector()
    private(set) var comparisons = 0
    /// Rows whose sum stands against a sum of the other side, or against nothing while it is nothing.
    private(set) var ourMatched = 0
    private(set) var brokerMatched = 0

    /// What one side holds of an instrument.
    private struct Side {
        var net = NetPosition()
        var rows: [Int] = []
        var hasFills = false
        /// `nil` when the rows disagree: then there is no single level to compare.
        var target: Int64?
        var stop: Int64?

        mutating func note(target: Int64, stop: Int64, row: Int) {
            self.target = rows.isEmpty || self.target == target ? target : nil
            self.stop = rows.isEmpty || self.stop == stop ? stop : nil
            rows.append(row)
        }
    }

    init(book: BookColumns, broker: BrokerColumns, classifier: PairClassifier) throws(MatchFailure) {
        self.classifier = classifier
        let ours = try NettingComparison.sums(of: book, symbols: classifier.symbols)
        let theirs = try NettingComparison.sums(of: broker, symbols: classifier.symbols)
        for number in Set(ours.keys).union(theirs.keys).sorted() {
            comparisons += 1
            compare(number, ours[number] ?? Side(), theirs[number] ?? Side(), book: book, broker: broker)
        }
    }

    private mutating func compare(
        _ number: Int32,
        _ ours: Side,
        _ theirs: Side,
        book: BookColumns,
        broker: BrokerColumns
    ) {
        let symbol = classifier.symbols[number]
        let found: [Difference]
        if ours.net.volume == 0 || theirs.net.volume != 0 { ourMatched += ours.rows.count }
        if theirs.net.volume == 0 || ours.net.volume != 0 { brokerMatched += theirs.rows.count }
        switch (ours.net.volume, theirs.net.volume) {
        case (0, 0): return
        case (let volume, 0):
            found = [Difference(.brokerClosed, ours: .units(volume, digits: 0), broker: nil)]
        case (0, let volume):
            found = [Difference(.unknownToUs, ours: nil, broker: .units(volume, digits: 0))]
        default:
            pairs.append(
                MatchPair(
                    tradeID: book.id(ours.rows[0]), ticket: broker.rows[theirs.rows[0]].ticket,
                    otherTradeIDs: ours.rows.dropFirst().map { book.id($0) },
                    otherTickets: theirs.rows.dropFirst().map { broker.rows[$0].ticket }, grade: .net, symbol: symbol))
            found = differences(ours, theirs, number)
        }
        breaks.add(
            found, key: "net:\(symbol)", symbol: symbol,
            tradeID: ours.rows.count == 1 ? book.id(ours.rows[0]) : nil,
            ticket: theirs.rows.count == 1 ? broker.rows[theirs.rows[0]].ticket : nil,
            ourUnmatchedRows: ours.net.volume != 0 && theirs.net.volume == 0 ? ours.rows.count : 0,
            brokerUnmatchedRows: theirs.net.volume != 0 && ours.net.volume == 0 ? theirs.rows.count : 0)
    }

    private func differences(_ ours: Side, _ theirs: Side, _ number: Int32) -> [Difference] {
        guard let our = NettingComparison.quantities(ours), let their = NettingComparison.quantities(theirs) else {
            return [
                .numbers(.volumeMismatch, .volume, ours: ours.net.volume, broker: theirs.net.volume, digits: 0)
            ]
        }
        return classifier.differences(our, their, symbol: number, hasFills: ours.hasFills)
    }

    /// `nil` when a sum is beyond 64 bits: such sums are compared as they are.
    private static func quantities(_ side: Side) -> PairClassifier.Quantities? {
        guard let volume = Int64(exactly: side.net.volume.magnitude), let price = Int64(exactly: side.net.averagePrice)
        else { return nil }
        return PairClassifier.Quantities(
            isBuy: side.net.volume > 0, volume: volume, price: price, target: side.target, stop: side.stop)
    }

    /// A purchase or sale that adds to a sum.
    private struct Execution {
        var time: Int64
        var row: Int
        var fillID: String
        var volume: Int64
        var price: Int64

        func precedes(_ other: Execution) -> Bool {
            if time != other.time { return time < other.time }
            if row != other.row { return row < other.row }
            return fillID.utf8.lexicographicallyPrecedes(other.fillID.utf8)
        }
    }

    private static func sums(of book: BookColumns, symbols: SymbolTable) throws(MatchFailure) -> [Int32: Side] {
        var executions: [Execution] = []
        var sides: [Int32: Side] = [:]
        for row in 0..<book.count {
            let fills = book.fills(row)
            let number = book.rows[row].instrument
            sides[number, default: Side()].note(target: book.rows[row].target, stop: book.rows[row].stop, row: row)
            if fills.isEmpty {
                executions.append(
                    Execution(
                        time: book.rows[row].time, row: row, fillID: "", volume: book.rows[row].volume,
                        price: book.rows[row].price)
                )
            } else {
                sides[number]?.hasFills = true
            }
            for fill in fills {
                guard let volume = fill.volume.storedUnits, let price = fill.price.storedUnits else {
                    throw .outOfRange("fill \(fill.id) of trade \(book.id(row))")
                }
                executions.append(
                    Execution(
                        time: fill.time.microseconds, row: row, fillID: fill.id, volume: volume, price: price))
            }
        }
        for execution in executions.sorted(by: { $0.precedes($1) }) {
            let number = book.rows[execution.row].instrument
            let signed = Int128(execution.volume) * (book.rows[execution.row].isBuy ? 1 : -1)
            guard sides[number]?.net.add(signed, at: execution.price) == true else {
                throw .outOfRange("the sum of our \(symbols[number])")
            }
        }
        return sides
    }

    private static func sums(of broker: BrokerColumns, symbols: SymbolTable) throws(MatchFailure) -> [Int32: Side] {
        var sides: [Int32: Side] = [:]
        let rows = broker.rows.indices.sorted {
            (broker.rows[$0].time, broker.rows[$0].ticket) < (broker.rows[$1].time, broker.rows[$1].ticket)
        }
        for row in rows {
            let number = broker.rows[row].instrument
            var side = sides[number] ?? Side()
            side.note(target: broker.rows[row].target, stop: broker.rows[row].stop, row: row)
            let signed = Int128(broker.rows[row].volume) * (broker.rows[row].isBuy ? 1 : -1)
            guard side.net.add(signed, at: broker.rows[row].price) else {
                throw .outOfRange("the sum of the broker's \(symbols[number])")
            }
            sides[number] = side
        }
        return sides
    }
}
