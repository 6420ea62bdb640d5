/// The time, so that tests can turn it.
public protocol HostClock: Sendable {
    /// The wall clock.
    var now: Timestamp { get }
}
