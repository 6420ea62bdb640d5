import PluginAPI
import Testing
import TradingBook

@testable import Reconciliation

@Suite("Keys decide who is compared with whom")
struct IdentityTests {
    /// A position so much later than the trades that likeness cannot pair it.
    private func position(
        _ ticket: Int64,
        _ symbol: String = "EURUSD",
        _ direction: Direction = .buy,
        _ volume: FixedDecimal = "0.10",
        comment: String? = nil
    ) -> BrokerPosition {
        ReconciliationTests.position(
            ticket, symbol, direction, volume, time: opening + .seconds(86_400), comment: comment)
    }

    @Test(
        "A position's comment names a trade",
        arguments: [
            ("t-77", true), ("trade:t-77", true), ("t-77[sl]", true), ("trade:t-77 [tp][x]", true),
            ("t-7", false), ("T-77", false), ("trade: t-77", false), ("trade:trade:t-77", false), ("", false),
        ])
    func comment(_ comment: String, pairs: Bool) throws {
        let result = try match([trade("t-77")], [position(1, comment: comment)])

        #expect(result.paired == (pairs ? ["reference t-77 [1]"] : []))
    }

    @Test("A trade's reference stands for its ID")
    func reference() throws {
        let result = try match(
            [trade("a", reference: "r"), trade("r")], [position(1, comment: "r"), position(2, comment: "trade:a")])

        #expect(result.paired == ["reference a [1]"])
        #expect(result.found == ["unknown_to_us ticket:2", "broker_closed trade:r"])
    }

    @Test("A reference that begins with trade: itself comes before the one behind that")
    func prefixedReference() throws {
        let positions = [position(1, comment: "trade:a"), position(2, comment: "trade:trade:a [tp]")]

        let one = try match([trade("a"), trade("b", reference: "trade:a")], [positions[0]])
        let both = try match([trade("a"), trade("b", reference: "trade:a")], positions)

        #expect(one.paired == ["reference b [1]"])
        #expect(both.paired == ["reference b [1]"])
        #expect(both.found == ["unknown_to_us ticket:2", "broker_closed trade:a"])
    }

    @Test("A comment cut at 31 characters pairs only if it begins exactly one reference")
    func cutComment() throws {
        let long = "order-0123456789-0123456789-0123456789"
        let cut = String(long.prefix(31))
        let prefixed = String("trade:\(long)".prefix(31))

        let one = try match([trade(long), trade("order-2")], [position(1, comment: cut)])
        let withPrefix = try match([trade(long)], [position(1, comment: prefixed)])
        let two = try match([trade(long), trade(long + "x")], [position(1, comment: cut)])
        let short = try match([trade(long)], [position(1, comment: String(long.prefix(30)))])

        #expect(one.paired == ["reference \(long) [1]"])
        #expect(withPrefix.paired == ["reference \(long) [1]"])
        #expect(two.pairs.isEmpty)
        #expect(short.pairs.isEmpty)
    }

    @Test("A second reference counts even when its trade is paired already")
    func cutCommentOfPairedTrade() throws {
        let long = "order-0123456789-0123456789-0123456789"

        let result = try match(
            [trade(long, ticket: 7), trade(long + "x")], [position(1, comment: String(long.prefix(31))), position(7)])

        #expect(result.paired == ["ticket \(long) [7]"])
    }

    @Test(
        "A trade's comment names a position",
        arguments: [("#5", true), ("hedge of #5, late", true), ("5", true), ("#55", false), ("5 lots", false)])
    func tradesComment(_ comment: String, pairs: Bool) throws {
        let result = try match([trade("t", comment: comment)], [position(5)])

        #expect(result.paired == (pairs ? ["reference t [5]"] : []))
    }

    @Test("A position continues a ticket that is gone, and only then")
    func continuation() throws {
        let gone = try match([trade("t", ticket: 5)], [position(6, "EURUSD", .buy, "0.04", comment: "from #5")])
        let there = try match([trade("t", ticket: 5)], [position(5), position(6, comment: "from #5")])

        #expect(gone.paired == ["continuation t [6]"])
        #expect(gone.found == ["partial_fill ticket:6"])
        #expect(there.paired == ["ticket t [5]"])
        #expect(there.found == ["unknown_to_us ticket:6"])
    }

    @Test("A position continues a ticket that a trade names in its comment")
    func continuationOfComment() throws {
        let gone = try match([trade("t", comment: "#5")], [position(6, "EURUSD", .buy, "0.04", comment: "from #5")])
        let there = try match([trade("t", comment: "#5")], [position(5), position(6, comment: "from #5")])

        #expect(gone.paired == ["continuation t [6]"])
        #expect(gone.found == ["partial_fill ticket:6"])
        #expect(there.paired == ["reference t [5]"])
    }

    @Test(
        "A position continues a ticket through others that are gone, as far as somebody has said what they continued",
        arguments: [
            ([6: 5], true),  // 7 continues 6, and 6 continued 5
            ([:], false),
            ([6: 4, 4: 3, 3: 5], true),
            ([6: 6], false),  // what goes round in a circle ends nowhere
            ([6: 4, 4: 6], false),
            ([6: 9, 9: 5], false),  // 9 is there: 7 continues nothing that is gone
        ] as [([Int64: Int64], Bool)])
    func continuationOfSeveral(_ earlier: [Int64: Int64], pairs: Bool) throws {
        let input = MatchInput(
            trades: [trade("t", ticket: 5)],
            positions: [position(7, "EURUSD", .buy, "0.04", comment: "from #6"), position(9, "XAUUSD")],
            instruments: instruments, earlierTickets: earlier)

        let result = try PositionMatcher().match(input)

        #expect(result.paired == (pairs ? ["continuation t [7]"] : []))
    }

    @Test(
        "A chain of partial closes is followed for 64 links and no further",
        arguments: [(63, true), (64, false)] as [(Int64, Bool)])
    func longChain(_ links: Int64, pairs: Bool) throws {
        let earlier = Dictionary(uniqueKeysWithValues: (0..<links).map { (100 + $0, 100 + $0 + 1) })
        let input = MatchInput(
            trades: [trade("t", ticket: 100 + links)], positions: [position(1, comment: "from #100")],
            instruments: instruments, earlierTickets: earlier)

        #expect(try PositionMatcher().match(input).pairs.isEmpty != pairs)
    }

    @Test("A ticket is stronger than a reference")
    func precedence() throws {
        let result = try match(
            [trade("a", ticket: 1), trade("b", ticket: 2)],
            [position(1, comment: "trade:b"), position(2, comment: "trade:a")])

        #expect(result.paired == ["ticket a [1]", "ticket b [2]"])
    }

    @Test("A trade whose ticket is gone may still be named by a reference")
    func referenceAfterTicket() throws {
        let result = try match([trade("a", ticket: 1)], [position(2, comment: "trade:a")])

        #expect(result.paired == ["reference a [2]"])
        #expect(result.breaks.isEmpty)
    }

    @Test("IDs that only look alike are different")
    func bytes() throws {
        let result = try match([trade("caf\u{E9}")], [position(1, comment: "cafe\u{301}")])

        #expect(result.pairs.isEmpty)
    }
}
