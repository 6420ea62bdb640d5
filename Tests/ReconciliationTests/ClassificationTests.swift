import PluginAPI
import Testing
import TradingBook

@testable import Reconciliation

@Suite("A pair is judged field by field")
struct ClassificationTests {
    @Test("Two equal books have no breaks")
    func equalBooks() throws {
        let result = try match([trade("t", ticket: 1, stop: "1.09")], [position(1, stop: "1.0900")])

        #expect(result.breaks.isEmpty)
        #expect(result.paired == ["ticket t [1]"])
    }

    @Test("A position of another direction or instrument is a flip, and nothing further is compared")
    func sideFlip() throws {
        let flipped = try match([trade("t", ticket: 1)], [position(1, "EURUSD", .sell, "0.70", at: "1.2")])
        let other = try match([trade("t", ticket: 1)], [position(1, "GBPUSD", .sell, "0.70", at: "1.2")])

        #expect(
            flipped.breaks.map(\.differences) == [
                [Difference(.sideFlip, field: .direction, ours: .text("buy"), broker: .text("sell"))]
            ])
        #expect(
            other.breaks.map(\.differences) == [
                [Difference(.sideFlip, field: .symbol, ours: .text("EURUSD"), broker: .text("GBPUSD"))]
            ])
    }

    @Test("What only one side has is critical and names the row", arguments: [Account.Mode.hedging])
    func oneSided(_ mode: Account.Mode) throws {
        let result = try match(
            [trade("a", ticket: 5), trade("b")], [position(9, time: opening + .seconds(3_600))], mode: mode)

        #expect(result.found == ["broker_closed ticket:5", "unknown_to_us ticket:9", "broker_closed trade:b"])
        #expect(
            result.breaks[0].differences == [
                Difference(.brokerClosed, ours: .number("0.1", digits: 0), broker: nil, direction: .buy)
            ])
        #expect(result.breaks[1].differences[0].ours == nil)
        #expect(result.ours == SideCounts(rows: 2, unmatched: 2))
        #expect(result.broker == SideCounts(rows: 1, unmatched: 1))
    }

    @Test(
        "Less at the broker is a partial fill unless the trade lists its fills",
        arguments: [
            (ours: "0.10", broker: "0.05", fills: [String](), expected: "partial_fill"),
            (ours: "0.10", broker: "0.11", fills: [], expected: "volume_mismatch"),
            (ours: "0.10", broker: "0.05", fills: ["0.06", "0.04"], expected: "volume_mismatch"),
            (ours: "9", broker: "0.05", fills: ["0.03", "0.02"], expected: ""),
        ] as [(ours: String, broker: String, fills: [String], expected: String)])
    func volumes(ours: String, broker: String, fills: [String], expected: String) throws {
        let fills = try fills.map { fill($0, try decimal($0)) }
        let result = try match(
            [trade("t", ticket: 1, "EURUSD", .buy, try decimal(ours), fills: fills)],
            [position(1, "EURUSD", .buy, try decimal(broker))])

        #expect(result.breaks.map(\.breakClass.rawValue).joined() == expected)
    }

    @Test(
        "A stop or target on one side only is a mismatch",
        arguments: [
            (ours: "1.05", broker: nil), (ours: nil, broker: "1.05"), (ours: "1.05", broker: "1.0511"),
        ] as [(ours: String?, broker: String?)])
    func levels(ours: String?, broker: String?) throws {
        let (our, their) = (try ours.map(decimal), try broker.map(decimal))
        let stops = try match([trade("t", ticket: 1, stop: our)], [position(1, stop: their)])
        let targets = try match([trade("t", ticket: 1, target: our)], [position(1, target: their)])

        #expect(stops.found == ["sl_mismatch ticket:1"])
        #expect(targets.found == ["tp_mismatch ticket:1"])
        let delta = ours == nil || broker == nil ? nil : Difference.Cell.number("0.0011", digits: 5)
        #expect(stops.breaks[0].differences[0].delta == delta)
    }

    @Test("All differing fields of a pair are one break, in class order")
    func oneBreakPerObject() throws {
        let ours = trade("t", ticket: 1, "XAUUSD", .buy, "0.2", at: "1950.50", target: "1960", stop: "1940")
        let broker = position(1, "XAUUSD", .buy, "0.1", at: "1952.5", target: "1970", stop: nil)

        let result = try match([ours], [broker])

        #expect(result.found == ["partial_fill ticket:1"])
        let classes = result.breaks[0].differences.map(\.breakClass)
        #expect(classes == [.partialFill, .entrySlippage, .stopLossMismatch, .takeProfitMismatch])
        #expect(
            result.breaks[0].differencesJSON
                == #"[{"field":"volume","class":"partial_fill","ours":0.2,"broker":0.1,"delta":-0.1},"#
                + #"{"field":"entry_price","class":"entry_slippage","ours":1950.50,"broker":1952.50,"delta":2.00},"#
                + #"{"field":"stop_loss","class":"sl_mismatch","ours":1940.00,"broker":null,"delta":null},"#
                + #"{"field":"take_profit","class":"tp_mismatch","ours":1960.00,"broker":1970.00,"delta":10.00}]"#)
    }

    @Test(
        "Equity may differ by a cent for each position and one more",
        arguments: [("100.02", false), ("100.03", true), ("99.98", false), ("99.97", true)]
            as [(String, Bool)])
    func cash(equity: String, isBreak: Bool) throws {
        let cash = CashFigures(balance: "90", credit: "7.5", floating: "2.5", equity: try decimal(equity))

        let result = try match([trade("t", ticket: 1)], [position(1)], cash: cash)

        #expect(result.found == (isBreak ? ["cash_mismatch cash"] : []))
    }

    @Test("An instrument nobody has described is compared exactly and named once")
    func unknownInstrument() throws {
        let trades = [trade("a", ticket: 1, "ODD"), trade("b", ticket: 2, "ODD", .buy, "0.1", at: "1.00001")]
        let positions = [position(1, "ODD"), position(2, "ODD", .buy, "0.1", at: "1.00002")]

        let result = try match(trades, positions)

        #expect(result.found == ["instrument_unknown symbol:ODD", "entry_slippage ticket:2"])
        #expect(
            result.breaks[0].differences == [
                Difference(.instrumentUnknown, ours: .text("ODD"), broker: .text("ODD"))
            ])
    }

    @Test("Equal repeats beyond the first are duplicates, other claims to a ticket are not")
    func duplicates() throws {
        let trades = [
            trade("a", ticket: 1), trade("b", ticket: 1), trade("c", ticket: 1, "EURUSD", .buy, "0.3"),
        ]

        let result = try match(trades, [position(1), position(1)])

        #expect(result.found == ["broker_closed trade:c", "duplicate_ours ticket:1"])
        #expect(result.breaks[1].differences.map(\.breakClass) == [.duplicateOurs, .duplicateBroker])
        #expect(result.ours == SideCounts(rows: 3, matched: 1, unmatched: 1, duplicate: 1))
        #expect(result.broker == SideCounts(rows: 2, matched: 1, duplicate: 1))
    }

    @Test("Many equal repeats are one difference that says how many they are")
    func manyDuplicates() throws {
        let trades = (0..<40).map { trade("t\($0)", ticket: 1) }

        let result = try match(trades, Array(repeating: position(1), count: 30))

        #expect(result.found == ["duplicate_ours ticket:1"])
        #expect(result.breaks[0].differences.map(\.repeats) == [39, 29])
        #expect(result.ours == SideCounts(rows: 40, matched: 1, duplicate: 39))
        #expect(result.broker == SideCounts(rows: 30, matched: 1, duplicate: 29))
        #expect(result.breaks[0].differencesJSON.contains(#""repeats":39"#))
    }

    @Test("A row that stands alone in the other direction is another result")
    func digestOfDirection() throws {
        func digests(_ direction: Direction) throws -> [String] {
            [
                try match([], [position(1, "EURUSD", direction)]).digest(revision: ""),
                try match([trade("a", ticket: 1, "EURUSD", direction, "0.1")], []).digest(revision: ""),
            ]
        }

        let (long, short) = (try digests(.buy), try digests(.sell))

        #expect(long[0] != short[0])
        #expect(long[1] != short[1])
    }

    @Test("One repeat more or less is another result")
    func digestOfRepeats() throws {
        func digest(_ repeats: Int) throws -> String {
            try match([trade("a", ticket: 1)], Array(repeating: position(1), count: repeats)).digest(revision: "")
        }

        #expect(try digest(2) != digest(3))
    }

    @Test(
        "Trades that differ in anything that is compared, or in what a comment may name, are no repeats",
        arguments: [
            trade("b", ticket: 1, comment: "#9"), trade("b", ticket: 1, magic: 7),
            trade("b", ticket: 1, reference: "r"), trade("b", ticket: 1, stop: "1"),
            trade("b", ticket: 1, fills: [fill("f", "0.10")]),
        ])
    func noRepeats(_ other: Trade) throws {
        let result = try match([trade("a", ticket: 1), other], [position(1)])

        #expect(result.found == ["broker_closed trade:b"])
        #expect(result.ours == SideCounts(rows: 2, matched: 1, unmatched: 1))
    }

    @Test("A ticket that is listed with different contents is one position and one unknown row, whatever the order")
    func conflictingTicket() throws {
        let rows = [position(1), position(1, "EURUSD", .buy, "0.7"), position(1, comment: "x")]

        let result = try match([trade("a", ticket: 1)], rows)
        let reversed = try match([trade("a", ticket: 1)], rows.reversed())

        #expect(result == reversed)
        #expect(result.paired == ["ticket a [1]"])
        #expect(result.broker == SideCounts(rows: 3, matched: 1, unmatched: 2))
    }

    @Test("Fills that cannot be summed exactly are refused")
    func overflow() {
        let large = fill("f", "91999999999")
        #expect(throws: MatchFailure.outOfRange("the fills of trade t")) {
            try match([trade("t", fills: [large, large])], [])
        }
    }
}
