import PluginAPI

/// What stands before one module for each audience: whatever calls of clients have come to, operators get through, for theirs
/// may be the ones that mend it.
final class ModuleGates: Sendable {
    private let clients: ModuleGate
    /// As many calls at a time, and never left alone because they fail.
    private let operators: ModuleGate
    private let counts: CallCounts

    /// - Parameters:
    ///   - threads: Where the module's code runs; `nil` for where the host's does.
    ///   - onFault: Told of every failure, whoever called.
    ///   - onTrouble: Told that ``trouble`` may be another.
    init(
        _ module: ModuleDescriptor.ModuleID,
        limits: ModuleLimits,
        metrics: any Metrics,
        threads: OwnThreads? = nil,
        onFault: @escaping ModuleGate.FaultListener = { _, _ in },
        onTrouble: @escaping @Sendable () -> Void = {}
    ) {
        counts = CallCounts(of: module, metrics)
        clients = ModuleGate(
            module, limits: limits, metrics: metrics, threads: threads?.ofClients, counts: counts,
            onFault: onFault, onTrouble: onTrouble)
        operators = ModuleGate(
            module, limits: limits.ofOperators, metrics: metrics, threads: threads?.ofOperators,
            counts: counts, probation: nil, onFault: onFault, onTrouble: onTrouble)
    }

    func gate(for audience: BoundOperation.Audience) -> ModuleGate {
        switch audience {
        case .clients: clients
        case .operators: operators
        }
    }

    /// Where what the module does by itself runs; `nil` for where the host's code does.
    var threads: ModuleThreads? { clients.threads }

    var limits: ModuleLimits { clients.limits }

    /// Calls that were given up and have not come back, whoever made them.
    var overdue: Int { counts.overdue.value }

    /// Calls that wait for their turn, whoever asks for them.
    var waiting: Int { clients.waiting }

    /// Why calls do not reach the module, or only now and then; `nil` when they do.
    var trouble: String? { clients.trouble ?? operators.trouble.map { "for operators, \($0)" } }

    func apply(_ limits: ModuleLimits) {
        clients.apply(limits)
        operators.apply(limits.ofOperators)
    }

    /// The module was disabled: those clients who wait for it are told so.
    func refuseWaiting(_ refusal: Problem) { clients.refuseWaiting(refusal) }

    /// Forgets what has failed: the module is called again.
    func reset() { clients.reset() }

    /// The module leaves: what has not come back is nobody's trouble that the metrics should tell of.
    func retire() { counts.retire() }

    /// Writes down a failure of something that the module does by itself.
    func note(_ doing: String, _ fault: any Error) { clients.note(doing, fault) }
}

extension ModuleLimits {
    /// What holds for operators' calls: the same, but that they are let through however many have failed.
    fileprivate var ofOperators: ModuleLimits {
        var limits = self
        limits.failuresMax = 0
        return limits
    }
}
