import Synchronization

/// Waits for an answer no longer than until a deadline, even when whoever makes the answer does not notice cancellation.
///
/// The first of answer and time-out wins; the other is dropped. State: waiting → decided.
final class AnswerRace: Sendable {
    private enum State {
        case running
        case waiting(CheckedContinuation<OutgoingAnswer?, Never>)
        case decided(OutgoingAnswer?)
    }

    private let state = Mutex<State>(.running)

    private init() {}

    /// The answer, or `nil` when `timeout` passed first. The work is cancelled then and finishes unheard.
    static func answer(
        within timeout: Duration,
        _ work: @escaping @Sendable () async -> OutgoingAnswer
    ) async -> OutgoingAnswer? {
        let race = AnswerRace()
        // Not awaited by name: it ends the race, which is awaited below, or is cancelled by the time-out.
        let task = Task { race.decide(await work()) }
        let deadline = Deadlines.shared.begin(at: .now + timeout) {
            race.decide(nil)
            task.cancel()
        }
        let answer = await withTaskCancellationHandler {
            await race.decision()
        } onCancel: {
            task.cancel()
        }
        Deadlines.shared.end(deadline)
        return answer
    }

    private func decide(_ answer: OutgoingAnswer?) {
        let waiter: CheckedContinuation<OutgoingAnswer?, Never>? = state.withLock { state in
            switch state {
            case .decided: return nil
            case .running:
                state = .decided(answer)
                return nil
            case .waiting(let continuation):
                state = .decided(answer)
                return continuation
            }
        }
        waiter?.resume(returning: answer)
    }

    private func decision() async -> OutgoingAnswer? {
        await withCheckedContinuation { continuation in
            let decided: OutgoingAnswer?? = state.withLock { state in
                if case .decided(let answer) = state { return .some(answer) }
                state = .waiting(continuation)
                return .none
            }
            if let decided { continuation.resume(returning: decided) }
        }
    }
}
