import PluginAPI

/// The metrics that dashboards and alert rules rely on, there from the start, at zero where the labels are known.
///
/// Modules ask for theirs by the same names and get the same meters.
enum ContractMetrics {
    private struct Declaration {
        var name: String
        var kind: MetricFamily.Kind
        var help: String
        /// Every label set that is known in advance; an empty one for a metric without labels.
        var labels: [[(name: String, value: String)]] = []
        var buckets: [Double] = []
    }

    /// From a memory hit to the request time-out, in seconds.
    static let latencyBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
    /// From an indexed look-up to the longest statement, in seconds.
    static let storageBuckets = [
        0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5,
    ]

    private static let divergenceReasons = [
        "entry_slippage", "volume_mismatch", "tp_mismatch", "sl_mismatch", "partial_fill", "broker_closed", "unknown",
    ]
    private static let closeReasons = ["drawdown", "market_gap", "market_liquidity"]
    private static let verdicts = ["reconciled", "reconciled_with_pending", "breaks", "incomplete", "superseded"]
    private static let unlabelled: [[(name: String, value: String)]] = [[]]

    private static var declarations: [Declaration] {
        [
            Declaration(
                name: "request_duration_seconds", kind: .histogram,
                help: "Time from a request's head to its answer, by route template.", buckets: latencyBuckets),
            Declaration(
                name: "http_requests_in_progress", kind: .gauge,
                help: "Requests being answered now, beyond those answered at hand.",
                labels: unlabelled),
            Declaration(
                name: "errors_total", kind: .counter, help: "Answers with a status of 500 or more.", labels: unlabelled),
            Declaration(
                name: "pg_queries_total", kind: .counter, help: "Statements sent to PostgreSQL; 0 with other storage.",
                labels: unlabelled),
            Declaration(
                name: "redis_keys_total", kind: .untyped, help: "Keys in the Redis database; 0 without Redis.",
                labels: [[("db", "0")]]),
            Declaration(
                name: "mt5_position_sync_total", kind: .counter, help: "Broker snapshots stored, repeats not counted.",
                labels: unlabelled),
            Declaration(
                name: "reconciliation_divergences_total", kind: .counter, help: "Breaks opened, by reason.",
                labels: divergenceReasons.map { [("reason", $0)] }),
            Declaration(
                name: "drawdown_guard_triggers_total", kind: .counter, help: "Times the drawdown guard has tripped.",
                labels: unlabelled),
            Declaration(
                name: "positions_autoclosed_total", kind: .counter,
                help: "Positions closed on a guard's command, by reason.", labels: closeReasons.map { [("reason", $0)] }
            ),
            Declaration(
                name: "reconciliation_latency_seconds", kind: .histogram, help: "Time of one reconciliation run.",
                labels: unlabelled, buckets: latencyBuckets),
            Declaration(
                name: "cache_requests_total", kind: .counter, help: "Look-ups, by cache layer, operation and result."),
            Declaration(
                name: "storage_queries_total", kind: .counter, help: "Statements run, by storage backend."),
            Declaration(
                name: "storage_query_duration_seconds", kind: .histogram,
                help: "Time of one statement, waiting for a connection included.", labels: unlabelled,
                buckets: storageBuckets),
            Declaration(
                name: "storage_pool_connections", kind: .gauge, help: "Connections to storage, by state.",
                labels: [[("state", "idle")], [("state", "busy")]]),
            Declaration(
                name: "module_status", kind: .gauge, help: "1 for the status a module has now, 0 for the others."),
            Declaration(
                name: "module_calls_total", kind: .counter, help: "Calls into modules, by operation and outcome."),
            Declaration(name: "recon_breaks", kind: .gauge, help: "Breaks now, by class, severity and status."),
            Declaration(
                name: "recon_oldest_break_seconds", kind: .gauge, help: "Age of the oldest open break.",
                labels: unlabelled),
            Declaration(
                name: "recon_snapshot_age_seconds", kind: .gauge,
                help: "Age of the oldest among the accounts' newest snapshots.", labels: unlabelled),
            Declaration(
                name: "recon_runs_total", kind: .counter, help: "Reconciliation runs, by verdict.",
                labels: verdicts.map { [("verdict", $0)] }),
            Declaration(
                name: "config_generation", kind: .gauge, help: "Number of the configuration in use, from 1.",
                labels: unlabelled),
            Declaration(
                name: "config_reload_failures_total", kind: .counter,
                help: "Reloads that failed and kept the configuration in use.", labels: unlabelled),
        ]
    }

    /// Makes all of them known to `registry`, and the zeros visible.
    static func register(in registry: MetricsRegistry) {
        for declaration in declarations {
            registry.declare(
                declaration.name, help: declaration.help, kind: declaration.kind, buckets: declaration.buckets)
            for labels in declaration.labels { show(declaration, labels, in: registry) }
        }
    }

    private static func show(
        _ declaration: Declaration,
        _ labels: [(name: String, value: String)],
        in registry: MetricsRegistry
    ) {
        let (name, help) = (declaration.name, declaration.help)
        switch declaration.kind {
        case .counter: _ = registry.counter(name, help: help, labels: labels)
        case .gauge: _ = registry.gauge(name, help: help, labels: labels)
        case .fractionalCounter: _ = registry.fractionalCounter(name, help: help)
        case .untyped: _ = registry.untyped(name, help: help, labels: labels)
        case .histogram: _ = registry.histogram(name, help: help, labels: labels, buckets: declaration.buckets)
        }
    }
}
