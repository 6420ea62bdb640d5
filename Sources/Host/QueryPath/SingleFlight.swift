import PluginAPI
import Synchronization

/// Lets concurrent requests for one answer share one call.
///
/// Calls are told apart by key and stamp: a request that began after a write was announced has a newer stamp, and so never
/// joins a call that may have read before the write.
final class SingleFlight<Success: Sendable>: Sendable {
    private struct Flight: Hashable {
        var key: String
        var versions: [UInt64]
    }

    private let calls = Mutex<[Flight: SharedCall<Success>]>([:])

    /// - Returns: The call's success, and whether somebody else had begun it.
    func value(
        for key: String,
        stamp: CacheStamp,
        deadline: ContinuousClock.Instant?,
        _ work: @escaping @Sendable () async throws -> Success
    ) async throws -> (success: Success, isJoined: Bool) {
        let flight = Flight(key: key, versions: stamp.versions)
        let (call, isNew) = calls.withLock { calls in
            if let call = calls[flight] { return (call, false) }
            let call = SharedCall<Success>()
            calls[flight] = call
            return (call, true)
        }
        if isNew {
            call.start(deadline: deadline, work) { [self] in forget(flight, call) }
        }
        return (try await call.value(), !isNew)
    }

    /// Calls under way.
    var count: Int { calls.withLock { $0.count } }

    /// Requests that wait for them.
    var waiters: Int { calls.withLock { $0.values.reduce(0) { $0 + $1.waiters } } }

    /// A call that timed out may end when another one has taken its place.
    private func forget(_ flight: Flight, _ call: SharedCall<Success>) {
        calls.withLock { calls in
            if calls[flight] === call { calls[flight] = nil }
        }
    }
}
