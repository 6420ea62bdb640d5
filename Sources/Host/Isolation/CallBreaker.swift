/// Decides whether a module that keeps failing is called at all.
///
/// ```
///            failures in a row                  pause over: one call is tried
///   closed ────────────────────► open ────────────────────────────────────► trying
///      ▲                          ▲                                            │
///      └── it answers ────────────┼────────────────────────────────────────────┤
///                                 └── it fails, or nothing can be said ────────┘
/// ```
///
/// What a module refuses in plain words is an answer. What storage does not give says nothing about the module.
struct CallBreaker: Sendable {
    /// How a call ended, as far as the module is to be judged by it.
    enum Verdict: Sendable, Equatable {
        case answered
        /// It threw, it did not come back in time, or its reply was too large.
        case failed
        /// Storage, or whoever called, kept it from showing.
        case unknown
    }

    /// Whether a call is let through.
    enum Admission: Sendable, Equatable {
        case admitted(isTrial: Bool)
        case refused(until: ContinuousClock.Instant)
    }

    private enum State: Equatable {
        case closed(failuresInRow: Int)
        case open(until: ContinuousClock.Instant)
        case trying(since: ContinuousClock.Instant)
    }

    private var state = State.closed(failuresInRow: 0)

    var isClosed: Bool { if case .closed = state { true } else { false } }

    mutating func admit(at now: ContinuousClock.Instant, pause: Duration) -> Admission {
        switch state {
        case .closed: return .admitted(isTrial: false)
        case .open(let until) where now < until: return .refused(until: until)
        case .open:
            state = .trying(since: now)
            return .admitted(isTrial: true)
        case .trying: return .refused(until: now + pause)
        }
    }

    /// - Parameter failuresMax: In a row; 0 for no end of them.
    mutating func settle(
        _ verdict: Verdict, isTrial: Bool, at now: ContinuousClock.Instant, failuresMax: Int, pause: Duration
    ) {
        switch (state, verdict) {
        case (.closed, .answered): state = .closed(failuresInRow: 0)
        case (.closed(let failures), .failed):
            let isOver = failuresMax > 0 && failures + 1 >= failuresMax
            state = isOver ? .open(until: now + pause) : .closed(failuresInRow: failures + 1)
        case (.trying, .answered) where isTrial: state = .closed(failuresInRow: 0)
        case (.trying, .failed) where isTrial: state = .open(until: now + pause)
        // The next call is as good a trial.
        case (.trying, .unknown) where isTrial: state = .open(until: now)
        // Of calls from before it opened.
        default: break
        }
    }
}
