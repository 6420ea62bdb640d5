import PluginAPI
import Synchronization

/// Every meter of the process; what modules are lent as `Metrics`, and what `GET /metrics` shows.
///
/// Asking twice for the same name and labels gives the same meter. The first to name a metric decides its help, type and
/// buckets; who asks for it as another type gets a meter that works and is not shown, because two types under one name
/// would make the whole page unreadable to Prometheus.
final class MetricsRegistry: Metrics {
    private let families = Mutex<[String: MetricFamily]>([:])
    private let collectors = Mutex<[String: @Sendable () -> Void]>([:])

    init() {}

    func counter(_ name: String, help: String, labels: [(name: String, value: String)]) -> any Counter {
        if case .counter(let counter) = meter(name, help, .counter, labels) { return counter }
        return AtomicCounter()
    }

    /// Modules know no untyped figures: one that was declared as such is a gauge to them.
    func gauge(_ name: String, help: String, labels: [(name: String, value: String)]) -> any Gauge {
        let isUntyped = families.withLock { $0[name]?.kind == .untyped }
        if isUntyped { return untyped(name, help: help, labels: labels) }
        return atomicGauge(name, help: help, labels: labels)
    }

    func histogram(
        _ name: String,
        help: String,
        labels: [(name: String, value: String)],
        buckets: [Double]
    ) -> any Histogram {
        bucketHistogram(name, help: help, labels: labels, buckets: buckets)
    }

    /// The same, for those who know what histograms are made of here.
    func bucketHistogram(
        _ name: String,
        help: String,
        labels: [(name: String, value: String)],
        buckets: [Double]
    ) -> BucketHistogram {
        if case .histogram(let histogram) = meter(name, help, .histogram, labels, buckets: buckets) { return histogram }
        return BucketHistogram(bounds: buckets)
    }

    /// A gauge that can also be added to.
    func atomicGauge(_ name: String, help: String, labels: [(name: String, value: String)] = []) -> AtomicGauge {
        if case .gauge(let gauge) = meter(name, help, .gauge, labels) { return gauge }
        return AtomicGauge()
    }

    /// A count with a fraction, such as seconds, that somebody else keeps; the caller sets it and never lowers it.
    func fractionalCounter(_ name: String, help: String) -> AtomicGauge {
        if case .gauge(let gauge) = meter(name, help, .fractionalCounter, []) { return gauge }
        return AtomicGauge()
    }

    /// A figure whose name ends in `_total` although it can fall; shown without a type.
    func untyped(_ name: String, help: String, labels: [(name: String, value: String)]) -> any Gauge {
        if case .gauge(let gauge) = meter(name, help, .untyped, labels) { return gauge }
        return AtomicGauge()
    }

    /// Makes the name, help and type known before there is a series.
    func declare(_ name: String, help: String, kind: MetricFamily.Kind, buckets: [Double] = []) {
        families.withLock { families in
            guard families[name] == nil else { return }
            families[name] = Self.family(name, help, kind, buckets)
        }
    }

    /// Shows a series no more: what it is about is gone, and its last figure would stand for ever.
    func remove(_ name: String, labels: [(name: String, value: String)]) {
        let labels = MetricLabels(labels)
        families.withLock { $0[name]?.remove(labels) }
    }

    /// Runs `collect` before each exposition, for figures that are read and not counted.
    ///
    /// - Parameter subject: What the figures are about; who comes later with the same one takes its place.
    func onCollection(of subject: String, _ collect: @escaping @Sendable () -> Void) {
        collectors.withLock { $0[subject] = collect }
    }

    /// Everything as it stands, by name.
    func snapshot() -> [MetricFamily] {
        for collect in collectors.withLock({ Array($0.values) }) { collect() }
        return families.withLock { Array($0.values) }.sorted { $0.name < $1.name }
    }

    private func meter(
        _ name: String,
        _ help: String,
        _ kind: MetricFamily.Kind,
        _ labels: [(name: String, value: String)],
        buckets: [Double] = []
    ) -> MetricFamily.Meter? {
        let labels = MetricLabels(labels)
        return families.withLock { families in
            var family = families.removeValue(forKey: name) ?? Self.family(name, help, kind, buckets)
            defer { families[name] = family }
            return family.kind == kind ? family.meter(labels) : nil
        }
    }

    private static func family(
        _ name: String,
        _ help: String,
        _ kind: MetricFamily.Kind,
        _ buckets: [Double]
    ) -> MetricFamily {
        precondition(MetricName.isMetric(name), "a metric's name is letters, digits, underscores and colons")
        precondition(
            zip(buckets, buckets.dropFirst()).allSatisfy { $0 < $1 } && buckets.allSatisfy(\.isFinite),
            "bucket bounds ascend and are finite"
        )
        return MetricFamily(name: name, help: help, kind: kind, buckets: buckets)
    }
}
