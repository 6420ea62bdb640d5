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
/// Each trial that fails doubles the pause, up to ``pauseFactorMax`` times the configured one, until the module answers. What
/// endangers the host is tried after the longest pause only, because everybody pays for each trial.
/// What a module refuses in plain words is an answer. What storage does not give says nothing about the module.
struct CallBreaker: Sendable {
    /// How a call ended, as far as the module is to be judged by it.
    enum Verdict: Sendable, Equatable {
        case answered
        /// It threw, or it did not come back in time.
        case failed
        /// It took so much that a few of its kind end the whole host: one is enough.
        case endangering
        /// Storage, or whoever called, kept it from showing.
        case unknown

        var isFailure: Bool { self == .failed || self == .endangering }
    }

    /// Whether a call is let through.
    enum Admission: Sendable, Equatable {
        case admitted(isTrial: Bool)
        case refused(until: ContinuousClock.Instant)
    }

    private enum State: Equatable {
        case closed(failuresInRow: Int)
        case open(since: ContinuousClock.Instant)
        /// The next call is tried.
        case due
        case trying
    }

    static let pauseFactorMax = 16

    private var state = State.closed(failuresInRow: 0)
    /// 1, twice as much after each trial that failed, or at once the most.
    private var pauseFactor = 1

    var isClosed: Bool { if case .closed = state { true } else { false } }

    /// Whether a call is tried that the module has not answered.
    var isTrying: Bool { state == .trying }

    /// For how long the module is left alone from its last failure on.
    ///
    /// - Parameter pause: As configured now.
    private func wait(pause: Duration) -> Duration { pause * pauseFactor }

    /// - Parameter pause: As configured now: a shorter one brings the next trial forward.
    mutating func admit(at now: ContinuousClock.Instant, pause: Duration) -> Admission {
        switch state {
        case .closed: return .admitted(isTrial: false)
        case .open(let since) where now < since + wait(pause: pause):
            return .refused(until: since + wait(pause: pause))
        case .open, .due:
            state = .trying
            return .admitted(isTrial: true)
        // It may answer at any moment.
        case .trying: return .refused(until: now + pause)
        }
    }

    /// When the next call is tried; `nil` when one that came now would be let through.
    func refusal(at now: ContinuousClock.Instant, pause: Duration) -> ContinuousClock.Instant? {
        var asked = self
        guard case .refused(let until) = asked.admit(at: now, pause: pause) else { return nil }
        return until
    }

    /// - Parameter failuresMax: In a row; 0 for no end of them.
    mutating func settle(_ verdict: Verdict, isTrial: Bool, at now: ContinuousClock.Instant, failuresMax: Int) {
        switch (state, verdict) {
        case (_, .endangering) where failuresMax > 0:
            pauseFactor = Self.pauseFactorMax
            state = .open(since: now)
        case (.closed, .answered): close()
        case (.closed(let failures), .failed), (.closed(let failures), .endangering):
            let isOver = failuresMax > 0 && failures + 1 >= failuresMax
            state = isOver ? .open(since: now) : .closed(failuresInRow: failures + 1)
        case (.trying, .answered) where isTrial: close()
        case (.trying, .failed) where isTrial:
            pauseFactor = min(2 * pauseFactor, Self.pauseFactorMax)
            state = .open(since: now)
        // The next call is as good a trial.
        case (.trying, .unknown) where isTrial: state = .due
        // Of calls from before it opened.
        default: break
        }
    }

    /// Forgets what has failed.
    mutating func close() { self = CallBreaker() }
}
