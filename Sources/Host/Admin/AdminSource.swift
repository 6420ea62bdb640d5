import PluginAPI

/// What the admin API shows: the modules, the configuration in use and the cache.
protocol AdminSource: Sendable {
    /// Every module that is compiled in or loaded, in start order.
    func modules() async -> [AdminModule]

    /// Writes the effective configuration as one JSON value, secrets as `•••`.
    func writeConfiguration(_ json: inout JSONWriter)

    /// The number of the configuration in use, from 1.
    var configurationGeneration: Int { get }

    /// The cache in use; `nil` with `cache.use: none`.
    func cache() async -> AdminCache?
}

/// A module as the admin API shows it.
struct AdminModule: Sendable {
    var descriptor: ModuleDescriptor
    /// `storage`, `cache` or `query`.
    var kind: String
    var source = ModuleSource.compiled
    /// Whether the configuration in use has it.
    var isLoaded = false
    var status: ModuleStatus
    /// What clients and operators can ask of it.
    var operations: [BoundOperation] = []
    /// How long its last health check took.
    var latency: Duration?
    /// What its calls may take; `nil` for what is not a query service.
    var limits: ModuleLimits?
    /// Calls that were given up and have not come back.
    var overdueCalls = 0
    /// Calls that wait for their turn.
    var waitingCalls = 0
    /// The last thing that went wrong since it was loaded.
    var lastFault: ModuleFault?
    /// Its settings, secrets as `•••`.
    var configuration: CheckedSetting?
    /// What it is made from, where that is a file of its own.
    var file: String?
}

/// The cache as the admin API shows it.
struct AdminCache: Sendable {
    var module: String
    var statistics: CacheStatistics
}
