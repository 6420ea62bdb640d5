/// Makes the meters a module reports to. Ask once, in `init`, and keep what is returned: making one costs a look-up.
///
/// Label values come from small fixed sets; user and account IDs are never labels.
public protocol Metrics: Sendable {
    func counter(_ name: String, help: String, labels: [(name: String, value: String)]) -> any Counter
    func gauge(_ name: String, help: String, labels: [(name: String, value: String)]) -> any Gauge
    /// - Parameter buckets: Upper bounds in ascending order, without infinity.
    func histogram(
        _ name: String,
        help: String,
        labels: [(name: String, value: String)],
        buckets: [Double]
    ) -> any Histogram
}

/// A count that only grows.
public protocol Counter: Sendable {
    func increment(by amount: Int)
}

/// A figure that goes up and down.
public protocol Gauge: Sendable {
    func set(_ value: Double)
}

/// A distribution, in seconds or bytes.
public protocol Histogram: Sendable {
    func record(_ value: Double)
}

extension Counter {
    public func increment() { increment(by: 1) }
}
