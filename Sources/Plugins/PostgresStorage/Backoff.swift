import Synchronization

/// How long nobody tries to connect after attempts that failed: 50 ms, doubled each time, 2 s at most. Meanwhile callers
/// are told at once what went wrong last.
final class Backoff: Sendable {
    private struct State {
        var failures = 0
        var reason = ""
        var until: ContinuousClock.Instant?
    }

    private let state = Mutex(State())

    /// Why the last attempt failed, while it is too early for the next.
    var refusal: String? {
        state.withLock { state in
            guard let until = state.until, ContinuousClock.now < until else { return nil }
            return state.reason
        }
    }

    func failed(_ reason: String) {
        state.withLock { state in
            let pause = min(.milliseconds(50 << min(state.failures, 6)), Duration.seconds(2))
            state = State(failures: state.failures + 1, reason: reason, until: .now + pause)
        }
    }

    func succeeded() { state.withLock { $0 = State() } }
}
