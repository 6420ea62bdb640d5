import PluginAPI
import Synchronization

/// `request_duration_seconds`, `http_requests_in_progress` and `errors_total`.
///
/// Routes are templates, methods and statuses come from small sets, so the table of series stays small whatever clients
/// send: unknown paths count as `unmatched`, unknown methods as `OTHER`.
final class RequestMeters: Sendable {
    private struct Series: Hashable, Sendable {
        var route: String
        var method: String
        var status: Int
    }

    private static let methods: Set<String> = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"]

    private let registry: MetricsRegistry
    private let inProgress: AtomicGauge
    private let errors: any Counter
    private let durations = Mutex<[Series: BucketHistogram]>([:])

    init(registry: MetricsRegistry) {
        self.registry = registry
        inProgress = registry.atomicGauge(
            "http_requests_in_progress", help: "Requests being answered now, beyond those answered at hand.")
        errors = registry.counter("errors_total", help: "Answers with a status of 500 or more.", labels: [])
    }

    func started() { inProgress.add(1) }

    func finished(route: String, method: String, status: Int, duration: Duration) {
        inProgress.add(-1)
        measured(route: route, method: method, status: status, duration: duration)
    }

    /// The same for what never was, or is no longer, in progress.
    func measured(route: String, method: String, status: Int, duration: Duration) {
        if status >= 500 { errors.increment() }
        histogram(route: route, method: method, status: status).record(duration.seconds)
    }

    /// What has ``started()`` was answered, and is measured by whoever answered it.
    func ended() { inProgress.add(-1) }

    /// The durations of a route's answers, looked up; made when there are none yet.
    func histogram(route: String, method: String, status: Int) -> BucketHistogram {
        let method = Self.methods.contains(method) ? method : "OTHER"
        let series = Series(route: route, method: method, status: status)
        return durations.withLock { durations in
            if let known = durations[series] { return known }
            let made = makeHistogram(series)
            durations[series] = made
            return made
        }
    }

    private func makeHistogram(_ series: Series) -> BucketHistogram {
        registry.bucketHistogram(
            "request_duration_seconds", help: "Time from a request's head to its answer, by route template.",
            labels: [("route", series.route), ("method", series.method), ("status", "\(series.status)")],
            buckets: ContractMetrics.latencyBuckets
        )
    }
}

extension Duration {
    /// As a floating-point number, for histograms.
    var seconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }

    /// Whole and thousandths of milliseconds, for logs and bodies.
    var milliseconds: FixedDecimal { FixedDecimal(units: Int128(wholeMicroseconds), scale: 3) }
}
