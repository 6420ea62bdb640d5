import Synchronization

/// The call took longer than it was given. What it does later is ignored.
struct DeadlineExceeded: Error, Equatable {
    var limit: Duration
}

/// Runs `operation` and gives up waiting after `limit`, even when it does not react to cancellation.
///
/// A module that hangs must not hang the host, so this does not wait for a cancelled operation as a task group would.
func withDeadline<Result: Sendable>(
    _ limit: Duration,
    _ operation: @escaping @Sendable () async throws -> Result
) async throws -> Result {
    let race = Race<Result>()
    return try await withTaskCancellationHandler {
        try await withCheckedThrowingContinuation { continuation in
            race.begin(continuation)
            // Both tasks report to the race, which the continuation awaits; the loser is cancelled.
            let work = Task {
                do { race.finish(.success(try await operation())) } catch { race.finish(.failure(error)) }
            }
            let timer = Task {
                try await Task.sleep(for: limit)
                race.finish(.failure(DeadlineExceeded(limit: limit)))
            }
            race.onEnd {
                work.cancel()
                timer.cancel()
            }
        }
    } onCancel: {
        race.finish(.failure(CancellationError()))
    }
}

/// Resumes one continuation with whichever result comes first.
private final class Race<Success: Sendable>: Sendable {
    private struct State {
        var continuation: CheckedContinuation<Success, any Error>?
        var early: Result<Success, any Error>?
        var isOver = false
        var cleanUp: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())

    func begin(_ continuation: CheckedContinuation<Success, any Error>) {
        let early = state.withLock { state -> Result<Success, any Error>? in
            if state.early == nil { state.continuation = continuation }
            return state.early
        }
        if let early { continuation.resume(with: early) }
    }

    func finish(_ result: Result<Success, any Error>) {
        let (continuation, cleanUp) = state.withLock { state in
            if state.isOver { return (nil as CheckedContinuation<Success, any Error>?, nil as (@Sendable () -> Void)?) }
            state.isOver = true
            if state.continuation == nil { state.early = result }
            defer { state.continuation = nil }
            return (state.continuation, state.cleanUp)
        }
        continuation?.resume(with: result)
        cleanUp?()
    }

    func onEnd(_ cleanUp: @escaping @Sendable () -> Void) {
        let isOver = state.withLock { state in
            state.cleanUp = cleanUp
            return state.isOver
        }
        if isOver { cleanUp() }
    }
}
