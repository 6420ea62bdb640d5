import BuiltIn
import HTTPTypes
import PluginAPI

/// A host put together from a configuration, with nothing opened yet: the composition root.
///
/// It is one *generation*: a changed configuration makes another beside it, on the same foundation and with the modules
/// that it would make from the same, and takes its place.
struct HostAssembly: Sendable {
    let configuration: HostConfiguration
    /// The same configuration with its origins; `nil` where there is none.
    let document: CheckedSetting?
    /// Counts configurations in use since the start, from 1.
    let generation: Int
    let foundation: HostFoundation
    let loaded: LoadedModules
    let scheduler: Scheduler
    let migrator: Migrator
    let queryPath: QueryPath
    let operations: RouteTable<BoundOperation>
    /// What clients are answered by.
    let clients: RequestPipeline
    /// What operators are answered by, on their own listener.
    let operators: RequestPipeline
    let minter: TokenMinter
    let openAPI: [UInt8]
    private let security: Security

    static let version = "1.0.0"

    var clock: any HostClock { foundation.clock }
    var registry: MetricsRegistry { foundation.registry }
    var log: LogOutput { foundation.log }
    var modules: ModuleHost { loaded.host }

    /// - Parameters:
    ///   - document: The same configuration with its origins, for the admin API; `nil` where there is none.
    ///   - secret: What tokens are signed with.
    ///   - foundation: What outlives configurations; `nil` makes it.
    ///   - previous: The generation in use, from which is carried over what stays the same.
    /// - Throws: ``ModuleNotBuilt``, ``DeclarationError``, ``RouteTableError`` or ``MigrationError``,
    ///   each with a sentence that says what to mend.
    init(
        _ configuration: HostConfiguration,
        document: CheckedSetting? = nil,
        secret: Secret,
        on foundation: HostFoundation? = nil,
        after previous: HostAssembly? = nil
    ) throws {
        let foundation = foundation ?? previous?.foundation ?? HostFoundation(configuration)
        let (clock, registry, invalidations) = (foundation.clock, foundation.registry, foundation.invalidations)
        let (logger, board) = (foundation.logger("host"), foundation.board())
        let factory = ModuleFactory(
            clock: clock, metrics: registry, invalidator: invalidations, board: board,
            registered: foundation.registered, previous: previous?.loaded, logger: { foundation.logger($0) })
        TrapWatch.shared.report(to: logger)
        let made = try factory.make(configuration) { base in
            let id = type(of: base).descriptor.id
            let meters = StorageMeters(backend: id, metrics: registry, logger: logger)
            let record = board.record(of: id)
            return MeteredStorage(base, meters: meters) { record.status }
        }
        for id in foundation.modules.disabled { board.setSwitchedOff(true, id) }
        let loaded = made.services.map { service in
            let id = service.moduleID
            let record = board.record(of: id)
            let gates = board.gates(of: id, limits: configuration.limits(of: id), metrics: registry)
            return LoadedService(
                id: id, service: service, status: { record.status }, statusForOperators: { record.statusForOperators },
                gates: gates, source: configuration.source(of: id), scheduledWork: record.scheduledWork,
                deliveries: record.deliveries)
        }
        guard let directory = made.services.lazy.compactMap({ $0 as? any AccountDirectory }).first else {
            throw ModuleNotBuilt.unknown("book")
        }
        var settings = Self.settings(configuration)
        if !foundation.spreadsTTLs { settings.jitter = { 1_000 } }
        let audit = AdminAudit(storage: made.storage)
        let cacheCommands = CacheCommands(
            keys: CachedKeys(of: loaded, prefix: settings.keyPrefix, defaultTTL: settings.defaultTTL),
            cache: made.localCache, invalidations: invalidations, audit: audit, logger: logger)
        let reloadCommand = ReloadCommand(desk: foundation.reloading, audit: audit)
        let moduleCommands = ModuleCommands(desk: foundation.modules, audit: audit, logger: logger)
        let shared = made.cache as? any SharedCache
        if let shared, !made.made.isCarried(type(of: shared).descriptor.id) { invalidations.listen(to: shared) }
        let isDirectoryCarried = made.made.isCarried(type(of: directory).descriptor.id)
        let queryPath = try QueryPath(
            services: loaded,
            hostOperations: cacheCommands.operations + [reloadCommand.operation] + moduleCommands.operations,
            directory: directory, known: isDirectoryCarried ? previous?.queryPath.known : nil,
            cache: made.localCache, shared: shared.map { SharedLayer($0, keyPrefix: configuration.cache.prefix) },
            invalidations: invalidations, cursors: CursorCodec(secret: Array(secret.revealed().utf8)),
            settings: settings, clock: clock, metrics: registry, logger: foundation.logger("query-path"))
        let openAPI = OpenAPIDocument.make(services: loaded, version: Self.version)
        let health = HostHealth(modules: made.host, shutdown: foundation.shutdown)
        let security = Security(configuration, secret, clock: clock, after: previous?.security)
        let meters = RequestMeters(registry: registry)
        let accessLog = AccessLog(logger: foundation.logger("http"))
        let pages = PublicPages(
            health: health, registry: registry, clock: clock, version: Self.version, openAPI: openAPI)

        self.configuration = configuration
        self.document = document
        self.foundation = foundation
        self.security = security
        self.loaded = made
        generation = (previous?.generation ?? 0) + 1
        scheduler = Scheduler(loaded, clock: clock, metrics: registry, logger: foundation.logger("scheduler"))
        self.migrator = try Migrator(storage: made.storage, clock: clock, modules: BuiltInModules.all)
        self.queryPath = queryPath
        self.openAPI = openAPI
        minter = TokenMinter(signature: TokenSignature(secret: secret))
        operations = try RouteTable(
            queryPath.operations.map { .init(method: $0.method, template: $0.template, target: $0) })
        clients = RequestPipeline(
            publicRoutes: try Self.readRoutes(pages.endpoints),
            protectedRoutes: try RouteTable(queryPath.operations.map { Self.entry($0, queryPath) }),
            verifier: security.verifier, limiter: security.limiter,
            policy: .init(cors: CORSPolicy(origins: configuration.corsOrigins)), meters: meters, accessLog: accessLog,
            answersAtHand: queryPath)
        let admin = HostAdmin(
            modules: made.host, operations: queryPath.operations + queryPath.adminOperations, cacheModule: made.cache,
            configuration: configuration, document: document, configurationGeneration: generation)
        operators = RequestPipeline(
            publicRoutes: try RouteTable([]),
            protectedRoutes: try Self.adminRoutes(AdminPages(source: admin), queryPath),
            verifier: security.verifier, limiter: security.limiter,
            policy: .init(roles: [.operator], limitsRequests: false), meters: meters, accessLog: accessLog)
        if previous == nil { announce() }
    }

