import NIOCore

/// When a connection may be closed: idle, slow, or done while the host stops.
///
/// ```
///            head                 end + answered
///   idle ────────────► exchanging ───────────────► idle
///    │ check, quiesce      │ quiesce: close after the answer
///    ▼                     ▼
///  closed                closing
/// ```
///
/// A value without clock or sockets: events in, what to do out. Idleness is looked at once in a while instead of timed
/// anew by each request; a check that finds the connection in use says when the next one is due, so that a connection is
/// closed when it has been idle for the time-out, not before and not later.
struct ConnectionLifetime: Sendable, Equatable {
    enum Action: Sendable, Equatable {
        case none
        case close
        /// Look again at this moment.
        case check(at: NIODeadline)
    }

    private let idleTimeout: TimeAmount
    /// The connection's start or the last answer.
    private var idleSince: NIODeadline
    /// Requests whose head has been read and whose answer is not complete.
    private var exchanges = 0
    /// An answer has said that it is the connection's last.
    private var hasSaidLast = false
    private(set) var isQuiescing = false

    init(idleTimeout: TimeAmount, openedAt now: NIODeadline) {
        self.idleTimeout = idleTimeout
        idleSince = now
    }

    /// When to look for the first time.
    var firstCheck: NIODeadline { idleSince + idleTimeout }

    /// Whether a request that comes now can be answered before anything else is.
    var isFree: Bool { exchanges == 0 && !hasSaidLast }

    mutating func headRead() { exchanges += 1 }

    mutating func headWritten(keepsAlive: Bool) {
        if !keepsAlive { hasSaidLast = true }
    }

    mutating func answerWritten(at now: NIODeadline) -> Action {
        exchanges = max(0, exchanges - 1)
        idleSince = now
        return exchanges == 0 && isQuiescing ? .close : .none
    }

    /// Requests were answered as soon as they were read.
    mutating func answeredAtHand(at now: NIODeadline) { idleSince = now }

    mutating func check(at now: NIODeadline) -> Action {
        // An exchange ends later than now, and idleness begins no earlier.
        guard exchanges == 0 else { return .check(at: now + idleTimeout) }
        let end = idleSince + idleTimeout
        return now >= end ? .close : .check(at: end)
    }

    mutating func quiesce() -> Action {
        isQuiescing = true
        return exchanges == 0 ? .close : .none
    }
}
