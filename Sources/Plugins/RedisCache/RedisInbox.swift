import Synchronization

/// Where any thread leaves calls for the event loop that sends them: pipelining without anybody asking for it.
///
/// Whoever leaves the first call after the loop has taken the last ones schedules one drain; everybody else only appends.
final class RedisInbox: Sendable {
    private struct State {
        var calls: [RedisCall] = []
        var isDrainScheduled = false
        /// Calls left here or sent whose replies have not all come.
        var openTotal = 0
        var end: RedisError?
    }

    /// More calls without a reply are refused, so that a server that stopped reading cannot fill the memory.
    static let openMax = 16_384

    private let state = Mutex(State())

    /// Why the connection ended; `nil` while it stands.
    var end: RedisError? { state.withLock { $0.end } }

    /// - Returns: Whether the caller must schedule a drain.
    /// - Throws: When the connection has ended, or too much waits already.
    func append(_ call: RedisCall) throws(RedisError) -> Bool {
        let result: Result<Bool, RedisError> = state.withLock { state in
            if let end = state.end { return .failure(end) }
            guard state.openTotal < RedisInbox.openMax else { return .failure(.overloaded) }
            state.calls.append(call)
            state.openTotal += 1
            defer { state.isDrainScheduled = true }
            return .success(!state.isDrainScheduled)
        }
        return try result.get()
    }

    /// Everything left since the last time.
    func takeAll() -> [RedisCall] {
        state.withLock { state in
            state.isDrainScheduled = false
            defer { state.calls = [] }
            return state.calls
        }
    }

    /// A call has all its replies.
    func closeOne() { state.withLock { $0.openTotal -= 1 } }

    /// Takes no more calls. - Returns: What had not been sent.
    func finish(_ reason: RedisError) -> [RedisCall] {
        state.withLock { state in
            if state.end == nil { state.end = reason }
            defer { state.calls = [] }
            return state.calls
        }
    }
}
