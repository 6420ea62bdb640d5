import PluginAPI

/// All series of one metric name.
struct MetricFamily: Sendable {
    enum Kind: Sendable {
        case counter, gauge, histogram
        /// A counter of seconds, kept in a gauge.
        case fractionalCounter
        /// For a name that ends like a counter and is none.
        case untyped

        /// What the `TYPE` line says.
        var word: String {
            switch self {
            case .counter, .fractionalCounter: "counter"
            case .gauge: "gauge"
            case .histogram: "histogram"
            case .untyped: "untyped"
            }
        }
    }

    enum Meter: Sendable {
        case counter(AtomicCounter)
        case gauge(AtomicGauge)
        case histogram(BucketHistogram)
    }

    let name: String
    let help: String
    let kind: Kind
    /// Bounds of every series of a histogram.
    let buckets: [Double]
    private(set) var series: [MetricLabels: Meter] = [:]

    init(name: String, help: String, kind: Kind, buckets: [Double] = []) {
        self.name = name
        self.help = help
        self.kind = kind
        self.buckets = buckets
    }

    /// The series with these labels, made at zero when there is none yet.
    mutating func meter(_ labels: MetricLabels) -> Meter {
        if let meter = series[labels] { return meter }
        let meter: Meter =
            switch kind {
            case .counter: .counter(AtomicCounter())
            case .gauge, .untyped, .fractionalCounter: .gauge(AtomicGauge())
            case .histogram: .histogram(BucketHistogram(bounds: buckets))
            }
        series[labels] = meter
        return meter
    }

    /// Shows the series with these labels no more; whoever still has its meter counts for nobody.
    mutating func remove(_ labels: MetricLabels) { series[labels] = nil }
}

/// A series' labels, sorted by name, so that the order they are given in makes no difference.
struct MetricLabels: Sendable, Hashable {
    struct Label: Sendable, Hashable {
        var name: String
        var value: String
    }

    let all: [Label]

    /// - Precondition: Names are `[a-zA-Z_][a-zA-Z0-9_]*` and differ.
    init(_ labels: [(name: String, value: String)]) {
        all = labels.map { Label(name: $0.name, value: $0.value) }.sorted { $0.name < $1.name }
        precondition(
            all.allSatisfy { MetricName.isLabel($0.name) }, "a label's name is letters, digits and underscores")
        precondition(Set(all.map(\.name)).count == all.count, "a label is named twice")
    }
}

/// The rules of Prometheus for names.
enum MetricName {
    static func isMetric(_ name: String) -> Bool { isName(name, colon: true) }
    static func isLabel(_ name: String) -> Bool { isName(name, colon: false) && !name.hasPrefix("__") }

    private static func isName(_ name: String, colon: Bool) -> Bool {
        guard let first = name.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else {
            return false
        }
        return name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
                true
            case UInt8(ascii: ":"): colon
            default: false
            }
        }
    }
}
