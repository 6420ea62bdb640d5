import PluginAPI
import Testing

@testable import Reconciliation

@Suite("A tolerance's limit is allowed, and not a hundred-millionth more")
struct ToleranceTests {
    @Test(
        "Notations",
        arguments: [
            ("exact", .exact), ("0.0005", .amount("0.0005")), ("5 pips", .pips("5")), ("1 pip", .pips("1")),
            ("0.5 pips", .pips("0.5")), ("3 ticks", .ticks("3")), ("2.5 bps", .basisPoints("2.5")),
            ("-1 pips", nil), ("5 pip s", nil), ("", nil), ("pips", nil), ("1e3", nil), ("5pips", nil),
        ] as [(String, Tolerance?)])
    func notation(text: String, expected: Tolerance?) {
        #expect(Tolerance(parsing: text) == expected)
    }

    @Test(
        "Limits",
        arguments: [
            (.exact, "1.1", "1.1", "1.10000001"),
            (.amount("0.0005"), "1.1", "1.1005", "1.10050001"),
            (.pips("5"), "1.1", "1.1005", "1.10050001"),
            (.pips("5"), "1.1", "1.0995", "1.09949999"),
            (.pips("0.5"), "1.1", "1.10005", "1.10005001"),
            (.ticks("3"), "1.1", "1.10003", "1.10003001"),
            (.basisPoints("2"), "1.1", "1.10022", "1.10022001"),
            (.basisPoints("1"), "91000000000", "91009100000", "91009100000.00000001"),
        ] as [(Tolerance, FixedDecimal, FixedDecimal, FixedDecimal)])
    func limits(tolerance: Tolerance, ours: FixedDecimal, atLimit: FixedDecimal, beyond: FixedDecimal) throws {
        let steps = PriceSteps(pip: 10_000, tick: 1_000)
        let units = try #require(ours.storedUnits)

        #expect(tolerance.allows(units, try #require(atLimit.storedUnits), steps: steps))
        #expect(!tolerance.allows(units, try #require(beyond.storedUnits), steps: steps))
    }

    @Test("An instrument without steps is compared exactly", arguments: [Tolerance.pips("5"), .ticks("5")])
    func withoutSteps(tolerance: Tolerance) {
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
        ] as [(FixedDecimal, FixedDecimal, FixedDecimal, [String])])
    func fields(price: FixedDecimal, stop: FixedDecimal, target: FixedDecimal, expected: [String]) throws {
        let result = try match(
            [trade("t", ticket: 1, target: "1.2", stop: "1.1")],
            [position(1, "EURUSD", .buy, "0.1", at: price, target: target, stop: stop)])

        #expect(result.breaks.flatMap(\.differences).map(\.field?.rawValue) == expected)
    }
}