    /// Tells all that outlives configurations of this one, which is in use from now on.
    func announce() {
        if log.level.level != configuration.log.level { log.level.level = configuration.log.level }
        CacheMetrics.register(loaded.localCache, in: registry)
        scheduler.announce()
        // Of those that are carried over; new ones have them already.
        for service in loaded.services {
            let id = service.moduleID
            loaded.host.board.record(of: id).gates?.apply(configuration.limits(of: id))
        }
        registry.gauge("config_generation", help: "Number of the configuration in use, from 1.", labels: [])
            .set(Double(generation))
    }

    /// Verifier and limiter, shared by both listeners.
    struct Security {
        let verifier: TokenVerifier
        let limiter: RequestLimiter
        private let secret: Secret
        private let auth: HostConfiguration.Auth
        private let limits: HostConfiguration.Limits

        /// What is decided by the same as before goes on: tokens stay verified, and what callers have used up stays used.
        init(
            _ configuration: HostConfiguration,
            _ secret: Secret,
            clock: any HostClock,
            after previous: Security?
        ) {
            (auth, limits, self.secret) = (configuration.auth, configuration.limits, secret)
            let (auth, limits) = (auth, limits)
            let sameTokens = previous.flatMap { previous in
                previous.secret == secret && previous.auth.roles == auth.roles && previous.auth.leeway == auth.leeway
                    ? previous.verifier : nil
            }
            verifier =
                sameTokens
                ?? TokenVerifier(
                    signature: TokenSignature(secret: secret), roles: RoleNames(mapped: auth.roles),
                    leeway: auth.leeway, clock: clock)
            let sameRates = previous.flatMap { $0.limits.rates == limits.rates ? $0.limiter : nil }
            limiter =
                sameRates
                ?? RequestLimiter(
                    rates: .init(
                        requests: RequestRate(perMinute: Int64(limits.requestsPerMinute)),
                        agentRequests: RequestRate(perMinute: Int64(limits.agentRequestsPerMinute)),
                        failedAuthentications: RequestRate(perMinute: Int64(limits.failedAuthPerMinute))),
                    clock: clock)
        }

        func hasSecret(of other: Security) -> Bool { secret == other.secret }
    }

    /// Whether answers that another generation has kept are this one's too, as far as the host is concerned: they name
    /// cursors that it reads, and may be served for as long.
    func keepsAnswers(of other: HostAssembly) -> Bool {
        security.hasSecret(of: other.security)
            && queryPath.settings.staleIfError == other.queryPath.settings.staleIfError
    }

    private static func settings(_ configuration: HostConfiguration) -> QueryPathSettings {
        var settings = QueryPathSettings()
        settings.keyPrefix = configuration.cache.prefix
        settings.defaultTTL = configuration.cache.defaultTTL
        settings.staleIfError = configuration.cache.staleIfError
        settings.compressFrom = configuration.compressFrom
        settings.bodyMax = configuration.limits.bodyMax
        settings.callTimeout = configuration.limits.requestTimeout
        settings.moduleLimits = configuration.modules.limits
        return settings
    }

    private static func readRoutes(
        _ endpoints: [(path: String, endpoint: Endpoint)]
    ) throws(RouteTableError) -> RouteTable<Endpoint> {
        try RouteTable(endpoints.map { .init(method: .get, template: $0.path, target: $0.endpoint) })
    }

    /// The host's own pages, and what modules declare for operators.
    private static func adminRoutes(
        _ pages: AdminPages,
        _ queryPath: QueryPath
    ) throws(RouteTableError) -> RouteTable<Endpoint> {
        let own = pages.endpoints.map { page in
            RouteTable<Endpoint>.Entry(method: .get, template: page.path, target: page.endpoint)
        }
        return try RouteTable(own + queryPath.adminOperations.map { entry($0, queryPath) })
    }

    private static func entry(_ operation: BoundOperation, _ queryPath: QueryPath) -> RouteTable<Endpoint>.Entry {
        let endpoint = Endpoint(takesBody: operation.operation.method != .get) { call in
            guard let caller = call.caller else {
                let problem = Problem(status: 401, title: "Unauthorized", detail: "This needs a token.")
                return ProblemAnswer.make(problem, requestID: call.request.requestID)
            }
            return await queryPath.answer(
                operation, to: call.request, pathParameters: call.pathParameters, caller: caller)
        }
        return .init(method: operation.method, template: operation.template, target: endpoint)
    }
}
