import HTTPTypes
import PluginAPI

/// An operation of a loaded service with everything made ready to serve it: the target of a route.
struct BoundOperation: Sendable {
    /// The module's ID.
    var module: String
    /// `module.operation`, unique in the host.
    var name: String
    var operation: Operation
    var parameters: ParameterReader
    var status: @Sendable () -> ModuleStatus
    var meters: OperationMeters
    /// Shared by all operations of the module.
    var limiter: CallLimiter
    /// How long its answers are fresh; zero when they are not kept.
    var ttl: Duration

    static let prefix = "/api/v1"

    /// The whole path: what the route table and the metrics know it by.
    var template: String { BoundOperation.prefix + operation.path }

    var method: HTTPRequest.Method { HTTPRequest.Method(operation.method.rawValue) ?? .get }

    /// Binds every operation of a service.
    ///
    /// - Throws: ``DeclarationError`` with everything that is wrong with the declarations.
    static func bind(
        _ service: LoadedService,
        defaultTTL: Duration,
        limiter: CallLimiter,
        metrics: any Metrics
    ) throws(DeclarationError) -> [BoundOperation] {
        let operations = service.service.operations
        var problems: [String] = []
        var names: Set<String> = []
        for operation in operations {
            let name = "\(service.id).\(operation.name)"
            if !names.insert(name).inserted { problems.append("\(name) is declared twice") }
            problems += DeclarationCheck(operation).problems.map { "\(name) \($0)" }
        }
        if !problems.isEmpty { throw DeclarationError(problems: problems) }
        return operations.map { operation in
            BoundOperation(
                module: service.id, name: "\(service.id).\(operation.name)", operation: operation,
                parameters: ParameterReader(operation, pathNames: DeclarationCheck(operation).pathNames),
                status: service.status,
                meters: OperationMeters(module: service.id, operation: operation.name, metrics: metrics),
                limiter: limiter,
                ttl: operation.method == .get ? operation.ttl ?? defaultTTL : .zero)
        }
    }
}
