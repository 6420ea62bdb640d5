import PluginAPI
import Testing
import TradingBook

@testable import Reconciliation

@Suite("Whatever the books")
struct MatcherPropertyTests {
    @Test("Rows are conserved, and their order changes nothing", arguments: [Account.Mode.hedging, .netting])
    func orderAndConservation(_ mode: Account.Mode) throws {
        var generator = SeededGenerator(seed: 11)
        for _ in 0..<1_000 {
            let (trades, positions) = books(&generator)
            let result = try match(trades, positions, mode: mode)
            let shuffled = try match(
                trades.shuffled(using: &generator), positions.shuffled(using: &generator), mode: mode)

            #expect(result == shuffled)
            #expect(result.digest(revision: "r") == shuffled.digest(revision: "r"))
            #expect(result.ours.rows == trades.count && result.ours.isConserved)
            #expect(result.broker.rows == positions.count && result.broker.isConserved)
            #expect(result.breaks.allSatisfy { !$0.differences.isEmpty })
            #expect(Set(result.breaks.map(\.key)).count == result.breaks.count)
        }
    }

    @Test("A slow comparison of every row with every other finds the same")
    func oracle() throws {
        var generator = SeededGenerator(seed: 5)
        for _ in 0..<3_000 {
            let (trades, positions) = books(&generator)
            let result = try match(trades, positions)
            let slow = SlowMatcher(trades, positions)

            #expect(Set(result.pairs.map { "\($0.tradeIDs[0]) \($0.tickets[0])" }) == slow.pairs)
            #expect(
                Set(result.breaks.flatMap { found in found.differences.map { "\(found.key) \($0.breakClass)" } })
                    == slow.breaks)
        }
    }

    @Test("Seen from the other side, missing becomes unknown and every delta changes its sign")
    func mirror() throws {
        var generator = SeededGenerator(seed: 3)
        for _ in 0..<1_000 {
            let tickets = (1...Int64(12)).filter { _ in Bool.random(using: &generator) }
            let others = (1...Int64(12)).filter { _ in Bool.random(using: &generator) }
            let left = tickets.map {
                position($0, "EURUSD", side(&generator), volume(&generator), at: price(&generator))
            }
            let right = others.map {
                position($0, "EURUSD", side(&generator), volume(&generator), at: price(&generator))
            }

            let forth = try match(left.map(mirrored), right)
            let back = try match(right.map(mirrored), left)

            #expect(forth.breaks.map(\.key).sorted() == back.breaks.map(\.key).sorted())
            #expect(forth.pairs.map(\.tickets) == back.pairs.map(\.tickets))
            let forthDeltas = forth.breaks.flatMap(\.differences).compactMap(\.delta).map(magnitude).sorted()
            let backDeltas = back.breaks.flatMap(\.differences).compactMap(\.delta).map(magnitude).sorted()
            #expect(forthDeltas == backDeltas)
            let missing = forth.breaks.count { $0.breakClass == .brokerClosed }
            #expect(missing == back.breaks.count { $0.breakClass == .unknownToUs })
        }
    }

    @Test("Differences planted among dozens of near-identical trades are found, and nothing else")
    func planted() throws {
        var generator = SeededGenerator(seed: 9)
        let positions = (1...Int64(90)).map { ticket in
            position(
                ticket, "EURUSD", .sell, "0.01", at: FixedDecimal(units: 110_000 + Int128(ticket % 3), scale: 5),
                time: opening + .seconds(Int(ticket / 4)), target: "1.0", stop: "1.2")
        }
        var trades = positions.map { mirrored($0) }
        trades[10].entryPrice += "0.00051"
        trades[20].volume = "0.02"
        trades[30].volume = "0.005"
        trades[40].direction = .buy
        trades[50].stopLoss = nil
        trades[60].takeProfit = "1.00101"
        trades[70].entryPrice += "0.0005"
        trades.remove(at: 80)
        trades.append(trade("extra", ticket: 500, "EURUSD", .sell, "0.01"))

        let result = try match(trades.shuffled(using: &generator), positions.shuffled(using: &generator))

        #expect(
            result.found
                == [
                    "side_flip ticket:41", "broker_closed ticket:500", "unknown_to_us ticket:81",
                    "partial_fill ticket:21", "volume_mismatch ticket:31", "sl_mismatch ticket:51",
                    "entry_slippage ticket:11", "tp_mismatch ticket:61",
                ].sorted { order($0) < order($1) })
        #expect(result.pairs.count == 89)
    }
}

/// Severity, then key: the order in which breaks are listed.
private func order(_ text: String) -> String {
    let words = text.split(separator: " ")
    let severity = BreakClass(rawValue: String(words[0]))?.severity.rank ?? 9
    return "\(severity) \(words[1])"
}

private func magnitude(_ cell: Difference.Cell) -> FixedDecimal {
    if case .number(let number, _) = cell { number.magnitude } else { .zero }
}

private func mirrored(_ position: BrokerPosition) -> Trade {
    trade(
        "t\(position.ticket)", ticket: position.ticket, position.symbol, position.direction, position.volume,
        at: position.entryPrice, time: position.entryTime, target: position.takeProfit, stop: position.stopLoss)
}

private func side(_ generator: inout SeededGenerator) -> Direction {
    Int.random(in: 0..<8, using: &generator) == 0 ? .sell : .buy
}

