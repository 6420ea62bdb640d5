import PluginAPI

/// `module_status{module,status}`: 1 for the word a module has now, 0 for all others.
struct ModuleStatusMeters: Sendable {
    private let registry: MetricsRegistry

    init(registry: MetricsRegistry) {
        self.registry = registry
    }

    func report(_ status: ModuleStatus, of module: String) {
        for word in ModuleStatus.words {
            registry.gauge(
                "module_status", help: "1 for the status a module has now, 0 for the others.",
                labels: [("module", module), ("status", word)]
            ).set(word == status.word ? 1 : 0)
        }
    }
}

extension ModuleStatus {
    /// Every word there is, in the order of a module's life.
    static let words = ["starting", "ok", "degraded", "failed", "draining", "stopped", "disabled"]
}
