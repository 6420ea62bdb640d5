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
    /// `storage`, `cache`, `book` or `query`.
    var kind: String
    var status: ModuleStatus
    /// Method and path of each operation.
    var routes: [String] = []
    /// How long its last health check took.
    var latency: Duration?
}

/// The cache as the admin API shows it.
struct AdminCache: Sendable {
    var module: String
    var statistics: CacheStatistics
}
