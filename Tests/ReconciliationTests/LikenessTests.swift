import PluginAPI
import Testing
import TradingBook

@testable import Reconciliation

@Suite("Rows without any key pair by likeness, or not at all")
struct LikenessTests {
    @Test("Rows equal to the second are one exact pair, whatever the fraction of it")
    func exact() throws {
        let result = try match([trade("a", time: opening + .milliseconds(999))], [position(5)])

        #expect(result.paired == ["exact a [5]"])
        #expect(result.breaks.isEmpty)
        #expect(result.ours == SideCounts(rows: 1, matched: 1))
    }

    @Test(
        "Rows that are close are a pair of lower grade, the limits themselves included",
        arguments: [
            (seconds: 120, price: "1.10000", pairs: true), (seconds: -120, price: "1.10200", pairs: true),
            (seconds: 121, price: "1.10000", pairs: false), (seconds: 0, price: "1.10201", pairs: false),
            (seconds: 0, price: "1.09800", pairs: true), (seconds: 0, price: "1.09799", pairs: false),
        ] as [(seconds: Int, price: String, pairs: Bool)])
    func close(seconds: Int, price: String, pairs: Bool) throws {
        let position = position(
            5, "EURUSD", .buy, "0.10", at: try decimal(price), time: opening + .seconds(seconds))

        let result = try match([trade("a")], [position])

        #expect(result.paired == (pairs ? ["tolerance a [5]"] : []))
    }

    @Test("A microsecond beyond the window is beyond it")
    func window() throws {
        let late = position(5, time: opening + .seconds(120) + .microseconds(1))

        #expect(try match([trade("a")], [late]).pairs.isEmpty)
    }

    @Test(
        "Another instrument, side or volume is no likeness, and never a flip",
        arguments: [
            position(5, "GBPUSD"), position(5, "EURUSD", .sell), position(5, "EURUSD", .buy, "0.11"),
        ])
    func unlike(_ position: BrokerPosition) throws {
        let result = try match([trade("a")], [position])

        #expect(result.found == ["unknown_to_us ticket:5", "broker_closed trade:a"])
    }

    @Test(
        "A trade that has a ticket, or a position that a trade names, never pairs by likeness",
        arguments: [
            (trades: [trade("a", ticket: 9)], position: position(5)),
            (trades: [trade("a"), trade("b", ticket: 7, reference: "r")], position: position(5, comment: "trade:r")),
            (trades: [trade("a"), trade("b", ticket: 7, comment: "see #5")], position: position(5)),
            (
                trades: [trade("a"), trade("b", ticket: 9, magic: 1), trade("c", ticket: 7)],
                position: position(5, comment: "from #9")
            ),
        ] as [(trades: [Trade], position: BrokerPosition)])
    func keyed(trades: [Trade], position: BrokerPosition) throws {
        let other = seven()
        let others = trades.contains { $0.ticket == 7 } ? [other] : []

        let result = try match(trades, [position] + others)

        #expect(!result.pairs.contains { $0.grade == .exact || $0.grade == .tolerance })
    }

    @Test(
        "A position that a closed trade names is unknown to us, never a partner by likeness",
        arguments: [
            (closed: trade("old", ticket: 5), comment: nil), (closed: trade("old", comment: "5"), comment: nil),
            (closed: trade("old", comment: "hedge of #4 and #5"), comment: nil),
            (closed: trade("old"), comment: "trade:old [sl]"), (closed: trade("x", reference: "old"), comment: "old"),
            (closed: trade("old", ticket: 4), comment: "from #4"),
            (closed: trade("old", comment: "#4"), comment: "from #4"),
            (closed: trade("order-0123456789-0123456789-0123456789"), comment: "order-0123456789-0123456789-012"),
        ] as [(closed: Trade, comment: String?)])
    func closed(closed: Trade, comment: String?) throws {
        let named = try match([trade("a")], [position(5, comment: comment)], closed: [closed])
        let alone = try match([trade("a")], [position(5, comment: comment)])

        #expect(named.found == ["unknown_to_us ticket:5", "broker_closed trade:a"])
        #expect(alone.paired == ["exact a [5]"])
    }

