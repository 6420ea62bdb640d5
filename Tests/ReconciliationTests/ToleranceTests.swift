import PluginAPI
import Testing
import TradingBook

@testable import Reconciliation

@Suite("A tolerance's limit is allowed, and not a hundred-millionth more")
struct ToleranceTests {
    @Test(
        "Notations",
        arguments: [
            ("exact", "exact"), ("0.00050", "0.0005"), ("5 pips", "5 pips"), ("1 pip", "1 pips"),
            ("0.5 pips", "0.5 pips"), ("3 ticks", "3 ticks"), ("2.5  bps", "2.5 bps"),
            ("-1 pips", nil), ("5 pip s", nil), ("", nil), ("pips", nil), ("1e3", nil), ("5pips", nil),
        ] as [(String, String?)])
    func notation(text: String, expected: String?) {
        #expect(Tolerance(parsing: text)?.description == expected)
    }

    @Test(
        "Limits",
        arguments: [
            ("exact", "1.1", "1.1", "1.10000001"),
            ("0.0005", "1.1", "1.1005", "1.10050001"),
            ("5 pips", "1.1", "1.1005", "1.10050001"),
            ("5 pips", "1.1", "1.0995", "1.09949999"),
            ("0.5 pips", "1.1", "1.10005", "1.10005001"),
            ("3 ticks", "1.1", "1.10003", "1.10003001"),
            ("2 bps", "1.1", "1.10022", "1.10022001"),
            ("1 bps", "91000000000", "91009100000", "91009100000.00000001"),
        ] as [(String, String, String, String)])
    func limits(notation: String, ours: String, atLimit: String, beyond: String) throws {
        let tolerance = try #require(Tolerance(parsing: notation))
        let steps = PriceSteps(pip: 10_000, tick: 1_000)
        let units = try #require(try decimal(ours).storedUnits)

        let (allowed, refused) = (try decimal(atLimit).storedUnits, try decimal(beyond).storedUnits)

        #expect(tolerance.allows(units, try #require(allowed), steps: steps))
        #expect(!tolerance.allows(units, try #require(refused), steps: steps))
    }

    @Test("An instrument without steps is compared exactly", arguments: ["5 pips", "5 ticks"])
    func withoutSteps(notation: String) throws {
        let tolerance = try #require(Tolerance(parsing: notation))

        #expect(tolerance.allows(7, 7, steps: nil))
        #expect(!tolerance.allows(7, 8, steps: nil))
    }

    @Test(
        "The policy's limits are used field by field",
        arguments: [
            ("1.10050", "1.10000", "1.20000", [String]()),
            ("1.10051", "1.10000", "1.20000", ["entry_price"]),
            ("1.10000", "1.10100", "1.20000", []),
            ("1.10000", "1.10101", "1.20000", ["stop_loss"]),
            ("1.10000", "1.10000", "1.20101", ["take_profit"]),
        ] as [(String, String, String, [String])])
    func fields(price: String, stop: String, target: String, expected: [String]) throws {
        let result = try match(
            [trade("t", ticket: 1, target: "1.2", stop: "1.1")],
            [
                position(
                    1, "EURUSD", .buy, "0.1", at: try decimal(price), target: try decimal(target),
                    stop: try decimal(stop))
            ])

        #expect(result.breaks.flatMap(\.differences).map(\.field?.rawValue) == expected)
    }
}
