import PluginAPI

/// What the host allows the calls into one module.
struct ModuleLimits: Sendable, Equatable {
    /// Calls that run at a time; one that does not come back keeps its place.
    var callsMax = 64
    /// Calls that wait for their turn.
    var waitingMax = 4_096
    /// How long a call may take, its wait included; no longer than a request.
    var deadline: Duration = .seconds(30)
    /// Bytes of a reply.
    var replyMax = 16 << 20
    /// Calls in a row that fail before the module is left alone; 0 for never.
    var failuresMax = 10
    /// How long it is left alone before one call is tried.
    var pause: Duration = .seconds(5)

    /// The narrower of these and what an operation declares.
    func narrowed(by declared: OperationLimits) -> (deadline: Duration, replyMax: Int) {
        (min(deadline, declared.deadline ?? deadline), min(replyMax, declared.replyMax ?? replyMax))
    }
}

/// Where a module comes from.
enum ModuleSource: String, Sendable, CaseIterable {
    case compiled, sql, dynamic
}

extension HostConfiguration {
    func source(of id: ModuleDescriptor.ModuleID) -> ModuleSource {
        if dynamicModules.contains(where: { $0.id == id }) { return .dynamic }
        return sqlModules.contains { $0.id == id } ? .sql : .compiled
    }

    /// What calls into a module may take.
    func limits(of id: ModuleDescriptor.ModuleID) -> ModuleLimits {
        modules.limits.limits(of: id, from: source(of: id))
    }

    /// What a module is made from, where that is a file of its own.
    func file(of id: ModuleDescriptor.ModuleID) -> String? {
        sqlModules.first { $0.id == id }?.file
            ?? dynamicModules.first { $0.id == id }.map { "\(modules.directory)/\($0.source.file)" }
    }
}

/// `modules.limits`: what modules may take, and what those may that are named.
struct ModuleLimitsTable: Sendable, Equatable {
    /// Of modules that are compiled in.
    var usual = ModuleLimits()
    /// Calls into a module of another source, fewer than a storage has connections.
    var outsideCallsMax = 8
    /// Changes to that, by module.
    var own: [ModuleDescriptor.ModuleID: Own] = [:]

    /// What is different for one module; `nil` is as for the others.
    struct Own: Sendable, Equatable {
        var callsMax: Int?
        var waitingMax: Int?
        var deadline: Duration?
        var replyMax: Int?
        var failuresMax: Int?
        var pause: Duration?
    }

    func limits(of id: ModuleDescriptor.ModuleID, from source: ModuleSource) -> ModuleLimits {
        let own = own[id] ?? Own()
        return ModuleLimits(
            callsMax: own.callsMax ?? (source == .compiled ? usual.callsMax : outsideCallsMax),
            waitingMax: own.waitingMax ?? usual.waitingMax, deadline: own.deadline ?? usual.deadline,
            replyMax: own.replyMax ?? usual.replyMax, failuresMax: own.failuresMax ?? usual.failuresMax,
            pause: own.pause ?? usual.pause)
    }
}
