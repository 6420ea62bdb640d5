import PluginAPI
import TradingBook

/// Counts runs as they are made, and lets the numbers of breaks follow. Every meter exists from the start.
struct RunMetrics: Sendable {
    private let runs: [String: any Counter]
    private let divergences: [String: any Counter]
    private let syncs: any Counter
    private let latency: any Histogram
    private let gauges: BreakGauges

    init(_ metrics: any Metrics, gauges: BreakGauges) {
        self.gauges = gauges
        runs = Dictionary(
            uniqueKeysWithValues: RunSummary.Verdict.allCases.map(\.rawValue).map { verdict in
                let labels = [(name: "verdict", value: verdict)]
                return (verdict, metrics.counter("recon_runs_total", help: "Runs by verdict", labels: labels))
            })
        divergences = Dictionary(
            uniqueKeysWithValues: BreakClass.divergenceReasons.map { reason in
                let counter = metrics.counter(
                    "reconciliation_divergences_total", help: "Breaks opened or reopened",
                    labels: [(name: "reason", value: reason)])
                return (reason, counter)
            })
        syncs = metrics.counter("mt5_position_sync_total", help: "Snapshots taken in, repeats left out", labels: [])
        latency = metrics.histogram(
            "reconciliation_latency_seconds", help: "From a snapshot's arrival to the end of its run", labels: [],
            buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10])
    }

    /// Called when a run is stored.
    ///
    /// - Parameters:
    ///   - opened: The `divergence_reason` of each break it opened or reopened.
    ///   - shift: What it changed about the numbers of breaks.
    func count(_ run: RunRecord, opened: [String], shift: BreakShift, isRepeat: Bool) {
        runs[run.verdict.rawValue]?.increment()
        count(opened: opened, shift: shift)
        if !isRepeat { syncs.increment() }
        latency.record(Double(run.durationMilliseconds) / 1_000)
    }

    /// Called when breaks have changed: with the `divergence_reason` of each that was opened or reopened.
    func count(opened reasons: [String], shift: BreakShift) {
        gauges.follow(shift)
        for reason in reasons { divergences[reason]?.increment() }
    }
}
