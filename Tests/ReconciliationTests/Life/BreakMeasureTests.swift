import PluginAPI
import Testing

@testable import Reconciliation

@Suite("When a break is worse than it was")
struct BreakMeasureTests {
    @Test(
        "It is worse when a field differs by more, a new one differs, a side is missing that was there, or the class changed",
        arguments: [
            Change("the same", ["partial_fill volume 0.2 0.1"], ["partial_fill volume 0.2 0.1"], nil),
            Change("the same size", ["partial_fill volume 0.2 0.1"], ["partial_fill volume 0.3 0.2"], nil),
            Change("smaller", ["partial_fill volume 0.2 0.1"], ["partial_fill volume 0.2 0.15"], nil),
            Change(
                "larger by the last digit", ["partial_fill volume 0.2 0.1"], ["partial_fill volume 0.20000001 0.1"],
                "larger: volume"),
            Change(
                "the other way", ["entry_slippage entry_price 1.1 1.2"], ["entry_slippage entry_price 1.2 1.1"], nil),
            Change(
                "larger the other way", ["entry_slippage entry_price 1.1 1.2"],
                ["entry_slippage entry_price 1.25 1.1"], "larger: entry_price"),
            Change(
                "beyond what is taken in", ["cash_mismatch equity -91000000000 90000000000"],
                ["cash_mismatch equity -91000000000 91000000000"], "larger: equity"),
            Change(
                "a new field", ["partial_fill volume 0.2 0.1"],
                ["partial_fill volume 0.2 0.1", "sl_mismatch stop_loss 1.1 1.2"], "a new difference: stop_loss"),
            Change(
                "a field less", ["partial_fill volume 0.2 0.1", "sl_mismatch stop_loss 1.1 1.2"],
                ["partial_fill volume 0.2 0.1"], nil),
            Change(
                "the second field larger", ["partial_fill volume 0.2 0.1", "sl_mismatch stop_loss 1.1 1.2"],
                ["partial_fill volume 0.2 0.1", "sl_mismatch stop_loss 1.1 1.3"], "larger: stop_loss"),
            Change(
                "the broker lost its stop", ["sl_mismatch stop_loss 1.1 1.2"], ["sl_mismatch stop_loss 1.1 -"],
                "missing on a side that had it: stop_loss"),
            Change(
                "the missing stop changed sides", ["sl_mismatch stop_loss 1.1 -"], ["sl_mismatch stop_loss - 1.1"],
                "missing on a side that had it: stop_loss"),
            Change(
                "another price of a stop that one side lacks", ["sl_mismatch stop_loss 1.1 -"],
                ["sl_mismatch stop_loss 1.3 -"], nil),
            Change(
                "the missing stop is there and differs", ["sl_mismatch stop_loss 1.1 -"],
                ["sl_mismatch stop_loss 1.1 1.3"], nil),
            Change("a missing row", ["broker_closed - 0.1 -"], ["broker_closed - 0.1 -"], nil),
            Change(
                "a larger missing row", ["broker_closed - 0.1 -"], ["broker_closed - 0.2 -"], "larger: broker_closed"),
            Change("a smaller missing row", ["unknown_to_us - - 0.2"], ["unknown_to_us - - 0.1"], nil),
            Change(
                "another class", ["broker_closed - 0.1 -"], ["unknown_to_us - - 0.1"],
                "another class: it was broker_closed"),
            Change(
                "a class of less weight", ["partial_fill volume 0.2 0.1", "tp_mismatch take_profit 1.1 1.2"],
                ["tp_mismatch take_profit 1.1 1.2"], "another class: it was partial_fill"),
            Change(
                "another word", ["side_flip symbol EURUSD GBPUSD"], ["side_flip symbol EURUSD XAUUSD"],
                "another value: symbol"),
            Change(
                "another field of the same class", ["side_flip direction buy sell"],
                ["side_flip symbol EURUSD GBPUSD"], "a new difference: symbol"),
            Change(
                "one repeat more", ["duplicate_ours - 0.1 -"], ["duplicate_ours - 0.1 -", "duplicate_ours - 0.1 -"],
                "a new difference: duplicate_ours"),
            Change(
                "one counted repeat more", ["duplicate_ours - 0.1 - 2"], ["duplicate_ours - 0.1 - 3"],
                "a new difference: duplicate_ours"),
            Change("one counted repeat less", ["duplicate_ours - 0.1 - 3"], ["duplicate_ours - 0.1 - 2"], nil),
            Change(
                "as many repeats, taken note of before they were counted",
                ["duplicate_ours - 0.1 -", "duplicate_ours - 0.1 -"], ["duplicate_ours - 0.1 - 2"], nil),
            Change(
                "the largest repeat gone",
                ["duplicate_ours - 0.1 -", "duplicate_ours - 0.3 -", "duplicate_ours - 0.2 -"],
                ["duplicate_ours - 0.1 -", "duplicate_ours - 0.2 -"], nil),
            Change(
                "a sum that turned", ["unknown_to_us - - 0.5"], ["unknown_to_us - - -0.5"],
                "the other direction: unknown_to_us"),
            Change(
                "a pair of sums that turned", ["volume_mismatch volume 0.5 0.4"], ["volume_mismatch volume -0.5 -0.4"],
                "the other direction: volume"),
            Change(
                "a missing row that turned", ["unknown_to_us - - 0.5 buy"], ["unknown_to_us - - 0.5 sell"],
                "the other direction: unknown_to_us"),
            Change(
                "a smaller missing trade that turned", ["broker_closed - 0.5 - sell"], ["broker_closed - 0.4 - buy"],
                "the other direction: broker_closed"),
            Change(
                "a missing row the same way", ["unknown_to_us - - 0.5 sell"], ["unknown_to_us - - 0.4 sell"], nil),
            Change(
                "a missing row taken note of before its direction was kept", ["unknown_to_us - - 0.5"],
                ["unknown_to_us - - 0.5 sell"], nil),
            Change("money across zero", ["cash_mismatch equity 10 -10"], ["cash_mismatch equity -5 -10"], nil),
            Change("a symbol now on both sides", ["instrument_unknown - ODD -"], ["instrument_unknown - ODD ODD"], nil),
        ])
    func worsening(_ change: Change) throws {
        let (then, now) = (found(change.then), found(change.now))

        let before = try BreakMeasure(then.breakClass, differences: then.differencesJSON)
        let after = try BreakMeasure(now.breakClass, differences: now.differencesJSON)

        #expect(after.worsening(since: before)?.note == change.note)
    }

    @Test("Magnitudes are compared digit by digit, whatever their sign and trailing zeros")
    func magnitudes() throws {
        let ordered = ["0", "0.00000001", "-0.05", "0.1", "-0.100", "0.5", "1", "-9.99", "10", "184000000000.5"]

        let magnitudes = try ordered.map { try #require(Magnitude(.number($0))) }

        for (index, pair) in zip(magnitudes, magnitudes.dropFirst()).enumerated() {
            #expect(pair.0 < pair.1 || (index == 3 && pair.0 == pair.1))
            #expect(!(pair.1 < pair.0))
        }
    }

    struct Change: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var then: [String]
        var now: [String]
        var note: String?

        init(_ name: String, _ then: [String], _ now: [String], _ note: String?) {
            (testDescription, self.then, self.now, self.note) = (name, then, now, note)
        }
    }
}
