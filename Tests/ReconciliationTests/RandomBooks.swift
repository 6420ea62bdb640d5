import PluginAPI
import TradingBook

@testable import Reconciliation

/// Two small books whose rows share few tickets, references, moments and values, so that every rule meets every other.
struct RandomBooks {
    var trades: [Trade]
    /// Only their keys matter.
    var closed: [Trade] = []
    var positions: [BrokerPosition]

    /// References long enough to be cut at 31 characters: the first two of them alike, so that nobody can tell them apart.
    private static let long =
        ["0", "1", "2"].map { "grid-0123456789-0123456789-order" + $0 } + [
            "grid-9876543210-0123456789-order0"
        ]

    /// - Parameter keyless: How many rows of ten have no key.
    init(keyless: Int, rowsMax: Int = 6, _ generator: inout SeededGenerator) {
        trades = (0..<Int.random(in: 0...rowsMax, using: &generator)).map { index in
            var row = trade("t\(index)", RandomBooks.symbol(&generator))
            RandomBooks.fill(&row, keyless: keyless, &generator)
            return row
        }
        let tickets = (1...Int64(9)).shuffled(using: &generator)
        positions = tickets.prefix(Int.random(in: 0...rowsMax, using: &generator)).map { ticket in
            RandomBooks.position(ticket, keyless: keyless, &generator)
        }
        repeatSome(&generator)
        closed = (7..<Int.random(in: 7...9, using: &generator)).map { index in
            var row = trade("t\(index)")
            RandomBooks.fill(&row, keyless: keyless, &generator)
            return row
        }
    }

    private static func fill(_ trade: inout Trade, keyless: Int, _ generator: inout SeededGenerator) {
        trade.direction = side(&generator)
        trade.volume = volume(&generator)
        trade.entryPrice = price(&generator)
        trade.entryTime = time(&generator)
        trade.magic = magic(&generator)
        trade.stopLoss = level(&generator)
        if roll(6, &generator) { trade.fills = [someFill(&generator)] }
        guard Int.random(in: 0..<10, using: &generator) >= keyless else { return }
        switch Int.random(in: 0..<6, using: &generator) {
        case 0...2: trade.ticket = Int64.random(in: 1...9, using: &generator)
        case 3: trade.reference = "r\(Int.random(in: 0...5, using: &generator))"
        case 4: trade.reference = long.randomElement(using: &generator)
        default: break
        }
        if roll(3, &generator) {
            let number = Int.random(in: 1...9, using: &generator)
            trade.comment = ["#\(number)", "\(number)", "hedge #\(number)x", "lots"].randomElement(using: &generator)
        }
    }

    private static func position(
        _ ticket: Int64,
        keyless: Int,
        _ generator: inout SeededGenerator
    ) -> BrokerPosition {
        var row = plainPosition(ticket, symbol(&generator))
        row.direction = side(&generator)
        row.volume = volume(&generator)
        row.entryPrice = price(&generator)
        row.entryTime = time(&generator)
        row.magic = magic(&generator)
        row.stopLoss = level(&generator)
        guard Int.random(in: 0..<10, using: &generator) >= keyless else { return row }
        let reference = long.randomElement(using: &generator) ?? ""
        let small = Int.random(in: 0...8, using: &generator)
        let number = Int.random(in: 1...9, using: &generator)
        row.comment = [
            "t\(small)", "trade:r\(small)", "t\(small)[sl]", "trade:r\(small) [tp][x]", "from #\(number)",
            String(reference.prefix(31)), String("trade:\(reference)".prefix(31)), reference,
        ].randomElement(using: &generator)
        return row
    }

    /// Repeats a row or two, equal or nearly so.
    private mutating func repeatSome(_ generator: inout SeededGenerator) {
        if RandomBooks.roll(4, &generator), var copy = trades.randomElement(using: &generator) {
            copy.id = "u"
            if RandomBooks.roll(3, &generator) { copy.volume = RandomBooks.volume(&generator) }
            trades.append(copy)
        }
        if RandomBooks.roll(8, &generator), let copy = positions.randomElement(using: &generator) {
            positions.append(copy)
        }
    }

    private static func roll(_ sides: Int, _ generator: inout SeededGenerator) -> Bool {
        Int.random(in: 0..<sides, using: &generator) == 0
    }

    private static func symbol(_ generator: inout SeededGenerator) -> String {
        roll(8, &generator) ? "GBPUSD" : "EURUSD"
    }

    private static func side(_ generator: inout SeededGenerator) -> Direction { roll(8, &generator) ? .sell : .buy }

    private static func volume(_ generator: inout SeededGenerator) -> FixedDecimal {
        FixedDecimal(units: roll(4, &generator) ? 2 : 1, scale: 1)
    }

    /// The same, beyond what entries may differ by, at the limit of likeness and beyond it.
    private static func price(_ generator: inout SeededGenerator) -> FixedDecimal {
        let points: [Int128] = [0, 0, 0, 51, 200, 201]
        return FixedDecimal(units: 110_000 + (points.randomElement(using: &generator) ?? 0), scale: 5)
    }

    private static func time(_ generator: inout SeededGenerator) -> Timestamp {
        let milliseconds = [0, 0, 0, 300, 1_000, 60_000, 60_300, 120_000, 121_000]
        return opening + .milliseconds(milliseconds.randomElement(using: &generator) ?? 0)
    }

    private static func magic(_ generator: inout SeededGenerator) -> Int64? {
        [nil, nil, nil, 1, 2].randomElement(using: &generator) ?? nil
    }

    private static func level(_ generator: inout SeededGenerator) -> FixedDecimal? {
        [nil, nil, nil, "1.05", "1.06"].randomElement(using: &generator) ?? nil
    }
}

/// A fill of one or two tenths of a lot.
private func someFill(_ generator: inout SeededGenerator) -> Fill {
    fill("f", FixedDecimal(units: Int128.random(in: 1...2, using: &generator), scale: 1))
}

private func plainPosition(_ ticket: Int64, _ symbol: String) -> BrokerPosition { position(ticket, symbol) }
