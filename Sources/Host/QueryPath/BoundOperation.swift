import HTTPTypes
import PluginAPI

/// An operation of a loaded service with everything made ready to serve it: the target of a route.
struct BoundOperation: Sendable {
    /// The module's ID.
    var module: String
    /// `module.operation`, unique in the host.
    var name: String
    var operation: Operation
    /// Which listener answers it.
    var audience: Audience
    var parameters: ParameterReader
    var status: @Sendable () -> ModuleStatus
    var meters: OperationMeters
    /// Shared by all operations of the module.
    var limiter: CallLimiter
    /// How long its answers are fresh; zero when they are not kept.
    var ttl: Duration

    /// Who is answered, by one of the two listeners.
    enum Audience: Sendable, CaseIterable {
        case clients, operators

        /// What every path of the listener's operations begins with.
        var prefix: String {
            switch self {
            case .clients: "/api/v1"
            case .operators: "/admin"
            }
        }
    }

    /// The whole path: what the route table and the metrics know it by.
    var template: String { audience.prefix + operation.path }

    var method: HTTPRequest.Method { HTTPRequest.Method(operation.method.rawValue) ?? .get }

    /// Binds every operation of a service, those for operators included.
    ///
    /// - Throws: ``DeclarationError`` with everything that is wrong with the declarations.
    static func bind(
        _ service: LoadedService,
        defaultTTL: Duration,
        limiter: CallLimiter,
        sharedLayer: String? = nil,
        metrics: any Metrics
    ) throws(DeclarationError) -> [BoundOperation] {
        let administered = (service.service as? any AdministeredModule)?.adminOperations ?? []
        let operations =
            service.service.operations.map { ($0, Audience.clients) } + administered.map { ($0, Audience.operators) }
        var problems: [String] = []
        var names: Set<String> = []
        for (operation, _) in operations {
            let name = "\(service.id).\(operation.name)"
            if !names.insert(name).inserted { problems.append("\(name) is declared twice") }
            problems += DeclarationCheck(operation).problems.map { "\(name) \($0)" }
        }
        if !problems.isEmpty { throw DeclarationError(problems: problems) }
        return operations.map { operation, audience in
            BoundOperation(
                module: service.id, name: "\(service.id).\(operation.name)", operation: operation, audience: audience,
                parameters: ParameterReader(operation, pathNames: DeclarationCheck(operation).pathNames),
                status: service.status,
                meters: OperationMeters(
                    module: service.id, operation: operation.name, sharedLayer: sharedLayer, metrics: metrics),
                limiter: limiter,
                ttl: operation.method == .get ? operation.ttl ?? defaultTTL : .zero)
        }
    }
}
