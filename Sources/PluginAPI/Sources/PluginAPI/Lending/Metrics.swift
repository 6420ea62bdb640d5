/// Makes the meters a module reports to. Ask once, in `init`, and keep what is returned: making one costs a look-up.
///
/// Label values come from small fixed sets; user and account IDs are never labels.
public protocol Metrics: Sendable {
    /// A counter of this name and these labels; asked for again, the same one.
    func counter(_ name: String, help: String, labels: [(name: String, value: String)]) -> any Counter
    /// A gauge of this name and these labels; asked for again, the same one.
    func gauge(_ name: String, help: String, labels: [(name: String, value: String)]) -> any Gauge
    /// A histogram of this name and these labels; asked for again, the same one.
    ///
    /// - Parameters:
    ///   - name: With its unit: `orders_seconds`.
    ///   - help: One sentence.
    ///   - labels: Their values for this histogram.
    ///   - buckets: Upper bounds in ascending order, without infinity.
    func histogram(
        _ name: String,
        help: String,
        labels: [(name: String, value: String)],
        buckets: [Double]
    ) -> any Histogram
}

/// A count that only grows.
public protocol Counter: Sendable {
    /// Adds to the count; never a negative amount.
    func increment(by amount: Int)
}

/// A figure that goes up and down.
public protocol Gauge: Sendable {
    /// Sets the figure.
    func set(_ value: Double)
}

/// A distribution, in seconds or bytes.
public protocol Histogram: Sendable {
    /// Adds one observation.
    func record(_ value: Double)
}

extension Counter {
    /// Adds one to the count.
    public func increment() { increment(by: 1) }
}
