import PluginAPI

/// `storage_queries_total`, `storage_query_duration_seconds`, `pg_queries_total`, and a log entry for each slow statement.
struct StorageMeters: Sendable {
    private let queries: any Counter
    private let postgresQueries: any Counter
    private let durations: any Histogram
    private let logger: any PluginAPI.Logger
    private let slow: Duration

    /// - Parameters:
    ///   - backend: The storage module's ID.
    ///   - slow: Statements that take longer are logged, without their values.
    init(backend: String, metrics: any Metrics, logger: any PluginAPI.Logger, slow: Duration = .milliseconds(250)) {
        queries = metrics.counter(
            "storage_queries_total", help: "Statements run, by storage backend.", labels: [("backend", backend)])
        postgresQueries = metrics.counter(
            "pg_queries_total", help: "Statements sent to PostgreSQL; 0 with other storage.", labels: [])
        durations = metrics.histogram(
            "storage_query_duration_seconds", help: "Time of one statement, waiting for a connection included.",
            labels: [], buckets: ContractMetrics.storageBuckets)
        self.logger = logger
        self.slow = slow
    }

    func finished(_ sql: SQL, in dialect: SQLDialect, since start: ContinuousClock.Instant) {
        let duration = ContinuousClock.now - start
        queries.increment()
        if dialect == .postgres { postgresQueries.increment() }
        durations.record(duration.seconds)
        guard duration >= slow else { return }
        logger.warning(
            "slow statement", ["duration_ms": "\(duration.milliseconds)", "statement": Self.text(sql, in: dialect)])
    }

    /// The statement with `?` for every value: values are data and do not belong into logs.
    private static func text(_ sql: SQL, in dialect: SQLDialect) -> String {
        let text = sql.parts(for: dialect).map { part in
            switch part {
            case .text(let text): text
            case .value: "?"
            case .list: "?…"
            @unknown default: "?"
            }
        }
        return text.joined().split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }
}
