import PluginAPI
import Synchronization

/// An operator wants a module disabled, or enabled again.
struct ModuleSwitch: Sendable {
    var id: ModuleDescriptor.ModuleID
    var isOn: Bool
    /// Called when it can be done, before it is, with how the module is; answers whether the audit log has it, and what it
    /// throws ends it.
    var confirm: @Sendable (_ before: ModuleStatus) async throws -> Bool = { _ in true }
}

/// What has become of it.
struct ModuleTurn: Sendable {
    /// How the module is now.
    var status: ModuleStatus
    /// Whether the audit log has it.
    var isAudited: Bool
}

/// Where a module is disabled and enabled. Open while the host serves.
final class ModuleDesk: Sendable {
    typealias Turning = @Sendable (ModuleSwitch) async throws -> ModuleTurn

    private let turning = Mutex<Turning?>(nil)
    private let switches = Mutex(Switches())

    /// What operators have disabled, and how often each module was.
    private struct Switches {
        var off: Set<ModuleDescriptor.ModuleID> = []
        var disablings: [ModuleDescriptor.ModuleID: Int] = [:]
    }

    func open(_ turning: @escaping Turning) { self.turning.withLock { $0 = turning } }

    /// Disables a module at once, or enables it in turns with reloads.
    ///
    /// - Throws: `Problem` with why it cannot be done, or what `confirm` throws.
    func turn(_ order: ModuleSwitch) async throws -> ModuleTurn {
        guard let turning = turning.withLock({ $0 }) else {
            throw Problem.unavailable("The host is not serving.", retryAfter: 5)
        }
        return try await turning(order)
    }

    /// Modules that stay disabled in configurations to come.
    var disabled: Set<ModuleDescriptor.ModuleID> { switches.withLock { $0.off } }

    /// A configuration is in use from now on: forgets modules that are no longer loaded, for one that comes again is not disabled,
    /// and has the others disabled in it.
    func settle(loaded: [ModuleDescriptor.ModuleID], _ disable: (ModuleDescriptor.ModuleID) -> Void) {
        switches.withLock { switches in
            switches.off.formIntersection(loaded)
            switches.off.forEach(disable)
        }
    }

    /// Has a module disabled, whatever is under way.
    ///
    /// - Parameter disable: What is found in use within it stays in use, or is told by ``settle(loaded:_:)``.
    func disable(_ id: ModuleDescriptor.ModuleID, _ disable: () throws -> Void) rethrows {
        try switches.withLock { switches in
            try disable()
            switches.off.insert(id)
            switches.disablings[id, default: 0] += 1
        }
    }

    /// How often a module was disabled.
    func disablings(of id: ModuleDescriptor.ModuleID) -> Int { switches.withLock { $0.disablings[id] ?? 0 } }

    /// Has a module enabled unless somebody has disabled it after that was asked for.
    ///
    /// - Parameter count: How often it had been disabled then.
    /// - Returns: Whether it is enabled.
    func enable(_ id: ModuleDescriptor.ModuleID, unlessDisabledSince count: Int, _ enable: () -> Void) -> Bool {
        switches.withLock { switches in
            guard switches.disablings[id, default: 0] == count else { return false }
            switches.off.remove(id)
            enable()
            return true
        }
    }
}
