import Synchronization

/// Lets in one at a time, in the order in which they come.
final class Turnstile: Sendable {
    private struct Waiter {
        var ticket: UInt64
        /// Told whether they are let in.
        var continuation: CheckedContinuation<Bool, Never>
    }

    private struct State {
        var isTaken = false
        var ticketsTotal: UInt64 = 0
        var waiting: [Waiter] = []
    }

    private let state = Mutex(State())

    /// - Throws: `CancellationError` for who is given up before their turn, or what `body` throws.
    func pass<Result: Sendable>(_ body: () async throws -> Result) async throws -> Result {
        let ticket = takeTicket()
        let isIn = await withTaskCancellationHandler {
            await enter(ticket, isPatient: false)
        } onCancel: {
            giveUp(ticket)
        }
        guard isIn else { throw CancellationError() }
        defer { leave() }
        return try await body()
    }

    /// Waits for the turn, whether or not the task is cancelled.
    func passPatiently<Result: Sendable>(_ body: () async -> Result) async -> Result {
        _ = await enter(takeTicket(), isPatient: true)
        defer { leave() }
        return await body()
    }

    private func takeTicket() -> UInt64 {
        state.withLock { state in
            state.ticketsTotal += 1
            return state.ticketsTotal
        }
    }

    /// - Returns: Whether they are in.
    private func enter(_ ticket: UInt64, isPatient: Bool) async -> Bool {
        await withCheckedContinuation { continuation in
            let isIn = state.withLock { state -> Bool? in
                // Who is cancelled from now on is found among those that wait.
                if !isPatient, Task.isCancelled { return false }
                if state.isTaken {
                    state.waiting.append(Waiter(ticket: ticket, continuation: continuation))
                    return nil
                }
                state.isTaken = true
                return true
            }
            if let isIn { continuation.resume(returning: isIn) }
        }
    }

    private func giveUp(_ ticket: UInt64) {
        let waiter = state.withLock { state in
            state.waiting.firstIndex { $0.ticket == ticket }.map { state.waiting.remove(at: $0) }
        }
        waiter?.continuation.resume(returning: false)
    }

    private func leave() {
        let next = state.withLock { state -> Waiter? in
            guard state.waiting.isEmpty else { return state.waiting.removeFirst() }
            state.isTaken = false
            return nil
        }
        next?.continuation.resume(returning: true)
    }
}
