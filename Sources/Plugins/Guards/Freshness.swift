import PluginAPI

/// How long an account's data is good for: three of its snapshot intervals, or for ever when snapshots come by hand.
struct Freshness: Sendable, Equatable {
    /// `nil` is `manual`.
    var interval: Duration?

    /// The first moment at which data of that time is too old; `nil` when it never is.
    func staleFrom(_ time: Timestamp) -> Timestamp? {
        interval.map { time + $0 * 3 + .microseconds(1) }
    }

    func isStale(_ time: Timestamp, at now: Timestamp) -> Bool {
        staleFrom(time).map { now >= $0 } ?? false
    }
}
