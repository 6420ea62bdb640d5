import PluginAPI

/// What the guards count.
struct GuardMeters: Sendable {
    let drawdownTriggers: any Counter
    /// By reason; a close command counts here once its agent's confirmation is stored.
    let autoclosed: [String: any Counter]
    /// A position counts each time it is found to be open under a tripped guard with no command under way.
    let leftOpen: any Counter

    init(_ metrics: any Metrics) {
        drawdownTriggers = metrics.counter(
            "drawdown_guard_triggers_total", help: "How often the drawdown guard has tripped", labels: [])
        leftOpen = metrics.counter(
            "guard_positions_left_open_total",
            help: "Positions open under a tripped guard that no close command is under way for", labels: [])
        autoclosed = Dictionary(
            uniqueKeysWithValues: Self.reasons.map { reason in
                let counter = metrics.counter(
                    "positions_autoclosed_total", help: "Positions closed on a guard's command",
                    labels: [(name: "reason", value: reason)])
                return (reason, counter)
            })
    }

    private static let reasons = ["drawdown", "market_gap", "market_liquidity", "tp", "sl", "manual", "expiry"]
}
