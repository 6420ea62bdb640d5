import HTTPTypes
import PluginAPI

/// An operation of a loaded service with everything made ready to serve it: the target of a route.
///
/// An object, because every request passes it on.
final class BoundOperation: Sendable {
    /// The module's ID.
    let module: String
    /// `module.operation`, unique in the host.
    let name: String
    let operation: Operation
    /// Which listener answers it.
    let audience: Audience
    /// The whole path: what the route table and the metrics know it by.
    let template: String
    let parameters: ParameterReader
    let status: @Sendable () -> ModuleStatus
    let meters: OperationMeters
    /// Shared by all operations of the module.
    let limiter: CallLimiter
    /// How long its answers are fresh; zero when they are not kept.
    let ttl: Duration

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

    var method: HTTPRequest.Method { HTTPRequest.Method(operation.method.rawValue) ?? .get }

    private init(
        _ operation: Operation,
        _ audience: Audience,
        of service: LoadedService,
        defaultTTL: Duration,
        limiter: CallLimiter,
        meters: OperationMeters
    ) {
        module = service.id
        name = "\(service.id).\(operation.name)"
        self.operation = operation
        self.audience = audience
        template = audience.prefix + operation.path
        parameters = ParameterReader(operation, pathNames: DeclarationCheck(operation).pathNames)
        status = service.status
        self.meters = meters
        self.limiter = limiter
        ttl = operation.method == .get ? operation.ttl ?? defaultTTL : .zero
    }

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
                operation, audience, of: service, defaultTTL: defaultTTL, limiter: limiter,
                meters: OperationMeters(
                    module: service.id, operation: operation.name, sharedLayer: sharedLayer, metrics: metrics))
        }
    }
}