    @Test("A closed trade's key takes no position from an open trade, and a cut comment that begins several names none")
    func closedBesidesOpen() throws {
        let long = "order-0123456789-0123456789-0123456789"
        let cut = position(5, comment: String(long.prefix(31)))

        let ticket = try match([trade("a", ticket: 5)], [position(5)], closed: [trade("old", ticket: 5)])
        let one = try match([trade(long)], [cut], closed: [trade(long + "x")])
        let several = try match([trade("a")], [cut], closed: [trade(long), trade(long + "x")])

        #expect(ticket.paired == ["ticket a [5]"])
        #expect(one.paired == ["reference \(long) [5]"])
        #expect(several.paired == ["exact a [5]"])
    }

    @Test("Magic numbers never pair, and part rows that both carry one")
    func magic() throws {
        let same = try match([trade("a", magic: 1)], [position(5, magic: 1)])
        let bare = try match([trade("a", magic: 1)], [position(5)])
        let other = try match([trade("a", magic: 1)], [position(5, magic: 2)])
        let close = try match([trade("a", magic: 1)], [position(5, time: opening + .seconds(9), magic: 2)])
        let alone = try match([trade("a", "EURUSD", .buy, "0.3", magic: 1)], [position(5, magic: 1)])

        #expect(same.paired == ["exact a [5]"])
        #expect(bare.paired == ["exact a [5]"])
        #expect(other.pairs.isEmpty && close.pairs.isEmpty && alone.pairs.isEmpty)
        #expect(other.found == ["unknown_to_us ticket:5", "broker_closed trade:a"])
    }

    @Test("Equally many equal rows are exact pairs, in which stops and targets agree where they can")
    func multiset() throws {
        let trades = [trade("a", stop: "1.01"), trade("b", stop: "1.02"), trade("c")]
        let positions = [position(1), position(2, stop: "1.02"), position(3, stop: "1.01")]

        let result = try match(trades, positions)

        #expect(result.paired == ["exact c [1]", "exact b [2]", "exact a [3]"])
        #expect(result.breaks.isEmpty)
    }

