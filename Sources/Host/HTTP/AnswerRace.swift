import PluginAPI
import Synchronization

/// Waits for an answer no longer than until a deadline, even when whoever makes the answer does not notice cancellation.
///
/// The first of answer and time-out wins; the other is dropped.
final class AnswerRace: Sendable {
    /// Told of the answer, or of `nil` when the time-out came first.
    typealias Listener = @Sendable (OutgoingAnswer?) -> Void

    private struct State {
        /// `nil` before the race begins and once it is decided.
        var listener: Listener?
        var work: Task<Void, Never>?
        var deadline: Deadlines.Ticket?
        var isCancelled = false
    }

    private let state = Mutex(State())

    private init() {}

    /// The answer, or `nil` when `timeout` passed first. The work is cancelled then and finishes unheard.
    static func answer(
        within timeout: Duration,
        _ work: @escaping @Sendable () async -> OutgoingAnswer
    ) async -> OutgoingAnswer? {
        let race = AnswerRace()
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                race.begin(within: timeout, work) { continuation.resume(returning: $0) }
            }
        } onCancel: {
            race.cancel()
        }
    }

    /// Begins to work on an answer and tells a listener once, on whatever thread it comes to.
    static func begin(
        within timeout: Duration,
        _ work: @escaping @Sendable () async -> OutgoingAnswer,
        then listener: @escaping Listener
    ) {
        AnswerRace().begin(within: timeout, work, then: listener)
    }

    private func begin(
        within timeout: Duration,
        _ work: @escaping @Sendable () async -> OutgoingAnswer,
        then listener: @escaping Listener
    ) {
        state.withLock { $0.listener = listener }
        // Not awaited by name: it ends the race, which its listener waits for, or is cancelled by the time-out.
        let task = Task { decide(await work()) }
        let deadline = Deadlines.shared.begin(at: .now + timeout) {
            self.decide(nil)
            task.cancel()
        }
        started(task, deadline)
    }

    /// Asks the work to stop; what it answers then is the answer.
    private func cancel() {
        let work = state.withLock { state in
            state.isCancelled = true
            return state.work
        }
        work?.cancel()
    }

    private func started(_ work: Task<Void, Never>, _ deadline: Deadlines.Ticket) {
        let (isDecided, isCancelled) = state.withLock { state in
            state.work = work
            state.deadline = deadline
            return (state.listener == nil, state.isCancelled)
        }
        if isCancelled { work.cancel() }
        if isDecided { Deadlines.shared.end(deadline) }
    }

    private func decide(_ answer: OutgoingAnswer?) {
        let (listener, deadline) = state.withLock { state in
            defer { state.listener = nil }
            return (state.listener, state.deadline)
        }
        guard let listener else { return }
        if let deadline { Deadlines.shared.end(deadline) }
        listener(answer)
    }
}

extension Problem {
    static let tooSlow = Problem.unavailable("The answer took longer than the request time-out.")
}
