import PluginAPI
import Testing
import TradingBook

@testable import Reconciliation

@Suite("A netting account is compared by its sums")
struct NettingTests {
    @Test("Rows of an instrument are one net position, whatever their tickets")
    func sums() throws {
        let trades = [
            trade("a", ticket: 1, "EURUSD", .buy, "0.3", at: "1.1000"),
            trade("b", ticket: 2, "EURUSD", .sell, "0.1", at: "1.2000", time: opening + .seconds(1)),
        ]

        let result = try match(trades, [position(9, "EURUSD", .buy, "0.2", at: "1.1")], mode: .netting)

        #expect(result.breaks.isEmpty)
        #expect(result.paired == ["net a+b [9]"])
        #expect(result.ours == SideCounts(rows: 2, matched: 2))
    }

    @Test(
        "The average moves when added to, stays when reduced and restarts when zero is crossed",
        arguments: [
            ([("1", "10"), ("1", "20")], "2", "15"),
            ([("1", "10"), ("2", "20")], "3", "16.66666667"),
            ([("2", "10"), ("-1", "99")], "1", "10"),
            ([("2", "10"), ("-3", "12")], "-1", "12"),
            ([("2", "10"), ("-2", "12")], "0", "0"),
            ([("2", "10"), ("-2", "12"), ("-1", "7")], "-1", "7"),
            ([("3", "10"), ("-1", "99"), ("2", "20")], "4", "15"),
            // Small enough for a rounded cost to show: 5 ÷ 3 is 2 before the reduction and after it.
            (
                [("0.00000001", "0.00000001"), ("0.00000002", "0.00000002"), ("-0.00000002", "9")], "0.00000001",
                "0.00000002"
            ),
        ] as [([(String, String)], String, String)])
    func average(fills: [(String, String)], volume: String, price: String) throws {
        var net = NetPosition()

        for fill in fills {
            let size = Int128(try #require(try decimal(fill.0).storedUnits))
            let price = try #require(try decimal(fill.1).storedUnits)
            let isExact = net.add(size, at: price)
            #expect(isExact)
        }

        let (expectedVolume, expectedPrice) = (try decimal(volume), try decimal(price))
        #expect(FixedDecimal(units: net.volume, scale: 8) == expectedVolume)
        #expect(FixedDecimal(units: net.averagePrice, scale: 8) == expectedPrice)
    }

    @Test(
        "Each class has its netted form",
        arguments: [
            ("0.1", Direction.sell, "1.1", "side_flip net:EURUSD"), ("0.05", .buy, "1.1", "partial_fill net:EURUSD"),
            ("0.2", .buy, "1.1", "volume_mismatch net:EURUSD"), ("0.1", .buy, "1.2", "entry_slippage net:EURUSD"),
        ] as [(String, Direction, String, String)])
    func classes(volume: String, direction: Direction, price: String, expected: String) throws {
        let broker = position(1, "EURUSD", direction, try decimal(volume), at: try decimal(price))

        let result = try match([trade("t")], [broker], mode: .netting)

        #expect(result.found == [expected])
    }

    @Test("What only one side holds is named by its instrument; a flat sum is nothing")
    func oneSided() throws {
        let trades = [trade("a"), trade("b", "GBPUSD", .buy), trade("c", "GBPUSD", .sell)]

        let result = try match(trades, [position(1, "XAUUSD"), position(2, "XAUUSD")], mode: .netting)

        #expect(result.found == ["broker_closed net:EURUSD", "unknown_to_us net:XAUUSD"])
        #expect(result.ours == SideCounts(rows: 3, matched: 2, unmatched: 1))
        #expect(result.broker == SideCounts(rows: 2, unmatched: 2))
    }

    @Test("A trade's fills are its executions")
    func fills() throws {
        let fills = [fill("1", "0.1", at: "1.0"), fill("2", "0.1", at: "1.2", after: 1)]

        let result = try match(
            [trade("t", "EURUSD", .buy, "0.5", at: "1.3", fills: fills)],
            [position(1, "EURUSD", .buy, "0.2", at: "1.1")], mode: .netting)

        #expect(result.breaks.isEmpty)
    }

    @Test("A sum beyond what can be kept exactly is refused")
    func overflow() {
        let trades = (0..<3).map { trade("t\($0)", "EURUSD", .buy, "91999999999", at: "91999999999") }

        #expect(throws: MatchFailure.outOfRange("the sum of our EURUSD")) { try match(trades, [], mode: .netting) }
    }
}
