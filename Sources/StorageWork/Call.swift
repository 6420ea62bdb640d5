package import PluginAPI
import Synchronization

/// Something that may be over before the statement that runs for it: asked while the statement runs.
package protocol Interruptible: AnyObject, Sendable {
    /// The deadline has passed or the caller has gone.
    var isOver: Bool { get }
}

/// A caller waiting for an answer from another thread. It gets exactly one.
///
/// ```
/// created ──wait──► queued ──begin──► running ──finish──► answered
///    └──cancel──► cancelled  └──cancel──► answered (timed out)
/// ```
/// A cancellation while running only raises ``isOver``: the thread interrupts the statement and answers.
package final class Call<Answer: Sendable>: Interruptible {
    private enum State {
        case created
        case cancelled
        case queued(CheckedContinuation<Answer, Never>)
        case running(CheckedContinuation<Answer, Never>)
        case answered
    }

    private let deadline: ContinuousClock.Instant?
    private let refusal: @Sendable (StorageError) -> Answer
    private let isCancelled = Atomic(false)
    private let state = Mutex(State.created)

    /// - Parameter refusal: The answer that says a call was not carried out.
    package init(deadline: ContinuousClock.Instant?, refusal: @escaping @Sendable (StorageError) -> Answer) {
        self.deadline = deadline
        self.refusal = refusal
    }

    package var isOver: Bool {
        if isCancelled.load(ordering: .relaxed) { return true }
        guard let deadline else { return false }
        return ContinuousClock.now >= deadline
    }

    /// Queues the call by `submit`, which says why if it cannot, and waits for the answer.
    package func answer(submit: () -> StorageError?) async -> Answer {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                guard enqueue(continuation) else { return continuation.resume(returning: refusal(.timedOut)) }
                if let reason = submit() { refuse(reason) }
            }
        } onCancel: {
            cancel()
        }
    }

    /// Called by the thread before it works. - Returns: `false` when nobody waits any more; the call is answered then.
    package func begin() -> Bool {
        let isTooLate = isOver
        let isRunning = state.withLock { state in
            guard case .queued(let continuation) = state, !isTooLate else { return false }
            state = .running(continuation)
            return true
        }
        if !isRunning { refuse(.timedOut) }
        return isRunning
    }

    /// Gives the answer; a second one is ignored.
    package func finish(_ answer: Answer) {
        let waiting: CheckedContinuation<Answer, Never>? = state.withLock { state in
            switch state {
            case .queued(let continuation), .running(let continuation):
                state = .answered
                return continuation
            case .created, .cancelled, .answered:
                return nil
            }
        }
        waiting?.resume(returning: answer)
    }

    package func refuse(_ error: StorageError) { finish(refusal(error)) }

    private func enqueue(_ continuation: CheckedContinuation<Answer, Never>) -> Bool {
        state.withLock { state in
            guard case .created = state else { return false }
            state = .queued(continuation)
            return true
        }
    }

    /// A queued call is answered at once; a running one by its thread, which sees ``isOver``.
    private func cancel() {
        isCancelled.store(true, ordering: .relaxed)
        let waiting: CheckedContinuation<Answer, Never>? = state.withLock { state in
            switch state {
            case .created:
                state = .cancelled
                return nil
            case .queued(let continuation):
                state = .answered
                return continuation
            case .cancelled, .running, .answered:
                return nil
            }
        }
        waiting?.resume(returning: refusal(.timedOut))
    }
}
