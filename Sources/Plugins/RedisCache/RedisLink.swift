import Synchronization

/// Keeps one connection up: connects, looks after it, and connects again after a pause when it is gone.
final class RedisLink: Sendable {
    /// What happens to a connection over its life.
    struct Events: Sendable {
        /// The connection stands; it is used once this returns.
        var opened: @Sendable (RedisConnection) async throws(RedisError) -> Void = { _ throws(RedisError) in }
        /// Some time has passed. What it throws ends the connection.
        var beat: @Sendable (RedisConnection) async throws(RedisError) -> Void
        /// A connection that was used is gone; told at once, on its event loop.
        var lost: @Sendable () -> Void = {}
    }

    private struct State {
        var connection: RedisConnection?
        /// The last connection was used, and nobody was told yet that it is gone.
        var wasUsed = false
        /// Why there is no connection.
        var reason = RedisError.unreachable("not connected yet")
        var attempts = 0
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    static let beatInterval: Duration = .milliseconds(500)
    static let pauseMin: Duration = .milliseconds(50)
    static let pauseMax: Duration = .seconds(2)

    private let connector: RedisConnector
    private let onMessage: (@Sendable (ArraySlice<UInt8>) -> Void)?
    private let events: Events
    private let state = Mutex(State())

    init(_ connector: RedisConnector, onMessage: (@Sendable (ArraySlice<UInt8>) -> Void)? = nil, events: Events) {
        self.connector = connector
        self.onMessage = onMessage
        self.events = events
    }

    /// The connection that stands now. - Throws: Why there is none.
    func connection() throws(RedisError) -> RedisConnection {
        let (connection, reason) = state.withLock { ($0.connection, $0.reason) }
        guard let connection, connection.isOpen else { throw reason }
        return connection
    }

    /// How often a connection was made or could not be made, or ended.
    var attempts: Int { state.withLock { $0.attempts } }

    var isUp: Bool { state.withLock { $0.connection?.isOpen ?? false } }

    /// Waits until the first attempt to connect has ended, well or not.
    func firstAttempt() async {
        await withCheckedContinuation { continuation in
            let isOver = state.withLock { state in
                if state.attempts == 0 { state.waiters.append(continuation) }
                return state.attempts > 0
            }
            if isOver { continuation.resume() }
        }
    }

    /// Runs until cancelled, and leaves no connection behind.
    func run() async {
        var pause = RedisLink.pauseMin
        while !Task.isCancelled {
            do throws(RedisError) {
                let connection = try await connector.connect(onMessage: onMessage) { self.ended() }
                try await prepare(connection)
                attempted(connection, nil)
                pause = RedisLink.pauseMin
                attempted(nil, await attend(connection))
            } catch {
                attempted(nil, error)
            }
            // Hosts that lost the same server do not come back in step.
            try? await Task.sleep(for: pause * Double.random(in: 0.5...1))
            pause = min(pause * 2, RedisLink.pauseMax)
        }
    }

    private func prepare(_ connection: RedisConnection) async throws(RedisError) {
        do {
            try await events.opened(connection)
        } catch {
            connection.close(error)
            throw error
        }
    }

    /// Returns when the connection has ended. - Returns: Why.
    private func attend(_ connection: RedisConnection) async -> RedisError {
        await withTaskCancellationHandler {
            await withTaskGroup { group in
                group.addTask {
                    while !Task.isCancelled, connection.isOpen {
                        try? await Task.sleep(for: RedisLink.beatInterval)
                        do throws(RedisError) {
                            if !Task.isCancelled { try await self.events.beat(connection) }
                        } catch {
                            connection.close(error)
                        }
                    }
                }
                let reason = await connection.ended()
                group.cancelAll()
                return reason
            }
        } onCancel: {
            connection.close(.disconnected("the host stops"))
        }
    }

    private func ended() {
        let wasUsed = state.withLock { state in
            defer { state.wasUsed = false }
            return state.wasUsed
        }
        if wasUsed { events.lost() }
    }

    private func attempted(_ connection: RedisConnection?, _ reason: RedisError?) {
        let waiters = state.withLock { state in
            state.connection = connection
            if connection != nil { state.wasUsed = true }
            if let reason { state.reason = reason }
            state.attempts += 1
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }
}
