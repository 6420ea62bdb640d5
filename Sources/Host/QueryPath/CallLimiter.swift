import Synchronization

/// Bounds how many calls into one module run at a time; the others wait in order, a bounded number of them.
final class CallLimiter: Sendable {
    private struct State {
        var running = 0
        var waiting = WaitingLine<CheckedContinuation<Void, any Error>>()
        var gone: Set<Int> = []
        var nextID = 0
        var runningMax: Int
        var waitingMax: Int

        /// Whoever waits has the next place that becomes free: while one is, nobody does.
        mutating func enterAtOnce() -> Bool {
            guard running < runningMax else { return false }
            running += 1
            return true
        }

        /// Those whose turn it is now that there may be more of them.
        mutating func turns() -> [CheckedContinuation<Void, any Error>] {
            var turns: [CheckedContinuation<Void, any Error>] = []
            while running < runningMax, let next = waiting.removeFirst() {
                turns.append(next)
                running += 1
            }
            return turns
        }
    }

    private let state: Mutex<State>
    private let count: CallCount?

    /// - Parameter count: Told of those who wait.
    init(runningMax: Int, waitingMax: Int, counting count: CallCount? = nil) {
        state = Mutex(State(runningMax: runningMax, waitingMax: waitingMax))
        self.count = count
    }

    /// Whether no place is free.
    var isCrowded: Bool { state.withLock { $0.running >= $0.runningMax } }

    /// Whether neither a place is free nor one to wait at.
    var isFull: Bool { state.withLock { $0.running >= $0.runningMax && $0.waiting.count >= $0.waitingMax } }

    /// Those who wait for a place.
    var waiting: Int { state.withLock { $0.waiting.count } }

    /// From now on other bounds hold; what runs and waits stays.
    func resize(runningMax: Int, waitingMax: Int) {
        let turns = state.withLock { state in
            (state.runningMax, state.waitingMax) = (runningMax, waitingMax)
            return state.turns()
        }
        for turn in turns { turn.resume() }
    }

    /// Sends away all who wait for their turn.
    func refuseWaiting(_ refusal: some Error) {
        let waiting = state.withLock { state in
            state.waiting.removeAll()
        }
        for waiter in waiting { waiter.resume(throwing: refusal) }
    }

    /// Runs `body` when it is its turn.
    ///
    /// - Parameter refusal: Asked before a wait, so that nobody begins one after ``refuseWaiting(_:)`` for the same reason.
    ///   Called under the lock.
    /// - Throws: ``Overloaded`` at once when too many wait, the refusal, `CancellationError`, or what `body` throws.
    func run<Result>(
        unless refusal: () -> (any Error)? = { nil }, _ body: () async throws -> Result
    ) async throws -> Result {
        try await enter(refusal)
        defer { leave() }
        return try await body()
    }

    /// Takes a place if one is free. ``leave()`` gives it back.
    func enterAtOnce() -> Bool { state.withLock { $0.enterAtOnce() } }

    private func enter(_ refusal: () -> (any Error)?) async throws {
        let id = state.withLock { state -> Int? in
            if state.enterAtOnce() { return nil }
            state.nextID += 1
            return state.nextID
        }
        guard let id else { return }
        count?.change(by: 1)
        defer { count?.change(by: -1) }
        // A cancellation that came when the turn had already been given leaves its mark behind.
        defer { state.withLock { _ = $0.gone.remove(id) } }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { queue(id, $0, refusal) }
        } onCancel: {
            giveUp(id)
        }
    }

    private func queue(
        _ id: Int, _ continuation: CheckedContinuation<Void, any Error>, _ refusal: () -> (any Error)?
    ) {
        let outcome: Result<Void, any Error>? = state.withLock { state in
            if state.gone.contains(id) { return .failure(CancellationError()) }
            if state.enterAtOnce() { return .success(()) }
            if let refusal = refusal() { return .failure(refusal) }
            guard state.waiting.count < state.waitingMax else { return .failure(Overloaded()) }
            state.waiting.append(continuation, as: id)
            return nil
        }
        if let outcome { continuation.resume(with: outcome) }
    }

    /// Hands the turn on in the same step, so that nobody can come in between.
    func leave() {
        let turns = state.withLock { state in
            state.running -= 1
            return state.turns()
        }
        for turn in turns { turn.resume() }
    }

    private func giveUp(_ id: Int) {
        let waiter = state.withLock { state -> CheckedContinuation<Void, any Error>? in
            let waiter = state.waiting.remove(id)
            // Not queued yet, or given its turn already.
            if waiter == nil { state.gone.insert(id) }
            return waiter
        }
        waiter?.resume(throwing: CancellationError())
    }
}

/// More calls into a module are waiting than it may have.
struct Overloaded: Error, Equatable {}
