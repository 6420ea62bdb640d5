import PluginAPI
import Synchronization

/// How the parts of the host are, for `/ready` and the metrics: what the board says, and whether the host is on its way down.
struct HostHealth: HealthSource {
    let modules: ModuleHost
    let shutdown: HostShutdown

    var isDraining: Bool { shutdown.hasBegun }

    func components() async -> [ComponentHealth] {
        // One cache answers for both: the one in front of it cannot be worse.
        modules.all.filter { $0.id != modules.localCache?.id }.map { module in
            let record = modules.board.record(of: module.id)
            let (status, reason) = record.shown
            return ComponentHealth(
                id: module.id, kind: Self.kind(module.kind), status: status, reason: reason, latency: record.latency)
        }
    }

    private static func kind(_ kind: ModuleKind) -> ComponentHealth.Kind {
        switch kind {
        case .storage: .storage
        case .cache: .cache
        case .query: .query
        }
    }
}

/// Whether the host is on its way down, whatever configuration is in use.
final class HostShutdown: Sendable {
    private let begun = Mutex<ContinuousClock.Instant?>(nil)

    var hasBegun: Bool { beganAt != nil }

    /// `nil` while it is not.
    var beganAt: ContinuousClock.Instant? { begun.withLock { $0 } }

    /// From now on `/ready` says so.
    func begin() { begun.withLock { $0 = $0 ?? .now } }
}
