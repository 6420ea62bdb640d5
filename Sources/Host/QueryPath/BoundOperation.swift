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
    /// Shared by all operations of the module that have the same audience.
    let gate: ModuleGate
    /// How long a call may take.
    let deadline: Duration
    /// Bytes of a reply.
    let replyMax: Int
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

    /// Whether answers are kept at all.
    var isKept: Bool { ttl > .zero }

    var method: HTTPRequest.Method { HTTPRequest.Method(operation.method.rawValue) ?? .get }

    private init(
        _ operation: Operation,
        _ audience: Audience,
        of module: String,
        status: @escaping @Sendable () -> ModuleStatus,
        defaultTTL: Duration,
        gate: ModuleGate,
        limits: ModuleLimits,
        meters: OperationMeters
    ) {
        self.module = module
        name = "\(module).\(operation.name)"
        self.operation = operation
        self.audience = audience
        template = audience.prefix + operation.path
        parameters = ParameterReader(operation, pathNames: DeclarationCheck(operation).pathNames)
        self.status = status
        self.meters = meters
        self.gate = gate
        (deadline, replyMax) = limits.narrowed(by: operation.limits)
        ttl = operation.method == .get ? operation.ttl ?? defaultTTL : .zero
    }

    /// Binds every operation of a service, those for operators included.
    ///
    /// - Throws: ``DeclarationError`` with everything that is wrong with the declarations.
    static func bind(
        _ service: LoadedService,
        defaultTTL: Duration,
        gates: ModuleGates,
        limits: ModuleLimits,
        sharedLayer: String? = nil,
        metrics: any Metrics
    ) throws(DeclarationError) -> [BoundOperation] {
        try bind(
            service.allOperations, of: service.id, status: service.status,
            statusForOperators: service.statusForOperators, defaultTTL: defaultTTL, gates: gates, limits: limits,
            sharedLayer: sharedLayer, metrics: metrics)
    }

    /// Binds operations under the name of a module, which for those of the host itself is no module.
    static func bind(
        _ operations: [(operation: Operation, audience: Audience)],
        of module: String,
        status: @escaping @Sendable () -> ModuleStatus,
        statusForOperators: (@Sendable () -> ModuleStatus)? = nil,
        defaultTTL: Duration,
        gates: ModuleGates,
        limits: ModuleLimits,
        sharedLayer: String? = nil,
        metrics: any Metrics
    ) throws(DeclarationError) -> [BoundOperation] {
        var problems: [String] = []
        var names: Set<String> = []
        for (operation, _) in operations {
            let name = "\(module).\(operation.name)"
            if !names.insert(name).inserted { problems.append("\(name) is declared twice") }
            problems += DeclarationCheck(operation).problems.map { "\(name) \($0)" }
        }
        if !problems.isEmpty { throw DeclarationError(problems: problems) }
        return operations.map { operation, audience in
            BoundOperation(
                operation, audience, of: module,
                status: audience == .operators ? statusForOperators ?? status : status, defaultTTL: defaultTTL,
                gate: gates.gate(for: audience), limits: limits,
                meters: OperationMeters(
                    module: module, operation: operation.name, sharedLayer: sharedLayer, metrics: metrics))
        }
    }
}
