import PluginAPI
import Testing
import TradingBook

@testable import Guards

@Suite("Market guard")
struct MarketGuardTests {
    private let marketGuard = MarketGuard(limits: .usual)

    @Test(
        "A gap of 5 % either way is an alert, critical at twice the limit",
        arguments: [
            (previousClose: "100", open: "104.99", severity: nil),
            (previousClose: "100", open: "105", severity: .warning),
            (previousClose: "100", open: "95", severity: .warning),
            (previousClose: "100", open: "95.01", severity: nil),
            (previousClose: "100", open: "109.99999999", severity: .warning),
            (previousClose: "100", open: "110", severity: .critical),
            (previousClose: "100", open: "90", severity: .critical),
            (previousClose: "0.00000001", open: "91999999999", severity: .critical),
        ] as [(previousClose: FixedDecimal, open: FixedDecimal, severity: MarketCondition.Severity?)])
    func gap(previousClose: FixedDecimal, open: FixedDecimal, severity: MarketCondition.Severity?) {
        let conditions = marketGuard.conditions(of: quote(open: open, previousClose: previousClose))

        #expect(conditions.map(\.kind) == (severity == nil ? [] : [.priceGap]))
        #expect(conditions.first?.severity == severity)
    }

    @Test(
        "A spread of 0.5 % of the bid is an alert, critical at twice the limit",
        arguments: [
            (bid: "1950", ask: "1960.0035", severity: .warning),  // 0.513 %
            (bid: "1950", ask: "1950.507", severity: nil),  // 0.026 %
            (bid: "100", ask: "100.5", severity: .warning),
            (bid: "100", ask: "100.49999999", severity: nil),
            (bid: "100", ask: "101", severity: .critical),
            (bid: "100", ask: "100", severity: nil),
        ] as [(bid: FixedDecimal, ask: FixedDecimal, severity: MarketCondition.Severity?)])
    func spread(bid: FixedDecimal, ask: FixedDecimal, severity: MarketCondition.Severity?) {
        let conditions = marketGuard.conditions(of: quote(bid: bid, ask: ask))

        #expect(conditions.map(\.kind) == (severity == nil ? [] : [.liquidityCrisis]))
        #expect(conditions.first?.severity == severity)
    }

    @Test("Gap and spread are two alerts")
    func both() {
        let conditions = marketGuard.conditions(of: quote(bid: "100", ask: "102", open: "100", previousClose: "80"))

        #expect(conditions.map(\.kind) == [.priceGap, .liquidityCrisis])
        #expect(conditions.map(\.severity) == [.critical, .critical])
    }

    @Test("A quote without a pair of prices, or with a crossed one, cannot be judged")
    func poorQuotes() {
        #expect(!marketGuard.canJudge(quote()))
        #expect(!marketGuard.canJudge(quote(bid: "100", open: "100")))
        #expect(!marketGuard.canJudge(quote(bid: "100", ask: "99")))
        #expect(marketGuard.canJudge(quote(open: "100", previousClose: "100")))
        #expect(marketGuard.canJudge(quote(bid: "100", ask: "100.01")))
    }

    @Test("Percentages have two decimals, half away from zero")
    func percentages() {
        let shown = quote(bid: "1950", ask: "1960.0035", open: "95", previousClose: "100")

        #expect(shown.spreadPercentage == "0.51")
        #expect(shown.gapPercentage == "5")
    }
}

@Suite("Time in the guards")
struct GuardTimeTests {
    private let start = Timestamp(seconds: 1_767_607_200)

    @Test("Data is stale after three intervals, and never with manual")
    func freshness() {
        let everyTenSeconds = Freshness(interval: .seconds(10))

        #expect(!everyTenSeconds.isStale(start, at: start + .seconds(30)))
        #expect(everyTenSeconds.isStale(start, at: start + .seconds(30) + .microseconds(1)))
        #expect(everyTenSeconds.staleFrom(start) == start + .seconds(30) + .microseconds(1))
        #expect(!Freshness(interval: nil).isStale(start, at: start + .seconds(1_000_000)))
    }

    @Test(
        "Seconds left are rounded up, 0 when due, and change at the tick",
        arguments: [
            (left: 10_000_000, seconds: 10, tick: 1_000_000), (left: 9_999_999, seconds: 10, tick: 999_999),
            (left: 1_000_001, seconds: 2, tick: 1), (left: 1, seconds: 1, tick: 1), (left: 0, seconds: 0, tick: nil),
            (left: -5_000_000, seconds: 0, tick: nil),
        ] as [(left: Int64, seconds: Int64, tick: Int64?)])
    func countdown(left: Int64, seconds: Int64, tick: Int64?) {
        let countdown = Countdown(to: start + .microseconds(left), from: start)

        #expect(countdown.seconds == seconds)
        #expect(countdown.nextTick.map { $0.microseconds - start.microseconds } == tick)
    }
}

private func quote(
    bid: FixedDecimal? = nil, ask: FixedDecimal? = nil, open: FixedDecimal? = nil, previousClose: FixedDecimal? = nil
) -> Quote {
    Quote(
        symbol: "XAUUSD", bid: bid, ask: ask, open: open, previousClose: previousClose,
        time: Timestamp(seconds: 1_767_607_200))
}

extension MarketLimits {
    /// The defaults.
    static let usual = MarketLimits(priceGap: "5", spread: "0.5", act: .report)
}
