import PluginAPI

/// Knows how the parts of the host are: the module host, in short.
protocol HealthSource: Sendable {
    /// Storage, cache and query services, in this order, as they are now.
    func components() async -> [ComponentHealth]

    /// Whether the host has begun to stop.
    var isDraining: Bool { get }
}

/// One part of the host and how it is.
struct ComponentHealth: Sendable, Equatable {
    enum Kind: Sendable {
        case storage, cache, query
    }

    /// The module's ID.
    var id: String
    var kind: Kind
    var status: ModuleStatus
    /// Why it is so, in words for everybody; what the status says is for operators.
    var reason: String?
    /// How long its last health check took.
    var latency: Duration?
}
