import Synchronization

/// Bounds how many calls into one module run at a time; the others wait in order, a bounded number of them.
final class CallLimiter: Sendable {
    private struct State {
        var running = 0
        var waiting: [(id: Int, continuation: CheckedContinuation<Void, any Error>)] = []
        var gone: Set<Int> = []
        var nextID = 0
    }

    private let state = Mutex(State())
    private let runningMax: Int
    private let waitingMax: Int

    init(runningMax: Int, waitingMax: Int) {
        self.runningMax = runningMax
        self.waitingMax = waitingMax
    }

    /// Runs `body` when it is its turn.
    ///
    /// - Throws: ``Overloaded`` at once when too many wait, `CancellationError`, or what `body` throws.
    func run<Result>(_ body: () async throws -> Result) async throws -> Result {
        try await enter()
        defer { leave() }
        return try await body()
    }

    private func enter() async throws {
        let id = state.withLock { state -> Int? in
            if state.running < runningMax {
                state.running += 1
                return nil
            }
            state.nextID += 1
            return state.nextID
        }
        guard let id else { return }
        // A cancellation that came when the turn had already been given leaves its mark behind.
        defer { state.withLock { _ = $0.gone.remove(id) } }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { queue(id, $0) }
        } onCancel: {
            giveUp(id)
        }
    }

    private func queue(_ id: Int, _ continuation: CheckedContinuation<Void, any Error>) {
        let outcome: Result<Void, any Error>? = state.withLock { state in
            if state.gone.contains(id) { return .failure(CancellationError()) }
            if state.running < runningMax {
                state.running += 1
                return .success(())
            }
            guard state.waiting.count < waitingMax else { return .failure(Overloaded()) }
            state.waiting.append((id, continuation))
            return nil
        }
        if let outcome { continuation.resume(with: outcome) }
    }

    /// Hands the turn on without ever letting it go, so that nobody can come in between.
    private func leave() {
        let next = state.withLock { state -> CheckedContinuation<Void, any Error>? in
            guard !state.waiting.isEmpty else {
                state.running -= 1
                return nil
            }
            return state.waiting.removeFirst().continuation
        }
        next?.resume()
    }

    private func giveUp(_ id: Int) {
        let waiter = state.withLock { state -> CheckedContinuation<Void, any Error>? in
            guard let index = state.waiting.firstIndex(where: { $0.id == id }) else {
                // Not queued yet, or given its turn already.
                state.gone.insert(id)
                return nil
            }
            return state.waiting.remove(at: index).continuation
        }
        waiter?.resume(throwing: CancellationError())
    }
}

/// More calls into a module are waiting than it may have.
struct Overloaded: Error, Equatable {}
