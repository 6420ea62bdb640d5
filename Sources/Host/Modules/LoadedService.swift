import PluginAPI

/// A query service the host has put together, and how it is now.
struct LoadedService: Sendable {
    var id: String
    var service: any QueryService
    /// Asked on every request: a service that is not `ok` or `degraded` answers 503 for its own routes.
    var status: @Sendable () -> ModuleStatus
    /// The same for operators' calls; `nil` for no difference.
    var statusForOperators: (@Sendable () -> ModuleStatus)?
    /// Where its calls go through; `nil` has them made.
    var gates: ModuleGates?
    var source = ModuleSource.compiled
    /// What it does by itself and has not come back from.
    var scheduledWork = UnreturnedCall()
    /// Events that it was brought and has not come back from.
    var deliveries = AbandonedCalls()

    /// What it declares, those operations first that clients call.
    var allOperations: [(operation: Operation, audience: BoundOperation.Audience)] {
        let administered = (service as? any AdministeredModule)?.adminOperations ?? []
        return service.operations.map { ($0, .clients) } + administered.map { ($0, .operators) }
    }
}

/// A service whose type stands for several modules, each with a descriptor of its own.
protocol NamedModule: QueryService {
    var moduleDescriptor: ModuleDescriptor { get }
}

extension QueryService {
    /// What the host knows it by.
    var moduleID: ModuleDescriptor.ModuleID { describedAs.id }

    var describedAs: ModuleDescriptor { (self as? any NamedModule)?.moduleDescriptor ?? type(of: self).descriptor }
}

/// The words in which the host speaks of a module: in `/ready`, the admin API, metrics and logs.
enum ModuleStatus: Sendable, Equatable {
    case starting
    case ok
    case degraded(reason: String)
    case failed(reason: String)
    case draining
    case stopped
    case disabled

    var word: String {
        switch self {
        case .starting: "starting"
        case .ok: "ok"
        case .degraded: "degraded"
        case .failed: "failed"
        case .draining: "draining"
        case .stopped: "stopped"
        case .disabled: "disabled"
        }
    }

    var reason: String? {
        switch self {
        case .degraded(let reason), .failed(let reason): reason
        default: nil
        }
    }

    /// Whether calls are let through.
    var isServing: Bool {
        switch self {
        case .ok, .degraded: true
        default: false
        }
    }
}
