/// Writes metrics in the Prometheus text format 0.0.4.
struct MetricsText {
    static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    private(set) var bytes: [UInt8] = []

    init(_ families: [MetricFamily]) {
        bytes.reserveCapacity(16_384)
        for family in families { write(family) }
    }

    private mutating func write(_ family: MetricFamily) {
        line("# HELP \(family.name) \(Self.escaped(family.help, quotes: false))")
        line("# TYPE \(family.name) \(family.kind.word)")
        for (labels, meter) in family.series.sorted(by: { Self.precedes($0.key, $1.key) }) {
            let pairs = labels.all.map { "\($0.name)=\"\(Self.escaped($0.value, quotes: true))\"" }
            switch meter {
            case .counter(let counter): sample(family.name, pairs, "\(counter.value)")
            case .gauge(let gauge): sample(family.name, pairs, Self.number(gauge.value))
            case .histogram(let histogram): write(histogram, family.name, pairs)
            }
        }
    }

    /// Buckets are cumulative on the page; the last one is infinite and equals the count.
    private mutating func write(_ histogram: BucketHistogram, _ name: String, _ pairs: [String]) {
        let reading = histogram.reading
        var total = 0
        for (index, count) in reading.counts.enumerated() {
            total += count
            let bound = index < histogram.bounds.count ? Self.number(histogram.bounds[index]) : "+Inf"
            sample("\(name)_bucket", pairs + ["le=\"\(bound)\""], "\(total)")
        }
        sample("\(name)_sum", pairs, Self.number(reading.sum))
        sample("\(name)_count", pairs, "\(total)")
    }

    private mutating func sample(_ name: String, _ pairs: [String], _ value: String) {
        line(pairs.isEmpty ? "\(name) \(value)" : "\(name){\(pairs.joined(separator: ","))} \(value)")
    }

    private mutating func line(_ text: String) {
        bytes.append(contentsOf: text.utf8)
        bytes.append(UInt8(ascii: "\n"))
    }

    /// Whole numbers without a point, others in their shortest form.
    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        if let whole = Int64(exactly: value), whole.magnitude < 1_000_000_000_000_000 { return "\(whole)" }
        return "\(value)"
    }

    /// Backslash and line feed, and in label values quotes, are escaped; nothing else is.
    private static func escaped(_ text: String, quotes: Bool) -> String {
        var out: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\\"): out += [byte, byte]
            case UInt8(ascii: "\n"): out += Array("\\n".utf8)
            case UInt8(ascii: "\"") where quotes: out += [UInt8(ascii: "\\"), byte]
            default: out.append(byte)
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    private static func precedes(_ left: MetricLabels, _ right: MetricLabels) -> Bool {
        left.all.lexicographicallyPrecedes(right.all) { ($0.name, $0.value) < ($1.name, $1.value) }
    }
}
