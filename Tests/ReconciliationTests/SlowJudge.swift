import PluginAPI
import TradingBook

@testable import Reconciliation

/// What the document says about two rows, or two sums, that are the same thing; with the contract's tolerances.
enum SlowJudge {
    /// `class key` of every difference.
    static func differences(_ trade: Trade, _ position: BrokerPosition) -> [String] {
        guard trade.instrument == position.instrument, trade.direction == position.direction else {
            return ["side_flip ticket:\(position.ticket)"]
        }
        let ours = trade.fills.isEmpty ? trade.volume : trade.fills.reduce(.zero) { $0 + $1.volume }
        var classes = volumes(ours, position.volume, hasFills: !trade.fills.isEmpty)
        if (trade.entryPrice - position.entryPrice).magnitude > "0.0005" { classes.append("entry_slippage") }
        classes += stops(trade.stopLoss ?? .zero, position.stopLoss ?? .zero)
        return classes.map { "\($0) ticket:\(position.ticket)" }
    }

    static func volumes(_ ours: FixedDecimal, _ broker: FixedDecimal, hasFills: Bool) -> [String] {
        if ours == broker { return [] }
        return broker < ours && !hasFills ? ["partial_fill"] : ["volume_mismatch"]
    }

    static func stops(_ ours: FixedDecimal, _ broker: FixedDecimal) -> [String] {
        if ours == broker { return [] }
        let isOneMissing = ours.isZero || broker.isZero
        return isOneMissing || (ours - broker).magnitude > "0.001" ? ["sl_mismatch"] : []
    }
}

/// The rules of a netting account once more, with averages as exact fractions.
struct SlowNetting {
    /// `class key` of every difference.
    private(set) var differences: Set<String> = []

    /// One side's rows of an instrument, in tenths of a lot and hundred-thousandths of a price.
    private struct Side {
        var net: Int128 = 0
        var price: (numerator: Int128, denominator: Int128) = (0, 1)
        var hasFills = false
        var stops: [FixedDecimal] = []

        mutating func add(_ volume: FixedDecimal, _ direction: Direction, at fillPrice: FixedDecimal) {
            let size = Int128(volume.rescaled(to: 1)?.units ?? 0) * (direction == .buy ? 1 : -1)
            let points = fillPrice.rescaled(to: 5)?.units ?? 0
            let before = net
            net += size
            let old = Int128(before.magnitude)
            if before == 0 || (before > 0) == (size > 0) {
                let added = Int128(size.magnitude)
                price = (
                    price.numerator * old + points * added * price.denominator, price.denominator * (old + added)
                )
            } else if net != 0, (net > 0) != (before > 0) {
                price = (points, 1)
            }
            if net == 0 { price = (0, 1) }
        }

        /// Half away from zero to eight decimals.
        var average: FixedDecimal {
            let doubled = 2 * 1_000 * price.numerator + price.denominator
            return FixedDecimal(units: doubled / (2 * price.denominator), scale: 8)
        }

        var lots: FixedDecimal { FixedDecimal(units: Int128(net.magnitude), scale: 1) }

        /// `nil` when the rows disagree.
        var stop: FixedDecimal? { stops.allSatisfy { $0 == stops[0] } ? stops.first : nil }
    }

    init(_ books: RandomBooks) {
        for symbol in ["EURUSD", "GBPUSD"] {
            let ours = SlowNetting.ours(books.trades.filter { $0.instrument == symbol })
            let theirs = SlowNetting.theirs(books.positions.filter { $0.instrument == symbol })
            differences.formUnion(SlowNetting.classes(ours, theirs).map { "\($0) net:\(symbol)" })
        }
    }

    private static func ours(_ trades: [Trade]) -> Side {
        var side = Side()
        var executions: [(time: Timestamp, trade: Trade, fill: Fill)] = []
        for trade in trades {
            let whole = Fill(id: "", volume: trade.volume, price: trade.entryPrice, time: trade.entryTime)
            for fill in trade.fills.isEmpty ? [whole] : trade.fills { executions.append((fill.time, trade, fill)) }
            side.hasFills = side.hasFills || !trade.fills.isEmpty
            side.stops.append(trade.stopLoss ?? .zero)
        }
        for (_, trade, fill) in executions.sorted(by: { ($0.time, $0.trade.id) < ($1.time, $1.trade.id) }) {
            side.add(fill.volume, trade.direction, at: fill.price)
        }
        return side
    }

    private static func theirs(_ positions: [BrokerPosition]) -> Side {
        var side = Side()
        for row in positions.sorted(by: { ($0.entryTime, $0.ticket) < ($1.entryTime, $1.ticket) }) {
            side.add(row.volume, row.direction, at: row.entryPrice)
            side.stops.append(row.stopLoss ?? .zero)
        }
        return side
    }

    private static func classes(_ ours: Side, _ theirs: Side) -> [String] {
        if ours.net == 0 { return theirs.net == 0 ? [] : ["unknown_to_us"] }
        if theirs.net == 0 { return ["broker_closed"] }
        if (ours.net > 0) != (theirs.net > 0) { return ["side_flip"] }
        var classes = SlowJudge.volumes(ours.lots, theirs.lots, hasFills: ours.hasFills)
        if (ours.average - theirs.average).magnitude > "0.0005" { classes.append("entry_slippage") }
        if let stop = ours.stop, let other = theirs.stop { classes += SlowJudge.stops(stop, other) }
        return classes
    }
}
