import BuiltIn
import HTTPTypes
public import PluginAPI

/// A host inside another program: all of it but the listeners, the scheduler and the signals. The test kit is made of it.
///
/// A call takes the way of every request, from the token to the cache; only the socket is left out. TTLs are exact.
public struct EmbeddedHost: Sendable {
    private let assembly: HostAssembly
    /// What the loaded modules and the host answer.
    public let operations: [EmbeddedOperation]

    /// Puts a host together and opens it: storage, schema, cache and services.
    ///
    /// - Parameters:
    ///   - configuration: The text of a `concord.yaml`; neither environment nor flags are laid over it.
    ///   - clock: What the host and its modules take for the time.
    ///   - services: Query services that may be configured besides those that are compiled in.
    /// - Throws: ``EmbeddedHostError`` for a configuration or a module that is not good, or a storage that does not open.
    public static func open(
        configuration text: String,
        clock: any HostClock,
        services: [any QueryService.Type] = []
    ) async throws -> EmbeddedHost {
        let known = Set(BuiltInModules.services.map { $0.descriptor.id })
        let more = services.filter { !known.contains($0.descriptor.id) }
        var catalog = ModuleCatalog.compiledIn
        catalog.services += more.map { ModuleCatalog.Entry($0) }
        let report = ConfigurationLoader(catalog: catalog).load(
            ConfigurationSource(name: "configuration", text: text)
        ).withSQLModules(catalog: catalog)
        guard let configuration = report.configuration else { throw EmbeddedHostError(reason: report.text) }
        var foundation = HostFoundation(configuration, clock: clock, registered: BuiltInModules.services + more)
        foundation.spreadsTTLs = false
        do {
            let assembly = try HostAssembly(
                configuration, document: report.document, secret: configuration.auth.secret.obtain(), on: foundation)
            try await Startup(assembly: assembly).open()
            return EmbeddedHost(assembly)
        } catch {
            throw EmbeddedHostError(reason: "\(error)")
        }
    }

    private init(_ assembly: HostAssembly) {
        self.assembly = assembly
        let bound = assembly.queryPath.operations + assembly.queryPath.adminOperations
        operations = bound.map {
            EmbeddedOperation(
                module: $0.module, name: $0.operation.name, method: $0.operation.method, template: $0.template)
        }
    }

    /// How a module is, as `/ready` says it: `ok`, or what is wrong; `disabled` for one that is not loaded.
    public func status(of module: ModuleDescriptor.ModuleID) -> String {
        let status = assembly.modules.board[module]
        return [status.word, status.reason].compactMap { $0 }.joined(separator: ": ")
    }

    /// Answers a call as the host's listeners would: paths below `/admin` are the operators' listener's.
    public func answer(_ call: EmbeddedCall) async -> EmbeddedAnswer {
        let pipeline = call.path.hasPrefix("/admin") ? assembly.operators : assembly.clients
        let request = request(for: call)
        let answer =
            switch pipeline.admit(request) {
            case .answered(let answer, _): answer
            case .admitted(let admitted): await admitted.answer(request)
            }
        let headers = answer.headers.map { (name: $0.name.canonicalName, value: $0.value) }
        return EmbeddedAnswer(status: answer.status.code, headers: headers, body: answer.body)
    }

    private func request(for call: EmbeddedCall) -> IncomingRequest {
        let now = assembly.clock.now
        var headers = HTTPFields()
        for (name, value) in call.headers {
            if let name = HTTPField.Name(name) { headers[name] = value }
        }
        if let caller = call.caller {
            headers[.authorization] = "Bearer \(assembly.minter.mint(caller, at: now, lifetime: .seconds(60)))"
        }
        let query = call.parameters.map { "\(PercentEncoding.encode($0.name))=\(PercentEncoding.encode($0.value))" }
        return IncomingRequest(
            method: HTTPRequest.Method(call.method.rawValue) ?? .get, path: call.path,
            query: query.isEmpty ? nil : query.joined(separator: "&"), headers: headers, body: call.body,
            peer: "127.0.0.1", requestID: "r-1", receivedAt: now)
    }

    /// Stops the modules in reverse order and closes the storage.
    public func close() async {
        await assembly.modules.shutDown()
    }
}

/// What can be called, and where.
public struct EmbeddedOperation: Sendable {
    /// The module's ID.
    public let module: ModuleDescriptor.ModuleID
    /// Unique in its module: `bySymbol`.
    public let name: String
    public let method: PluginAPI.Operation.Method
    /// The whole path with parameters in braces: `/api/v1/positions/{position_id}`.
    public let template: String

    /// The call of this operation: parameters that the template names go into the path, the others into the query.
    public func call(_ parameters: [(name: String, value: String)]) -> EmbeddedCall {
        var (path, rest) = (template, parameters)
        for parameter in parameters where path.contains("{\(parameter.name)}") {
            path = path.replacing("{\(parameter.name)}", with: PercentEncoding.encode(parameter.value))
            rest.removeAll { $0.name == parameter.name }
        }
        return EmbeddedCall(method, path, parameters: rest)
    }
}

/// One request.
public struct EmbeddedCall: Sendable {
    public var method: PluginAPI.Operation.Method
    /// Percent-encoded, without the query.
    public var path: String
    /// Of the query, as the client means them: they are percent-encoded here.
    public var parameters: [(name: String, value: String)]
    /// Who asks; a token is minted for them. `nil` asks without one.
    public var caller: Caller?
    public var headers: [(name: String, value: String)] = []
    public var body: [UInt8] = []

    public init(
        _ method: PluginAPI.Operation.Method,
        _ path: String,
        parameters: [(name: String, value: String)] = [],
        caller: Caller? = nil
    ) {
        self.method = method
        self.path = path
        self.parameters = parameters
        self.caller = caller
    }
}

/// Its answer, complete but for what the socket adds.
public struct EmbeddedAnswer: Sendable {
    public let status: Int
    /// Names in lower case.
    public let headers: [(name: String, value: String)]
    public let body: [UInt8]
}

/// Why there is no host.
public struct EmbeddedHostError: Error, CustomStringConvertible, Sendable {
    /// In the words of the command line; several lines for several mistakes.
    public let reason: String

    public var description: String { reason }
}
