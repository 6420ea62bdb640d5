import PluginAPI
import Synchronization

/// Asks Redis within the budget, and not at all while that is pointless.
final class RedisClient: Sendable {
    struct Timeouts: Sendable {
        /// Of one call that a request waits for.
        var budget: Duration
        /// Of everything else.
        var socket: Duration
    }

    /// What is known about Redis besides whether it is connected.
    final class Standing: Sendable {
        struct State {
            var breaker = CircuitBreaker()
            var owed = OwedInvalidations()
            /// The last write was refused: its text.
            var refusal: String?
            var invalidationsTotal = 0

            /// Whether Redis may be asked and a good answer changes nothing.
            var isClear: Bool { breaker.isQuiet && owed.isEmpty }
        }

        private let state = Mutex(State())
        private let clear = Atomic(true)
        private let timeouts: any Counter

        /// - Parameter timeouts: Counts the calls that waited for the whole budget in vain.
        init(timeouts: any Counter) {
            self.timeouts = timeouts
        }

        /// ``State/isClear`` after the last change, read without waiting for anybody.
        var isClear: Bool { clear.load(ordering: .acquiring) }

        func withState<Value>(_ body: (inout State) -> Value) -> Value {
            state.withLock { state in
                defer { clear.store(state.isClear, ordering: .releasing) }
                return body(&state)
            }
        }
    }

    let link: RedisLink
    let timeouts: Timeouts
    private let standing: Standing
    private let debts: DebtCollector

    init(
        _ connector: RedisConnector,
        keys: RedisKeys,
        sender: UInt64,
        timeouts: Timeouts,
        logger: any PluginAPI.Logger,
        keysTotal: any Gauge,
        timeoutsTotal: any Counter
    ) {
        let standing = Standing(timeouts: timeoutsTotal)
        let debts = DebtCollector(standing: standing, keys: keys, sender: sender)
        let checkup = RedisCheckup(
            standing: standing, debts: debts, keys: keys, timeouts: timeouts, logger: logger, keysTotal: keysTotal)
        self.standing = standing
        self.timeouts = timeouts
        self.debts = debts
        link = RedisLink(
            connector,
            events: .init(
                opened: { connection throws(RedisError) in try await checkup.greet(connection) },
                beat: { connection throws(RedisError) in try await checkup.beat(connection) },
                lost: { checkup.lost() }))
    }

    /// What keeps Redis from being used as it should be; `nil` when all is well.
    var trouble: String? {
        do throws(RedisError) {
            _ = try usable()
        } catch {
            return error.description
        }
        return standing.withState { $0.refusal }.map { "Redis refuses: \($0)" }
    }

    /// Whether Redis takes part at all: it is connected and answers in time.
    var isAnswering: Bool { link.isUp && standing.withState { $0.breaker.reason == nil } }

    var invalidationsTotal: Int { standing.withState { $0.invalidationsTotal } }

    // MARK: - Calls

    /// Asks for what a request waits for.
    func ask(_ command: RedisCommand) async throws(RedisError) -> (connection: RedisConnection, reply: RedisReply) {
        let connection = try usable()
        let result = await connection.answer(to: command, within: timeouts.budget)
        standing.note(result)
        return (connection, try result.get().checked())
    }

    /// Writes something; a refusal is remembered until a write succeeds.
    func write(_ commands: [RedisCommand]) async throws(RedisError) -> [RedisReply] {
        let replies = try await send(commands, on: try usable())
        standing.noteWrite(replies)
        for reply in replies { _ = try reply.checked() }
        return replies
    }

    /// Writes something that nobody waits for.
    func post(_ command: RedisCommand) {
        guard let connection = try? usable() else { return }
        connection.post(command, within: timeouts.budget) { [standing] result in
            standing.note(result)
            if case .success(let replies) = result { standing.noteWrite(replies) }
        }
    }

    /// Asks for something no request waits for.
    func patiently(_ commands: [RedisCommand]) async throws(RedisError) -> [RedisReply] {
        let replies = try await link.connection().send(commands, within: timeouts.socket)
        for reply in replies { _ = try reply.checked() }
        return replies
    }

    /// Makes every entry with one of the tags stale, for every host.
    ///
    /// When Redis does not take it in time it is owed: Redis is not asked for anything until it has taken it.
    func invalidate(_ tags: [CacheTag], isCounted: Bool) async throws(RedisError) {
        if isCounted { standing.withState { $0.invalidationsTotal += tags.count } }
        do throws(RedisError) {
            let connection = try usable()
            let replies = try await send(debts.commands(for: tags), on: connection)
            standing.noteWrite(replies)
            for reply in replies { _ = try reply.checked() }
        } catch {
            standing.withState { $0.owed.add(tags) }
            throw error
        }
    }

    private func usable() throws(RedisError) -> RedisConnection {
        let connection = try link.connection()
        if standing.isClear { return connection }
        let reason = standing.withState { state -> String? in
            if let reason = state.breaker.reason { return reason }
            guard !state.owed.isEmpty else { return nil }
            return "Redis has not taken all invalidations yet" + (state.refusal.map { ": \($0)" } ?? "")
        }
        if let reason { throw .resting(reason) }
        return connection
    }

    private func send(
        _ commands: [RedisCommand],
        on connection: RedisConnection
    ) async throws(RedisError) -> [RedisReply] {
        do throws(RedisError) {
            let replies = try await connection.send(commands, within: timeouts.budget)
            standing.noteAnswer()
            return replies
        } catch {
            standing.noteFailure(error)
            throw error
        }
    }
}

extension RedisClient.Standing {
    func noteAnswer() {
        if !isClear { withState { $0.breaker.answered() } }
    }

    func noteFailure(_ error: RedisError) {
        switch error {
        case .timedOut(let limit):
            timeouts.increment()
            withState { $0.breaker.timedOut("Redis did not answer within \(limit)") }
        case .overloaded: withState { $0.breaker.timedOut("\(error)") }
        default: return
        }
    }

    func note(_ result: Result<some Any, RedisError>) {
        switch result {
        case .success: noteAnswer()
        case .failure(let error): noteFailure(error)
        }
    }

    func noteWrite(_ replies: [RedisReply]) {
        let refusal = replies.lazy.compactMap { reply in
            if case .error(let text) = reply { text } else { nil }
        }.first
        withState { $0.refusal = refusal }
    }
}
