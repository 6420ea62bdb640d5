import PluginAPI

/// When the drawdown guard warns and trips, and what then.
struct DrawdownLimits: Sendable, Equatable {
    /// Percent below the peak from which on the guard warns.
    var warning: FixedDecimal
    /// Percent below the peak from which on it trips.
    var max: FixedDecimal
    /// It trips below this, in the account's currency.
    var minEquity: FixedDecimal
    /// From the trip to the moment positions are to be closed.
    var countdown: Duration
    var act: GuardAct
}

/// When the market guard raises an alert, and what then.
struct MarketLimits: Sendable, Equatable {
    /// Percent between the previous close and the open, either way.
    var priceGap: FixedDecimal
    /// Percent of the bid between bid and ask.
    var spread: FixedDecimal
    var act: GuardAct
}

extension DrawdownLimits {
    /// - Throws: ``ModuleError/misconfigured(key:detail:)`` when the guard would trip before it warns.
    init(_ section: ModuleConfiguration) throws(ModuleError) {
        self.init(
            warning: section.decimal("warning"), max: section.decimal("max"),
            minEquity: section.decimal("min_equity"), countdown: section.duration("countdown"),
            act: GuardAct(rawValue: section.text("act")) ?? .report)
        guard warning <= max else {
            throw .misconfigured(
                key: "drawdown.warning",
                detail: "is \(warning)%, above drawdown.max of \(max)%: the guard would trip before it warns")
        }
    }

    static let keys: [ConfigurationKey] = [
        ConfigurationKey(
            "warning", .percentage("0.0001"..."100"), default: "15%",
            "Drawdown from the peak at which the guard warns; at most max"),
        ConfigurationKey(
            "max", .percentage("0.0001"..."100"), default: "20%", "Drawdown from the peak at which the guard trips"),
        ConfigurationKey(
            "min_equity", .decimal("0"..."90000000000"), default: "100",
            "The guard trips below this equity, in the account's currency"),
        ConfigurationKey(
            "countdown", .duration(.zero ... .seconds(86_400)), default: "10s",
            "From the trip to the moment positions are to be closed"),
        ConfigurationKey(
            "act", .choice(["close", "report"]), default: "close",
            "close starts the countdown when the guard trips, report only shows it"),
    ]
}

extension MarketLimits {
    init(_ section: ModuleConfiguration) {
        self.init(
            priceGap: section.decimal("price_gap"), spread: section.decimal("spread"),
            act: GuardAct(rawValue: section.text("act")) ?? .report)
    }

    static let keys: [ConfigurationKey] = [
        ConfigurationKey(
            "price_gap", .percentage("0.0001"..."1000"), default: "5%",
            "Gap between previous close and open, either way, that is an alert; critical at twice as much"),
        ConfigurationKey(
            "spread", .percentage("0.0001"..."1000"), default: "0.5%",
            "Spread in percent of the bid that is an alert; critical at twice as much"),
        ConfigurationKey(
            "act", .choice(["report", "close"]), default: "report",
            "report shows alerts, close also records each as a trip and asks for positions to be closed"),
    ]
}
