import PluginAPI
import Testing
import TradingBook

@testable import Reconciliation

@Suite("Whatever the books")
struct MatcherPropertyTests {
    @Test("How many digits an undescribed instrument has shown before changes no digest and no revision")
    func observedDigits() throws {
        let policy = MatchPolicy()
        let digests = try [1, 5].map { digits in
            let seen = ["ODD": Instrument(symbol: "ODD", digits: digits)]
            let input = MatchInput(
                mode: .hedging, trades: [trade("t", ticket: 1, "ODD", at: "1.6")],
                positions: [position(1, "ODD", at: "1.7")], instruments: seen, cash: nil, currency: "USD",
                currencyDigits: digits)
            let revision = policy.revision(grace: GracePolicy(), instruments: seen)
            return try PositionMatcher(policy: policy).match(input).digest(revision: revision)
        }

        #expect(digests[0] == digests[1])
    }

    @Test(
        "Rows are conserved, and neither their order nor a second run changes anything",
        arguments: Account.Mode.allCases)
    func orderAndConservation(_ mode: Account.Mode) throws {
        var generator = SeededGenerator(seed: 11)
        for number in 0..<600 {
            let books = RandomBooks(keyless: number % 11, &generator)
            let result = try match(books.trades, books.positions, mode: mode)
            let shuffled = try match(
                books.trades.shuffled(using: &generator), books.positions.shuffled(using: &generator), mode: mode)

            #expect(result == shuffled)
            #expect(result.digest(revision: "r") == shuffled.digest(revision: "r"))
            #expect(result.ours.rows == books.trades.count && result.ours.isConserved)
            #expect(result.broker.rows == books.positions.count && result.broker.isConserved)
            #expect(result.breaks.allSatisfy { !$0.differences.isEmpty })
            #expect(Set(result.breaks.map(\.key)).count == result.breaks.count)
        }
    }

    @Test("Likeness never calls a pair a flip")
    func noFlip() throws {
        var generator = SeededGenerator(seed: 17)
        for _ in 0..<600 {
            let books = RandomBooks(keyless: 10, &generator)
            let result = try match(books.trades, books.positions)

            #expect(!result.breaks.contains { $0.breakClass == .sideFlip })
        }
    }

    @Test("Seen from the other side, missing becomes unknown and every delta changes its sign")
    func mirror() throws {
        var generator = SeededGenerator(seed: 3)
        for number in 0..<600 {
            let isKeyed = number.isMultiple(of: 2)
            let left = RandomBooks(keyless: 10, rowsMax: 7, &generator).plainPositions
            let right = RandomBooks(keyless: 10, rowsMax: 7, &generator).plainPositions

            let forth = try match(left.map { mirrored($0, isKeyed: isKeyed) }, right)
            let back = try match(right.map { mirrored($0, isKeyed: isKeyed) }, left)

            #expect(
                Set(forth.pairs.map { [$0.side, "\($0.tickets[0])"] })
                    == Set(back.pairs.map { ["\($0.tickets[0])", $0.side] }))
            #expect(deltas(forth) == deltas(back, negated: true))
            #expect(count(.brokerClosed, forth) == count(.unknownToUs, back))
            #expect(count(.unknownToUs, forth) == count(.brokerClosed, back))
            #expect(count(.ambiguous, forth) == count(.ambiguous, back))
            #expect(count(.duplicateOurs, forth) == count(.duplicateBroker, back))
            #expect(forth.ours.matched == back.broker.matched && forth.ours.unmatched == back.broker.unmatched)
        }
    }

    @Test("Volumes of another size are the same findings with deltas of that size", arguments: Account.Mode.allCases)
    func scaling(_ mode: Account.Mode) throws {
        var generator = SeededGenerator(seed: 23)
        for number in 0..<600 {
            let books = RandomBooks(keyless: number % 11, &generator)
            let scaled = books.scaled(by: 7)
            let result = try match(books.trades, books.positions, mode: mode)
            let large = try match(scaled.trades, scaled.positions, mode: mode)

            #expect(result.pairs == large.pairs)
            #expect(result.named == large.named)
            #expect(volumeDeltas(result).map { $0 * 7 } == volumeDeltas(large))
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
        var trades = positions.map { mirrored($0, isKeyed: true) }
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

private func count(_ breakClass: BreakClass, _ result: MatchResult) -> Int {
    result.breaks.reduce(0) { sum, found in sum + found.differences.count { $0.breakClass == breakClass } }
}

private func number(_ cell: Difference.Cell?) -> FixedDecimal? {
    if case .number(let number, _)? = cell { number } else { nil }
}

/// `field delta` of every difference between numbers, the broker's minus ours.
private func deltas(_ result: MatchResult, negated: Bool = false) -> [String] {
    result.breaks.flatMap(\.differences).compactMap { difference in
        number(difference.delta).map { delta in
            "\(difference.field?.rawValue ?? "") \((negated ? FixedDecimal.zero - delta : delta).normalized)"
        }
    }.sorted()
}

/// In tenths of a lot.
private func volumeDeltas(_ result: MatchResult) -> [Int128] {
    result.breaks.flatMap(\.differences).filter { $0.field == .volume }.compactMap { difference in
        number(difference.delta)?.rescaled(to: 1)?.units
    }
}

/// The position as the bot would have booked it.
private func mirrored(_ position: BrokerPosition, isKeyed: Bool) -> Trade {
    trade(
        "t\(position.ticket)", ticket: isKeyed ? position.ticket : nil, position.symbol, position.direction,
        position.volume, at: position.entryPrice, time: position.entryTime, magic: position.magic,
        target: position.takeProfit, stop: position.stopLoss)
}

extension MatchPair {
    /// The ticket that the mirrored trade was made of.
    fileprivate var side: String { String(tradeIDs[0].dropFirst()) }
}

extension RandomBooks {
    /// Positions without comments, each ticket once.
    fileprivate var plainPositions: [BrokerPosition] {
        var seen: Set<Int64> = []
        return positions.filter { seen.insert($0.ticket).inserted }.map { position in
            var position = position
            position.comment = nil
            return position
        }
    }

    fileprivate func scaled(by factor: Int128) -> RandomBooks {
        func times(_ number: FixedDecimal) -> FixedDecimal {
            FixedDecimal(units: number.units * factor, scale: Int(number.scale))
        }
        var books = self
        for index in books.trades.indices {
            books.trades[index].volume = times(trades[index].volume)
            for fill in books.trades[index].fills.indices {
                books.trades[index].fills[fill].volume = times(trades[index].fills[fill].volume)
            }
        }
        for index in books.positions.indices { books.positions[index].volume = times(positions[index].volume) }
        return books
    }
}
