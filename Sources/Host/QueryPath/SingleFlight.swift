import Synchronization

/// Lets concurrent requests for one answer share one call.
///
/// A request joins a call only if no write that concerns it has been announced since the call began: it may have read
/// before the write. The call is left to those it has then, and a new one takes its place.
final class SingleFlight<Success: Sendable>: Sendable {
    private struct Flight {
        var call: SharedCall<Success>
        var epoch: UInt64
    }

    private let flights = Mutex<[String: Flight]>([:])

    /// - Parameters:
    ///   - epoch: The announced writes, as they stood before anything was read for this request.
    ///   - mayJoin: Whether a call that began at an epoch is still good for a request that asks now.
    /// - Returns: The call's success, and whether somebody else had begun it.
    func value(
        for key: String,
        epoch: UInt64,
        deadline: ContinuousClock.Instant?,
        mayJoin: (UInt64) -> Bool,
        _ work: @escaping @Sendable () async throws -> Success
    ) async throws -> (success: Success, isJoined: Bool) {
        let (call, isJoined) = join(key, epoch: epoch, deadline: deadline, mayJoin: mayJoin, work)
        return (try await call.value(), isJoined)
    }

    /// The call under way for a key, or a new one.
    ///
    /// - Parameters: Those of ``value(for:epoch:deadline:mayJoin:_:)``.
    func join(
        _ key: String,
        epoch: UInt64,
        deadline: ContinuousClock.Instant?,
        mayJoin: (UInt64) -> Bool,
        _ work: @escaping @Sendable () async throws -> Success
    ) -> (call: SharedCall<Success>, isJoined: Bool) {
        let (call, isNew) = flights.withLock { flights in
            if let flight = flights[key], mayJoin(flight.epoch) { return (flight.call, false) }
            let call = SharedCall<Success>()
            flights[key] = Flight(call: call, epoch: epoch)
            return (call, true)
        }
        if isNew {
            call.start(deadline: deadline, work) { [self] in forget(key, call) }
        }
        return (call, !isNew)
    }

    /// Calls under way.
    var count: Int { flights.withLock { $0.count } }

    /// Requests that wait for them.
    var waiters: Int { flights.withLock { $0.values.reduce(0) { $0 + $1.call.waiters } } }

    /// A call may end when another one has taken its place.
    private func forget(_ key: String, _ call: SharedCall<Success>) {
        flights.withLock { flights in
            if flights[key]?.call === call { flights[key] = nil }
        }
    }
}
