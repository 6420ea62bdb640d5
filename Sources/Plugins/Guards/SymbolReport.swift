import PluginAPI
import TradingBook

/// What the market guard has to say about one symbol of one account at one moment.
struct SymbolReport: Sendable {
    let account: String
    let quote: Quote
    /// Decimals of its prices.
    let digits: Int
    /// Empty while the quote is too old or too poor to be judged.
    let alerts: [Alert]
    let state: State
    /// The first moment at which the quote is too old, if that lies ahead.
    let staleFrom: Timestamp?

    /// A condition and since when it has been there, by the quotes' own times.
    struct Alert: Sendable {
        var condition: MarketCondition
        var detectedAt: Timestamp
    }

    enum State: String, Sendable, CaseIterable {
        case ok, warning, critical, unknown
    }

    /// From a row of `accounts` joined with `guard_symbols` and `quotes`; `nil` for an account without such.
    init?(_ row: Row, judgedBy marketGuard: MarketGuard, at now: Timestamp) {
        guard let account = row.text("account_id"), let quote = Quote(row) else { return nil }
        self.account = account
        self.quote = quote
        digits = Int(row.integer("quote_digits") ?? 0)
        let staleFrom = row.freshness.staleFrom(quote.time)
        let isStale = staleFrom.map { now >= $0 } ?? false
        self.staleFrom = isStale ? nil : staleFrom
        let canJudge = !isStale && marketGuard.canJudge(quote)
        let since = DetectionTimes(row)
        alerts = (canJudge ? marketGuard.conditions(of: quote) : []).map { condition in
            Alert(condition: condition, detectedAt: since[condition.kind] ?? quote.time)
        }
        state = canJudge ? Self.state(of: alerts) : .unknown
    }

    private static func state(of alerts: [Alert]) -> State {
        if alerts.isEmpty { return .ok }
        return alerts.contains { $0.condition.severity == .critical } ? .critical : .warning
    }

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("account_id", account)
            json.field("symbol", quote.instrument)
            json.field("state", state.rawValue)
            json.field("quote_time", quote.time)
        }
    }

    func write(_ alert: Alert, act: GuardAct, to json: inout JSONWriter) {
        json.object { json in
            json.field("account_id", account)
            json.field("symbol", quote.instrument)
            json.field("condition_type", alert.condition.kind.rawValue)
            json.field("alert_type", alert.condition.severity.rawValue)
            json.field("price_gap_pct", quote.gapPercentage, digits: 2)
            json.field("bid_ask_spread_pct", quote.spreadPercentage, digits: 2)
            json.field("open_price", quote.open, digits: digits)
            json.field("close_price", quote.previousClose, digits: digits)
            json.field("bid", quote.bid, digits: digits)
            json.field("ask", quote.ask, digits: digits)
            json.field("should_close_positions", act == .close)
            json.field("detected_at", alert.detectedAt)
        }
    }

    static let schema: Schema = .object([
        "account_id": .text, "symbol": .text, "state": .choice(State.allCases.map(\.rawValue)),
        "quote_time": .timestamp,
    ])

    static let alertSchema: Schema = .object([
        "account_id": .text, "symbol": .text,
        "condition_type": .choice(MarketCondition.Kind.allCases.map(\.rawValue)),
        "alert_type": .choice(["warning", "critical"]), "price_gap_pct": .optional(.decimal),
        "bid_ask_spread_pct": .optional(.decimal), "open_price": .optional(.decimal),
        "close_price": .optional(.decimal), "bid": .optional(.decimal), "ask": .optional(.decimal),
        "should_close_positions": .boolean, "detected_at": .timestamp,
    ])
}
