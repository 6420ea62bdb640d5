import PluginAPI

/// What the drawdown guard has to say about one account at one moment.
struct DrawdownReport: Sendable {
    /// `nil` for a user without accounts.
    let account: String?
    /// Decimals of the account's currency.
    let currencyDigits: Int
    /// What clients are told: `unknown` while the source is stale, whatever was found before.
    let state: GuardState
    let figures: DrawdownGuard
    let lastCheckedAt: Timestamp?
    /// How many positions are open under a latched trip whose countdown is over, with no close command under way.
    let positionsLeftOpen: Int64
    /// The first moment at which the source is stale, if that lies ahead.
    let staleFrom: Timestamp?

    /// From a row of `accounts` joined with `guard_states`.
    init(_ row: Row, at now: Timestamp) {
        account = row.text("account_id")
        currencyDigits = Int(row.integer("currency_digits") ?? 0)
        figures = DrawdownGuard(row)
        lastCheckedAt = row.timestamp("last_checked_at")
        positionsLeftOpen = row.integer("left_open") ?? 0
        let staleFrom = row.timestamp("current_as_of").flatMap(row.freshness.staleFrom)
        let isStale = staleFrom.map { now >= $0 } ?? false
        state = isStale ? .unknown : figures.state
        self.staleFrom = isStale ? nil : staleFrom
    }

    /// For a user without accounts: nothing is known.
    private init() {
        (account, currencyDigits, figures, lastCheckedAt, staleFrom) = (nil, 0, DrawdownGuard(), nil, nil)
        positionsLeftOpen = 0
        state = .unknown
    }

    /// The account that stands for all: by state, then the larger drawdown, then ID.
    static func worst(of reports: [DrawdownReport]) -> DrawdownReport {
        reports.min { left, right in
            if left.state != right.state { return left.state.precedence > right.state.precedence }
            let (leftDrawdown, rightDrawdown) = (left.exactDrawdown, right.exactDrawdown)
            if leftDrawdown != rightDrawdown { return leftDrawdown > rightDrawdown }
            return (left.account ?? "") < (right.account ?? "")
        } ?? DrawdownReport()
    }

    /// Whether positions are to be closed: a trip stays latched while its source is stale.
    var shouldCloseAll: Bool { figures.trip != nil }

    /// When time alone changes ``write(for:limits:at:to:)``: the source goes stale, or another second has passed.
    func nextChange(after now: Timestamp) -> Timestamp? {
        [staleFrom, countdown(at: now)?.nextTick].compactMap { $0 }.min()
    }

    func write(for user: String, limits: DrawdownLimits, at now: Timestamp, to json: inout JSONWriter) {
        json.field("user_id", user)
        json.field("account_id", account)
        json.field("state", state.rawValue)
        json.field("current_equity", figures.equity?.amount, digits: currencyDigits)
        json.field("peak_equity", figures.peak?.amount, digits: currencyDigits)
        json.field("current_drawdown_pct", figures.drawdown(digits: 2), digits: 2)
        json.field("alert_type", state.alertType)
        json.field("alert_threshold_pct", limits.max, digits: 2)
        json.field("should_close_all", shouldCloseAll)
        json.field("time_to_liquidation_seconds", countdown(at: now)?.seconds)
        json.field("liquidation_at", figures.trip?.liquidationAt)
        json.field("last_checked_at", lastCheckedAt)
        json.field("equity_as_of", figures.equity?.at)
        json.field("positions_left_open", positionsLeftOpen)
    }

    static let schema: Schema = .object([
        "user_id": .text, "account_id": .optional(.text), "state": .choice(GuardState.allCases.map(\.rawValue)),
        "current_equity": .optional(.decimal), "peak_equity": .optional(.decimal),
        "current_drawdown_pct": .optional(.decimal), "alert_type": .choice(["normal", "warning", "critical"]),
        "alert_threshold_pct": .decimal, "should_close_all": .boolean,
        "time_to_liquidation_seconds": .optional(.integer), "liquidation_at": .optional(.timestamp),
        "last_checked_at": .optional(.timestamp), "equity_as_of": .optional(.timestamp),
        "positions_left_open": .integer,
    ])

    /// Finer than what is shown, so that two accounts are told apart that look alike; below zero when nothing is known.
    private var exactDrawdown: FixedDecimal { figures.drawdown(digits: 12) ?? FixedDecimal(-1) }

    private func countdown(at now: Timestamp) -> Countdown? {
        figures.trip?.liquidationAt.map { Countdown(to: $0, from: now) }
    }
}

extension Row {
    /// How long data of the row's account is good for.
    var freshness: Freshness {
        Freshness(interval: integer("snapshot_interval").map { .microseconds($0) })
    }
}
