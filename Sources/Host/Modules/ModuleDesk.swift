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
    private let off = Mutex<Set<ModuleDescriptor.ModuleID>>([])

    func open(_ turning: @escaping Turning) { self.turning.withLock { $0 = turning } }

    /// Disables or enables a module, in turns with reloads.
    ///
    /// - Throws: `Problem` with why it cannot be done, or what `confirm` throws.
    func turn(_ order: ModuleSwitch) async throws -> ModuleTurn {
        guard let turning = turning.withLock({ $0 }) else {
            throw Problem.unavailable("The host is not serving.", retryAfter: 5)
        }
        return try await turning(order)
    }

    /// Modules that stay disabled in configurations to come.
    var disabled: Set<ModuleDescriptor.ModuleID> { off.withLock { $0 } }

    /// Forgets modules that are no longer loaded: one that comes again is not disabled.
    func forgetAll(but loaded: [ModuleDescriptor.ModuleID]) { off.withLock { $0.formIntersection(loaded) } }

    func keep(_ id: ModuleDescriptor.ModuleID, isOn: Bool) {
        off.withLock { off in
            if isOn { off.remove(id) } else { off.insert(id) }
        }
    }
}