    @Test("With unequal counts nobody can say who is missing: all are ambiguous, each under its own key")
    func unequalCounts() throws {
        let result = try match([trade("a"), trade("b")], [position(5)])

        #expect(result.found == ["ambiguous ticket:5", "ambiguous trade:a", "ambiguous trade:b"])
        #expect(
            result.breaks.map(\.differences) == [
                [Difference(.ambiguous, ours: nil, broker: .number("0.1", digits: 0), direction: .buy)],
                [Difference(.ambiguous, ours: .number("0.1", digits: 0), broker: nil, direction: .buy)],
                [Difference(.ambiguous, ours: .number("0.1", digits: 0), broker: nil, direction: .buy)],
            ])
        #expect(result.ours == SideCounts(rows: 2, unmatched: 2))
        #expect(result.broker == SideCounts(rows: 1, unmatched: 1))
    }

    @Test(
        "Equal rows with magic numbers pair when every row can have a partner",
        arguments: [
            (ours: [1, 2], theirs: [2, 1], pairs: 2, ambiguous: 0),
            (ours: [1, 2], theirs: [nil, nil], pairs: 2, ambiguous: 0),
            (ours: [1, 1], theirs: [1, nil], pairs: 2, ambiguous: 0),
            (ours: [1, 1], theirs: [1, 2], pairs: 0, ambiguous: 3),
            (ours: [1, nil], theirs: [2, nil], pairs: 2, ambiguous: 0),
            (ours: [1, nil], theirs: [1], pairs: 0, ambiguous: 3),
            (ours: [1, 2], theirs: [1], pairs: 1, ambiguous: 0),
            (ours: [1, 1, 2], theirs: [2, nil, 2], pairs: 0, ambiguous: 6),
        ] as [(ours: [Int64?], theirs: [Int64?], pairs: Int, ambiguous: Int)])
    func magicMultiset(ours: [Int64?], theirs: [Int64?], pairs: Int, ambiguous: Int) throws {
        let trades = ours.enumerated().map { trade("t\($0.offset)", magic: $0.element) }
        let positions = theirs.enumerated().map { position(Int64($0.offset) + 1, magic: $0.element) }

        let result = try match(trades, positions)

        #expect(result.pairs.count == pairs)
        #expect(result.breaks.count { $0.breakClass == .ambiguous } == ambiguous)
    }

    @Test("The closest wins, by time and then by price, and what is left looks further")
    func closest() throws {
        let trades = [trade("a"), trade("b", time: opening + .seconds(20))]
        let positions = [
            position(1, time: opening + .seconds(12)), position(2, time: opening + .seconds(90)),
        ]
        let byPrice = [
            position(1, at: "1.1009", time: opening + .seconds(5)),
            position(2, at: "1.0992", time: opening + .seconds(5)),
        ]

        #expect(try match(trades, positions).paired == ["tolerance b [1]", "tolerance a [2]"])
        #expect(try match([trade("a")], byPrice).paired == ["tolerance a [2]"])
    }

    @Test("A tie is ambiguous on both sides, and nobody further away profits from it")
    func tie() throws {
        let positions = [
            position(1, time: opening + .seconds(5)), position(2, time: opening - .seconds(5)),
            position(3, time: opening + .seconds(9)),
        ]

        let result = try match([trade("a")], positions)

        #expect(
            result.found == [
                "unknown_to_us ticket:3", "ambiguous ticket:1", "ambiguous ticket:2", "ambiguous trade:a",
            ])
        #expect(result.broker == SideCounts(rows: 3, unmatched: 3))
    }

    @Test("A close pair is judged like any other")
    func judged() throws {
        let position = position(5, at: "1.1006", time: opening + .seconds(5), stop: "1.05")

        let result = try match([trade("a")], [position])

        #expect(result.paired == ["tolerance a [5]"])
        #expect(result.found == ["entry_slippage ticket:5"])
        #expect(result.breaks[0].differences.map(\.breakClass) == [.entrySlippage, .stopLossMismatch])
    }

    @Test("More candidates than the bound are ambiguous, and the bound itself is not", arguments: [3, 4])
    func bound(candidates: Int) throws {
        let positions = (1...Int64(candidates)).map { position($0, time: opening + .seconds(Int($0))) }

        let result = try match([trade("a")], positions, policy: MatchPolicy(candidatesMax: 3))

        let ambiguous = result.breaks.count { $0.breakClass == .ambiguous }
        #expect(result.pairs.count == (candidates == 3 ? 1 : 0))
        #expect(ambiguous == (candidates == 3 ? 0 : 5))
    }

    @Test("Rows in the window but beyond the price limit are no candidates")
    func boundAndPrice() throws {
        let far = (2...Int64(90)).map { position($0, at: "1.2", time: opening + .seconds(1)) }

        let result = try match([trade("a")], [position(1, time: opening + .seconds(3))] + far)

        #expect(result.paired == ["tolerance a [1]"])
    }

    @Test("Thousands of equal rows in one second are ambiguous, each a break of its own")
    func equalRows() throws {
        let count = 2_000

        let result = try match((1...count).map { trade("t\($0)") }, (1...Int64(count)).map { position($0) })

        #expect(result.pairs.isEmpty)
        #expect(result.breaks.count == 2 * count)
        #expect(result.breaks.allSatisfy { $0.breakClass == .ambiguous })
    }

    @Test("A hundred thousand equal rows are left undecided at a cost that grows with the rows")
    func equalRowsAreLinear() throws {
        func comparisons(_ count: Int) throws -> Int {
            let likeness = try likenessOfEqualRows(count)
            #expect(likeness.pairing.undecidedTrades.count == count)
            #expect(likeness.pairing.undecidedPositions.count == count)
            return likeness.comparisons
        }

        let counts = try [1_000, 10_000, 100_000].map(comparisons)

        #expect(counts[1] == 10 * counts[0])
        #expect(counts[2] == 100 * counts[0])
    }

    @Test("Equal rows up to the bound are pairs, beyond it nobody could check them", arguments: [64, 65])
    func equalRowsAndBound(count: Int) throws {
        let result = try match((1...count).map { trade("t\($0)") }, (1...Int64(count)).map { position($0) })

        #expect(result.pairs.count == (count == 64 ? 64 : 0))
        #expect(result.ours.unmatched == (count == 64 ? 0 : 65))
    }

    @Test("A crowd that is only close is ambiguous at a bounded cost as well")
    func crowd() throws {
        let count = 1_500
        let trades = (1...count).map { trade("t\($0)", time: opening + .microseconds($0)) }
        let positions = (1...Int64(count)).map { position($0, time: opening + .seconds(1) + .microseconds($0)) }

        let result = try match(trades, positions)

        #expect(result.pairs.isEmpty)
        #expect(result.breaks.count { $0.breakClass == .ambiguous } == 2 * count)
        #expect(result.comparisons <= 2 * count * (64 + 6))
    }

    @Test(
        "Comparisons a row do not grow with the rows",
        arguments: ["ticket", "reference", "comment", "cut", "exact", "close"])
    func linear(kind: String) throws {
        func comparisons(_ count: Int) throws -> Int {
            let books = ladder(count, kind)
            let result = try match(books.trades, books.positions)
            #expect(result.pairs.count == count && result.breaks.isEmpty)
            return result.comparisons
        }

        let (small, large) = (try comparisons(500), try comparisons(8_000))

        #expect(large <= 16 * small)
        #expect(large <= 5 * 2 * 8_000)
    }
}

