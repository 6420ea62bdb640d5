import PluginAPI
import Synchronization

/// Waits for an answer no longer than until a deadline, even when whoever makes the answer does not notice cancellation.
///
/// The first of answer and time-out wins; the other is dropped.
final class AnswerRace: Sendable {
    /// Told of the answer, or of `nil` when the time-out came first.
    typealias Listener = @Sendable (OutgoingAnswer?) -> Void

    private struct State {
        /// `nil` once it is decided.
        var listener: Listener?
        var work: Task<Void, Never>?
        var deadline: Deadlines.Ticket?
        var isCancelled = false
    }

    private let state: Mutex<State>

    private init(_ listener: @escaping Listener) {
        state = Mutex(State(listener: listener))
    }

    /// The answer, or `nil` when `timeout` passed first. The work is cancelled then and finishes unheard.
    static func answer(
        within timeout: Duration,
        _ work: @escaping @Sendable () async -> OutgoingAnswer
    ) async -> OutgoingAnswer? {
        let cancellation = RaceCancellation()
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                cancellation.covers(begin(within: timeout, work) { continuation.resume(returning: $0) })
            }
        } onCancel: {
            cancellation.cancel()
        }
    }

    /// Begins to work on an answer and tells a listener once, on whatever thread it comes to.
    @discardableResult
    static func begin(
        within timeout: Duration,
        _ work: @escaping @Sendable () async -> OutgoingAnswer,
        then listener: @escaping Listener
    ) -> AnswerRace {
        let race = AnswerRace(listener)
        // Not awaited by name: it ends the race, which its listener waits for, or is cancelled by the time-out.
        let task = Task { race.decide(await work()) }
        let deadline = Deadlines.shared.begin(at: .now + timeout) {
            race.decide(nil)
            task.cancel()
        }
        race.started(task, deadline)
        return race
    }

    /// Asks the work to stop; what it answers then is the answer.
    func cancel() {
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

/// Cancels a race that may not have begun yet.
private final class RaceCancellation: Sendable {
    private let state = Mutex<(race: AnswerRace?, isCancelled: Bool)>((nil, false))

    func covers(_ race: AnswerRace) {
        let isCancelled = state.withLock { state in
            state.race = race
            return state.isCancelled
        }
        if isCancelled { race.cancel() }
    }

    func cancel() {
        let race = state.withLock { state in
            state.isCancelled = true
            return state.race
        }
        race?.cancel()
    }
}

extension Problem {
    static let tooSlow = Problem.unavailable("The answer took longer than the request time-out.")
}
