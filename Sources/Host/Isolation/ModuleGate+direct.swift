import PluginAPI

extension ModuleGate {
    /// Calls a module on its own threads, when it has any and a place is free.
    ///
    /// No task of the host's waits for it: what follows the call is done on the module's threads, too. A call takes two
    /// changes of threads so, in place of four, which cost more than most calls themselves.
    ///
    /// - Parameter listener: Told once of what ``call(_:replyMax:time:_:)`` would return or throw: on one of the module's threads, or
    ///   at once.
    /// - Returns: How the call is given up, at its deadline and not before; `nil` when it would have to wait, and nothing was
    ///   called.
    func callAtOnce(
        _ operation: String, replyMax: Int, time: CallTime? = nil,
        _ body: @escaping @Sendable () async throws -> Reply,
        then listener: @escaping @Sendable (Result<Reply, any Error>) -> Void
    ) -> (@Sendable () -> Void)? {
        guard let threads, limiter.enterAtOnce() else { return nil }
        let turn: Turn
        do {
            turn = try begin(time)
        } catch {
            limiter.leave()
            listener(.failure(error))
            return {}
        }
        let moduleMax = started(turn)
        let work = threads.begin {
            let outcome = await self.outcome(of: turn, replyMax, moduleMax, body)
            // Before its place is anybody else's: whoever waits for it may have to be refused now.
            self.settle(turn, operation, outcome)
            self.limiter.leave()
            listener(outcome)
        }
        return { if self.giveUp(turn, operation) { threads.cancel(work) } }
    }

    private func outcome(
        of turn: Turn, _ replyMax: Int, _ moduleMax: Int, _ body: @Sendable () async throws -> Reply
    ) async -> Result<Reply, any Error> {
        do {
            if isGivenUp(turn) { throw CancellationError() }
            try checkStart(of: turn)
            return .success(try await Self.perform(replyMax, moduleMax, body))
        } catch {
            return .failure(ModuleFailure.spoken(error))
        }
    }
}
