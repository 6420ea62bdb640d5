/// Stops asking a Redis that does not answer in time, until it does again.
///
/// ```
///          failuresMax time-outs in a row
/// closed ─────────────────────────────────► open
///    ▲                                        │
///    └──── a probe answered within budget ────┘
/// ```
///
/// Probes are nobody's requests: while it is open, no request waits for Redis.
struct CircuitBreaker: Sendable, Equatable {
    static let failuresMax = 3

    /// Why Redis is not asked; `nil` while the breaker is closed.
    private(set) var reason: String?
    private var failures = 0

    /// Whether nothing is wrong, and nothing was since the last good answer.
    var isQuiet: Bool { reason == nil && failures == 0 }

    mutating func answered() { if reason == nil { failures = 0 } }

    mutating func timedOut(_ reason: String) {
        failures += 1
        if failures >= CircuitBreaker.failuresMax { self.reason = self.reason ?? reason }
    }

    mutating func probed(isInTime: Bool, _ reason: @autoclosure () -> String) {
        guard isInTime else { return timedOut(reason()) }
        self.reason = nil
        failures = 0
    }
}
