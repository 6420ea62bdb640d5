import Synchronization

/// One call under way and everybody who waits for its outcome.
///
/// The call belongs to nobody who waits: a waiter that is cancelled leaves, the call goes on for the others and, when all
/// have left, still ends on its own, at its deadline at the latest. At the deadline it is cancelled and the waiters are
/// told; work that ignores cancellation ends unheard.
final class SharedCall<Success: Sendable>: Sendable {
    /// Told of the outcome, on whatever thread it comes to.
    typealias Listener = @Sendable (Result<Success, any Error>) -> Void

    private struct State {
        var outcome: Result<Success, any Error>?
        var waiters: [Int: Listener] = [:]
        /// Waiters cancelled before they had begun to wait.
        var gone: Set<Int> = []
        var waiterCount = 0
        /// Stops the work.
        var stop: (@Sendable () -> Void)?
        var deadline: Deadlines.Ticket?
    }

    private let state = Mutex(State())

    /// Begins. Called once, by whoever made the call.
    ///
    /// - Parameter whenOver: Runs before any waiter hears of the outcome.
    func start(
        deadline: ContinuousClock.Instant?,
        _ work: @escaping @Sendable () async throws -> Success,
        whenOver: @escaping @Sendable () -> Void = {}
    ) {
        start(deadline: deadline, whenOver: whenOver) { finish in Self.begin(work, then: finish) }
    }

    /// Begins work in a task of its own.
    ///
    /// - Returns: How it is stopped.
    static func begin(
        _ work: @escaping @Sendable () async throws -> Success, then finish: @escaping Listener
    ) -> @Sendable () -> Void {
        // Awaited through the outcome.
        let task = Task {
            let outcome: Result<Success, any Error>
            do { outcome = .success(try await work()) } catch { outcome = .failure(error) }
            finish(outcome)
        }
        return { task.cancel() }
    }

    /// Begins what tells of its outcome by itself. Called once, by whoever made the call.
    ///
    /// - Parameters:
    ///   - whenOver: Runs before any waiter hears of the outcome.
    ///   - begin: Begins the work, which tells of its outcome once. Returns how it is stopped; what has ended, it leaves.
    func start(
        deadline: ContinuousClock.Instant?,
        whenOver: @escaping @Sendable () -> Void = {},
        _ begin: (_ finish: @escaping Listener) -> @Sendable () -> Void
    ) {
        let stop = begin { outcome in
            whenOver()
            self.settle(outcome)
        }
        // Ends with the call: settling ends it.
        let ticket = deadline.map { deadline in
            Deadlines.shared.begin(at: deadline) {
                whenOver()
                self.settle(.failure(DeadlinePassed()))
            }
        }
        let isOver = state.withLock { state in
            guard state.outcome == nil else { return true }
            (state.stop, state.deadline) = (stop, ticket)
            return false
        }
        guard isOver else { return }
        if let ticket { Deadlines.shared.end(ticket) }
        stop()
    }

    /// Waits for the outcome, or until the waiting task is cancelled.
    func value() async throws -> Success {
        let id = state.withLock { state in
            state.waiterCount += 1
            return state.waiterCount
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                wait(id) { continuation.resume(with: $0) }
            }
        } onCancel: {
            leave(id)
        }
    }

    /// Tells a listener of the outcome, which it cannot leave: at once when there is one.
    func notify(_ listener: @escaping Listener) {
        let id = state.withLock { state in
            state.waiterCount += 1
            return state.waiterCount
        }
        wait(id, listener)
    }

    var waiters: Int { state.withLock { $0.waiters.count } }

    private func wait(_ id: Int, _ listener: @escaping Listener) {
        let outcome: Result<Success, any Error>? = state.withLock { state in
            if state.gone.remove(id) != nil { return .failure(CancellationError()) }
            if let outcome = state.outcome { return outcome }
            state.waiters[id] = listener
            return nil
        }
        if let outcome { listener(outcome) }
    }

    private func leave(_ id: Int) {
        let waiter = state.withLock { state in
            let waiter = state.waiters.removeValue(forKey: id)
            if waiter == nil, state.outcome == nil { state.gone.insert(id) }
            return waiter
        }
        waiter?(.failure(CancellationError()))
    }

    private func settle(_ outcome: Result<Success, any Error>) {
        let (waiters, stop, ticket) = state.withLock { state in
            guard state.outcome == nil else {
                return ([Listener](), nil as (@Sendable () -> Void)?, nil as Deadlines.Ticket?)
            }
            state.outcome = outcome
            defer { (state.waiters, state.stop) = ([:], nil) }
            return (Array(state.waiters.values), state.stop, state.deadline)
        }
        for waiter in waiters { waiter(outcome) }
        if let ticket { Deadlines.shared.end(ticket) }
        // Of no effect on work that has ended; what the deadline settles, it stops.
        stop?()
    }
}

/// A call took longer than it may.
struct DeadlinePassed: Error, Equatable {}
