import PluginAPI
import Synchronization

/// How the parts of the host are, for `/ready` and the metrics: what the board says, and whether the host is on its way down.
final class HostHealth: HealthSource {
    private let modules: ModuleHost
    private let draining = Atomic<Bool>(false)

    init(modules: ModuleHost) {
        self.modules = modules
    }

    var isDraining: Bool { draining.load(ordering: .acquiring) }

    /// From now on `/ready` says that the host is on its way down.
    func beginDraining() { draining.store(true, ordering: .releasing) }

    func components() async -> [ComponentHealth] {
        // One cache answers for both: the one in front of it cannot be worse.
        modules.all.filter { $0.id != modules.localCache?.id }.map { module in
            ComponentHealth(
                id: module.id, kind: Self.kind(module.kind), status: modules.board[module.id],
                latency: modules.board.latency(of: module.id))
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
