import PluginAPI
import TradingBook

/// Judges one quote: has the price jumped over night, has the market run dry?
struct MarketGuard: Sendable {
    let limits: MarketLimits

    /// Everything wrong with a quote's prices, gap first.
    func conditions(of quote: Quote) -> [MarketCondition] {
        [
            condition(.priceGap, quote.gap, of: quote.previousClose, limit: limits.priceGap),
            condition(.liquidityCrisis, quote.spread, of: quote.bid, limit: limits.spread),
        ].compactMap { $0 }
    }

    /// Whether a quote has prices that can be judged.
    func canJudge(_ quote: Quote) -> Bool {
        quote.gap != nil || quote.spread != nil
    }

    private func condition(
        _ kind: MarketCondition.Kind,
        _ distance: FixedDecimal?,
        of base: FixedDecimal?,
        limit: FixedDecimal
    ) -> MarketCondition? {
        guard let distance, let base, distance.isAtLeast(limit, percentOf: base) else { return nil }
        let isCritical = distance.isAtLeast(limit + limit, percentOf: base)
        return MarketCondition(kind: kind, severity: isCritical ? .critical : .warning)
    }
}

/// A finding about one symbol.
struct MarketCondition: Sendable, Equatable {
    var kind: Kind
    var severity: Severity

    enum Kind: String, Sendable, CaseIterable {
        case priceGap = "price_gap"
        case liquidityCrisis = "liquidity_crisis"

        /// What a position that is closed for it is said to be closed for.
        var closeReason: ReportedClosing.Reason {
            switch self {
            case .priceGap: .marketGap
            case .liquidityCrisis: .marketLiquidity
            }
        }
    }

    enum Severity: String, Sendable {
        case warning
        /// At least twice the limit.
        case critical
    }
}

extension Quote {
    /// Between previous close and open, without sign; `nil` when one of them is unknown.
    var gap: FixedDecimal? {
        guard let open, let previousClose, previousClose > .zero else { return nil }
        return (open - previousClose).magnitude
    }

    /// Between bid and ask; `nil` when one is unknown or they are crossed, which is no price.
    var spread: FixedDecimal? {
        guard let bid, let ask, bid > .zero, ask >= bid else { return nil }
        return ask - bid
    }

    var gapPercentage: FixedDecimal? {
        guard let gap, let previousClose else { return nil }
        return gap.percentage(of: previousClose)
    }

    var spreadPercentage: FixedDecimal? {
        guard let spread, let bid else { return nil }
        return spread.percentage(of: bid)
    }
}
