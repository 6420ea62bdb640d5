import PluginAPI

extension ModuleStarts {
    /// Starts what is new and asks it how it is: what takes over serves.
    ///
    /// - Parameter end: When all must have come through, so that it is known in time which one hangs; `nil` for as long as each
    ///   may take.
    static func start(
        _ modules: [SupervisedModule], by end: ContinuousClock.Instant?
    ) async throws(ReloadFailure) {
        // What an operator has disabled starts when it is enabled.
        let fresh = modules.filter { !$0.board.record(of: $0.id).isSwitchedOff }
        await run(fresh) { module in
            if await module.hurried(by: end).start() { await module.hurried(by: end).checkHealth() }
        }
        for module in fresh {
            let status = module.board[module.id]
            guard status.isServing else {
                throw .notStarted(module.id, reason: status.reason ?? "it is \(status.word)")
            }
        }
    }
}

extension SupervisedModule {
    /// The same, with no more time for its start and its health check than is left until `end`, wherever others have left some.
    func hurried(by end: ContinuousClock.Instant?, at now: ContinuousClock.Instant = .now) -> SupervisedModule {
        guard let end else { return self }
        let left = max(.zero, end - now)
        var limits = limits
        (limits.start, limits.health) = (min(limits.start, left), min(limits.health, left))
        return SupervisedModule(module, kind: kind, board: board, id: id, requires: requires, limits: limits)
    }
}