/// A position that takes whatever trade names ticket 7.
private func seven() -> BrokerPosition { position(7, "GBPUSD", .buy, "0.7") }

/// What likeness makes of so many equal rows on each side, before anything is judged.
private func likenessOfEqualRows(_ count: Int) throws -> LikenessJoin {
    var symbols = SymbolTable()
    let book = try BookColumns((1...count).map { trade("t\($0)") }, symbols: &symbols)
    let broker = try BrokerColumns((1...Int64(count)).map { position($0) }, symbols: &symbols)
    let classifier = PairClassifier(policy: MatchPolicy(), symbols: symbols, instruments: instruments)
    return LikenessJoin(IdentityJoin(book: book, broker: broker), classifier: classifier)
}

/// Equal books whose rows are five minutes apart and name each other in the given way, or not at all.
private func ladder(_ count: Int, _ kind: String) -> (trades: [Trade], positions: [BrokerPosition]) {
    func name(_ number: Int) -> String {
        let digits = String(number)
        return "reference-of-" + String(repeating: "0", count: 18 - digits.count) + digits + "-and-a-long-tail"
    }
    let numbers = 1...count
    let trades = numbers.map { number in
        trade(
            name(number), ticket: kind == "ticket" ? Int64(number) : nil,
            time: opening + .seconds(300 * number), comment: kind == "comment" ? "#\(number)" : nil)
    }
    let positions = numbers.map { number in
        let comment: String? =
            switch kind {
            case "reference": "trade:" + name(number)
            case "cut": String(name(number).prefix(31))
            default: nil
            }
        return position(
            Int64(number), time: opening + .seconds(300 * number + (kind == "close" ? 7 : 0)), comment: comment)
    }
    return (trades, positions)
}

@Suite("Numbers that find their next")
struct RankSetTests {
    @Test(
        "The next member is the smallest that is not below, after any insertions and removals",
        arguments: [1, 64, 65, 5_000])
    func next(limit: Int) {
        var set = RankSet(limit: limit)
        var plain = Array(repeating: false, count: limit)
        var generator = SeededGenerator(seed: 4)

        for _ in 0..<400 {
            let number = Int.random(in: 0..<limit, using: &generator)
            if Bool.random(using: &generator) { set.insert(number) } else { set.remove(number) }
            plain[number] = set.next(from: number) == number
            let from = Int.random(in: 0..<limit, using: &generator)
            #expect(set.next(from: from) == plain[from...].firstIndex(of: true))
        }
        #expect(set.next(from: limit) == nil)
    }
}
