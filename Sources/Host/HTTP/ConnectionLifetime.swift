/// When a connection may be closed: idle, slow, or done while the host stops.
///
/// ```
///            head                 end + answered
///   idle ────────────► exchanging ───────────────► idle
///    │ timer, quiesce      │ quiesce: close after the answer
///    ▼                     ▼
///  closed                closing
/// ```
///
/// A value without clock or sockets: events in, what to do out.
struct ConnectionLifetime: Sendable, Equatable {
    enum Action: Sendable, Equatable {
        case none
        case close
        /// Stop the idle timer.
        case cancelIdleTimer
        /// Start the idle timer anew.
        case startIdleTimer
    }

    /// Requests whose head has been read and whose answer is not complete.
    private var exchanges = 0
    private(set) var isQuiescing = false

    mutating func opened() -> Action { .startIdleTimer }

    mutating func headRead() -> Action {
        exchanges += 1
        return .cancelIdleTimer
    }

    mutating func answerWritten() -> Action {
        exchanges = max(0, exchanges - 1)
        guard exchanges == 0 else { return .none }
        return isQuiescing ? .close : .startIdleTimer
    }

    mutating func idleTimerFired() -> Action { exchanges == 0 ? .close : .none }

    mutating func quiesce() -> Action {
        isQuiescing = true
        return exchanges == 0 ? .close : .none
    }
}