private func volume(_ generator: inout SeededGenerator) -> FixedDecimal {
    FixedDecimal(units: Int128.random(in: 1...2, using: &generator), scale: 1)
}

private func price(_ generator: inout SeededGenerator) -> FixedDecimal {
    FixedDecimal(units: 110_000 + Int128.random(in: 0...1, using: &generator) * 51, scale: 5)
}

/// Two small books whose rows share few tickets, references and values, so that every rule meets every other.
private func books(_ generator: inout SeededGenerator) -> ([Trade], [BrokerPosition]) {
    let trades = (0..<Int.random(in: 0...7, using: &generator)).map { index in
        trade(
            "t\(index)", ticket: Bool.random(using: &generator) ? Int64.random(in: 1...9, using: &generator) : nil,
            "EURUSD", side(&generator), volume(&generator), at: price(&generator),
            reference: Bool.random(using: &generator) ? "r\(Int.random(in: 0...3, using: &generator))" : nil,
            comment: Int.random(in: 0..<4, using: &generator) == 0
                ? "#\(Int.random(in: 1...9, using: &generator))" : nil)
    }
    let tickets = (1...Int64(9)).shuffled(using: &generator).prefix(Int.random(in: 0...7, using: &generator))
    let positions = tickets.map { ticket in
        let comments: [String?] = [
            nil, "t\(Int.random(in: 0...6, using: &generator))", "trade:r\(Int.random(in: 0...3, using: &generator))",
            "from #\(Int.random(in: 1...9, using: &generator))",
        ]
        return position(
            ticket, "EURUSD", side(&generator), volume(&generator), at: price(&generator),
            comment: comments[Int.random(in: 0..<comments.count, using: &generator)])
    }
    return (trades, positions)
}

/// The rules once more, written as plain nested loops over text.
private struct SlowMatcher {
    var pairs: Set<String> = []
    var breaks: Set<String> = []

    init(_ trades: [Trade], _ positions: [BrokerPosition]) {
        var open = trades.sorted { $0.id < $1.id }
        var free = positions.sorted { $0.ticket < $1.ticket }
        var repeats: [Trade] = []
        for (index, one) in open.enumerated() where one.ticket != nil || one.reference != nil {
            let firsts = open[..<index].filter {
                ($0.ticket == nil) == (one.ticket == nil)
                    && (one.ticket != nil ? $0.ticket == one.ticket : $0.reference == one.reference)
            }
            if let first = firsts.first(where: { other in !repeats.contains { $0.id == other.id } }),
                first.volume == one.volume, first.direction == one.direction, first.entryPrice == one.entryPrice,
                first.comment == one.comment, first.reference == one.reference
            {
                repeats.append(one)
            }
        }
        open.removeAll { one in repeats.contains { $0.id == one.id } }
        for one in repeats { breaks.insert("\(one.ticket.map { "ticket:\($0)" } ?? "trade:\(one.id)") duplicateOurs") }

        func join(
            _ order: [(Trade, BrokerPosition)],
            _ isPair: (Trade, BrokerPosition) -> Bool
        ) {
            for (one, other) in order where isPair(one, other) {
                guard open.contains(where: { $0.id == one.id }), free.contains(where: { $0.ticket == other.ticket })
                else { continue }
                pairs.insert("\(one.id) \(other.ticket)")
                judge(one, other)
                open.removeAll { $0.id == one.id }
                free.removeAll { $0.ticket == other.ticket }
            }
        }
        let byTrade = open.flatMap { one in free.map { (one, $0) } }
        let byPosition = free.flatMap { other in open.map { ($0, other) } }
        join(byTrade) { $0.ticket == $1.ticket }
        join(byPosition) { $1.comment == $0.effectiveReference || $1.comment == "trade:\($0.effectiveReference)" }
        join(byTrade) { $0.comment == "#\($1.ticket)" }
        // Only the first of several trades that claim a ticket is continued, one that records it before one whose comment
        // names it.
        let left = open
        join(byPosition) { one, other in
            guard let ticket = (1...Int64(9)).first(where: { other.comment == "from #\($0)" }),
                !positions.contains(where: { $0.ticket == ticket })
            else { return false }
            let claims = [left.first { $0.ticket == ticket }, left.first { $0.comment == "#\(ticket)" }]
            let isOpen = { (claim: Trade) in open.contains { $0.id == claim.id } }
            return claims.compactMap { $0 }.first(where: isOpen)?.id == one.id
        }
        var claimed: Set<Int64> = Set(positions.map(\.ticket))
        for one in open {
            if let ticket = one.ticket, claimed.insert(ticket).inserted {
                breaks.insert("ticket:\(ticket) brokerClosed")
            } else {
                breaks.insert("trade:\(one.id) brokerClosed")
            }
        }
        for other in free { breaks.insert("ticket:\(other.ticket) unknownToUs") }
    }

    private mutating func judge(_ one: Trade, _ other: BrokerPosition) {
        let key = "ticket:\(other.ticket)"
        guard one.direction == other.direction else {
            breaks.insert("\(key) sideFlip")
            return
        }
        if other.volume < one.volume { breaks.insert("\(key) partialFill") }
        if other.volume > one.volume { breaks.insert("\(key) volumeMismatch") }
        if (one.entryPrice - other.entryPrice).magnitude > "0.0005" { breaks.insert("\(key) entrySlippage") }
    }
}
