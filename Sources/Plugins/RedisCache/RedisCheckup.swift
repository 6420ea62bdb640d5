import PluginAPI
import Synchronization

/// Looks after the connection for commands: pays debts, probes for the breaker, counts keys.
struct RedisCheckup: Sendable {
    let standing: RedisClient.Standing
    let debts: DebtCollector
    let keys: RedisKeys
    let timeouts: RedisClient.Timeouts
    let logger: any PluginAPI.Logger
    let keysTotal: any Gauge

    /// A new connection: what is owed comes first. A refusal is no reason to hang up: it stays owed.
    func greet(_ connection: RedisConnection) async throws(RedisError) {
        try await payDebts(connection)
        try await probe(connection)
        logger.info("redis connected")
    }

    func beat(_ connection: RedisConnection) async throws(RedisError) {
        try await probe(connection)
        try await payDebts(connection)
        try await retryWrite(connection)
    }

    func lost() {
        keysTotal.set(0)
        logger.warning("redis connection lost")
    }

    /// Silence for longer than the socket time-out ends the connection.
    private func probe(_ connection: RedisConnection) async throws(RedisError) {
        let asked = ContinuousClock.now
        let replies = try await connection.send(
            [RedisCommand("PING"), RedisCommand("DBSIZE")], within: timeouts.socket)
        let taken = ContinuousClock.now - asked
        if case .integer(let keys)? = replies.last { keysTotal.set(Double(keys)) }
        if case .error(let text)? = replies.first {
            return standing.withState { $0.breaker.probed(isInTime: false, "Redis refuses: \(text)") }
        }
        standing.withState { state in
            state.breaker.probed(isInTime: taken <= timeouts.budget, "Redis does not answer within \(timeouts.budget)")
        }
    }

    private func payDebts(_ connection: RedisConnection) async throws(RedisError) {
        do {
            try await debts.settle(on: connection, within: timeouts.socket)
        } catch .refused(let text) {
            logger.debug("invalidations are still owed", ["error": text])
        }
    }

    /// After a refused write, a small one of our own tells when writing works again, however few requests come.
    private func retryWrite(_ connection: RedisConnection) async throws(RedisError) {
        guard standing.withState({ $0.refusal }) != nil else { return }
        let write = RedisCommand([
            Array("SET".utf8), keys.tag(CacheTag(kind: "probe", id: "write")), [0x31], Array("PX".utf8),
            Array("1000".utf8),
        ])
        standing.noteWrite(try await connection.send([write], within: timeouts.socket))
    }
}
