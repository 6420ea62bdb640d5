import NIOCore
import Synchronization

/// Where any thread leaves calls for the event loop that sends them: pipelining without anybody asking for it.
///
/// Whoever leaves the first call after the loop has taken the last ones schedules one drain; everybody else only appends.
final class RedisInbox: Sendable {
    /// Calls, and the bytes of all their commands in the same order.
    struct Mail: Sendable {
        var calls: [RedisCall] = []
        var bytes = ByteBuffer()

        mutating func fail(_ error: RedisError) {
            for index in calls.indices { calls[index].fail(error) }
        }

        /// Ready for others, with the memory it has unless that is a lot.
        mutating func clear() {
            calls.removeAll(keepingCapacity: calls.capacity <= 1_024)
            if bytes.capacity <= 256 << 10 { bytes.clear() } else { bytes = ByteBuffer() }
        }
    }

    private struct State {
        var mail = Mail()
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
    func append(_ call: RedisCall, _ commands: [RedisCommand]) throws(RedisError) -> Bool {
        let result: Result<Bool, RedisError> = state.withLock { state in
            if let end = state.end { return .failure(end) }
            guard state.openTotal < RedisInbox.openMax else { return .failure(.overloaded) }
            state.mail.calls.append(call)
            for command in commands { state.mail.bytes.writeBytes(command.bytes) }
            state.openTotal += 1
            defer { state.isDrainScheduled = true }
            return .success(!state.isDrainScheduled)
        }
        return try result.get()
    }

    /// Everything left since the last time.
    ///
    /// - Parameter mail: What was taken then; replaced, its memory is used again.
    func takeAll(into mail: inout Mail) {
        mail.clear()
        state.withLock { state in
            state.isDrainScheduled = false
            swap(&state.mail, &mail)
        }
    }

    /// So many calls have all their replies.
    func close(_ count: Int) { state.withLock { $0.openTotal -= count } }

    /// Takes no more calls. - Returns: What had not been sent.
    func finish(_ reason: RedisError) -> [RedisCall] {
        state.withLock { state in
            if state.end == nil { state.end = reason }
            defer { state.mail = Mail() }
            return state.mail.calls
        }
    }
}
