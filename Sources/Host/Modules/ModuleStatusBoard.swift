import PluginAPI
import Synchronization

/// The one place that knows how each module is now; `/ready`, the admin API, metrics and logs read it.
final class ModuleStatusBoard: Sendable {
    private let statuses = Mutex<[ModuleDescriptor.ModuleID: ModuleStatus]>([:])
    private let latencies = Mutex<[ModuleDescriptor.ModuleID: Duration]>([:])
    private let onChange: @Sendable (ModuleDescriptor.ModuleID, ModuleStatus) -> Void

    /// - Parameter onChange: Told of each change, outside the lock.
    init(onChange: @escaping @Sendable (ModuleDescriptor.ModuleID, ModuleStatus) -> Void = { _, _ in }) {
        self.onChange = onChange
    }

    /// The status of a module; one nobody has loaded is disabled.
    subscript(id: ModuleDescriptor.ModuleID) -> ModuleStatus {
        statuses.withLock { $0[id] ?? .disabled }
    }

    func set(_ status: ModuleStatus, for id: ModuleDescriptor.ModuleID) {
        let changed = statuses.withLock { statuses in
            defer { statuses[id] = status }
            return statuses[id] != status
        }
        if changed { onChange(id, status) }
    }

    /// How long the module's last health check took; `nil` before the first.
    func latency(of id: ModuleDescriptor.ModuleID) -> Duration? {
        latencies.withLock { $0[id] }
    }

    func setLatency(_ latency: Duration, of id: ModuleDescriptor.ModuleID) {
        latencies.withLock { $0[id] = latency }
    }
}
