import BuiltIn
import PluginAPI

/// What a host has once, whatever configuration is in use: the clock, the log, the metrics, the announcements of writes.
struct HostFoundation: Sendable {
    let clock: any HostClock
    let registry: MetricsRegistry
    let log: LogOutput
    let invalidations: Invalidations
    let shutdown = HostShutdown()
    /// Where operators ask for another configuration.
    let reloading = ReloadDesk()
    /// Where they disable and enable modules.
    let modules = ModuleDesk()
    /// The query services there are.
    let registered: [any QueryService.Type]
    /// Whether TTLs differ by up to a tenth, so that what was cached together does not expire together. Tests want them exact.
    var spreadsTTLs = true

    /// - Parameter configuration: The first; how the log is written follows from it once and for all.
    init(
        _ configuration: HostConfiguration,
        clock: any HostClock = SystemClock(),
        registered: [any QueryService.Type] = BuiltInModules.services
    ) {
        self.clock = clock
        self.registered = registered
        log = LogOutput(
            level: LogLevelSwitch(configuration.log.level), format: LogFormat(configuration.log.format), clock: clock,
            sink: DescriptorSink.standardError)
        registry = MetricsRegistry()
        ContractMetrics.register(in: registry)
        ProcessMetrics.register(in: registry, startedAt: clock.now)
        log.register(in: registry)
        invalidations = Invalidations(logger: HostLogger(module: "host", output: log))
    }

    func logger(_ module: String) -> HostLogger { HostLogger(module: module, output: log) }

    /// A board that writes each change of a module's status to the log.
    func board() -> ModuleStatusBoard {
        let logger = logger("host")
        return ModuleStatusBoard(clock: clock) { id, status in
            var metadata = ["id": id, "status": status.word]
            metadata["reason"] = status.reason
            if case .failed = status {
                logger.error("module status", metadata)
            } else {
                logger.info("module status", metadata)
            }
        }
    }
}
