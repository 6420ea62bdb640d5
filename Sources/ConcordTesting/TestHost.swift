import Host
public import PluginAPI
public import PluginTesting

/// A host for tests: the real query path, the real SQLite in a temporary folder, the in-process cache, and a clock that
/// stands still until a test moves it.
///
/// ```swift
/// try await TestHost.run(TurnoverModule.self) { host in
///     try await host.book.fill()
///     let reply = try await host.ask("turnover", "bySymbol", as: .user("ann"))
///     #expect(reply.rows.count == 2)
/// }
/// ```
///
/// What a host does by itself, scheduled work and the sending of events, it leaves undone.
public struct TestHost: Sendable {
    /// The host's time: 2026-01-05T10:00:00Z at first.
    public let clock: ManualClock
    private let host: EmbeddedHost

    /// Runs `body` on a host with these services and what they require, and takes everything away afterwards.
    ///
    /// - Parameters:
    ///   - services: Compiled in or not. One that is not has what a host lends a dynamic module: the views, and no storage.
    ///   - settings: Sections of the configuration by module ID, as YAML: `["turnover": "{ days: 7 }"]`.
    ///   - sqlModules: A directory of SQL modules, such as `config/queries`; `nil` loads none.
    /// - Throws: `EmbeddedHostError` when the host does not open or a service does not start, and what `body` throws.
    public static func run(
        _ services: any QueryService.Type...,
        settings: [ModuleDescriptor.ModuleID: String] = [:],
        sqlModules: String? = nil,
        clock: ManualClock = ManualClock(),
        _ body: (TestHost) async throws -> Void
    ) async throws {
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        let configuration = TestConfiguration(
            services: services.map { $0.descriptor.id }, settings: settings, sqlModules: sqlModules,
            directory: directory.path)
        let host = try await EmbeddedHost.open(configuration: configuration.text, clock: clock, services: services)
        do {
            try Self.check(services, in: host)
            try await body(TestHost(clock: clock, host: host))
        } catch {
            await host.close()
            throw error
        }
        await host.close()
    }

    /// A service that has failed would answer 503 to everything; its own words say more.
    private static func check(_ services: [any QueryService.Type], in host: EmbeddedHost) throws {
        for id in services.map({ $0.descriptor.id }) {
            let status = host.status(of: id)
            if status != "ok" { throw TestHostError(reason: "module \(id) is \(status)") }
        }
    }

    /// Puts accounts, trades and snapshots into the host's book.
    public var book: FixtureBook { FixtureBook(host: self) }

    /// Runs an operation by the module's ID and its name.
    ///
    /// - Parameters:
    ///   - parameters: Path and query parameters, as a client writes them.
    ///   - body: JSON, for commands.
    ///   - caller: Who asks; `nil` asks without a token.
    /// - Throws: ``TestHostError`` when no loaded module has the operation. A refusal is a reply, not an error.
    public func ask(
        _ module: ModuleDescriptor.ModuleID,
        _ operation: String,
        _ parameters: KeyValuePairs<String, String> = [:],
        body: String? = nil,
        as caller: Caller?
    ) async throws -> TestReply {
        try await ask(module, operation, parameters.map { ($0.key, $0.value) }, body: body, as: caller)
    }

    func ask(
        _ module: ModuleDescriptor.ModuleID,
        _ operation: String,
        _ parameters: [(String, String)],
        body: String?,
        as caller: Caller?
    ) async throws -> TestReply {
        guard let target = host.operations.first(where: { $0.module == module && $0.name == operation }) else {
            let names = host.operations.filter { $0.module == module }.map(\.name)
            let there = names.isEmpty ? "no such module is loaded" : "it has: \(names.joined(separator: ", "))"
            throw TestHostError(reason: "module \(module) has no operation \(operation); \(there)")
        }
        var call = target.call(parameters.map { (name: $0.0, value: $0.1) })
        call.caller = caller
        return await send(call, body)
    }

    /// Runs whatever answers at a path: `/api/v1/turnover`.
    public func ask(
        path: String,
        _ parameters: KeyValuePairs<String, String> = [:],
        method: PluginAPI.Operation.Method = .get,
        body: String? = nil,
        as caller: Caller?
    ) async -> TestReply {
        let call = EmbeddedCall(
            method, path, parameters: parameters.map { (name: $0.key, value: $0.value) }, caller: caller)
        return await send(call, body)
    }

    private func send(_ call: EmbeddedCall, _ body: String?) async -> TestReply {
        var call = call
        if let body {
            call.headers.append(("content-type", "application/json"))
            call.body = Array(body.utf8)
        }
        return TestReply(await host.answer(call))
    }
}

/// Why a test cannot go on.
public struct TestHostError: Error, Equatable, CustomStringConvertible, Sendable {
    /// One sentence, or the reply that was not expected.
    public let reason: String

    public init(reason: String) {
        self.reason = reason
    }

    public var description: String { reason }
}

extension Caller {
    /// Reads and acts on their own accounts.
    public static func user(_ subject: String) -> Caller { Caller(subject: subject, role: .user) }

    /// A program that writes for every account.
    public static let agent = Caller(subject: "bot", role: .agent, grant: .all)

    /// Runs the platform.
    public static let `operator` = Caller(subject: "root", role: .operator)
}
