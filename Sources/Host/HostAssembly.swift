import BuiltIn
import HTTPTypes
import PluginAPI

/// A host put together from a configuration, with nothing opened yet: the composition root.
struct HostAssembly: Sendable {
    let configuration: HostConfiguration
    let clock: any HostClock
    let registry: MetricsRegistry
    let log: LogOutput
    let modules: ModuleHost
    let health: HostHealth
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

    static let version = "1.0.0"

    /// - Parameters:
    ///   - document: The same configuration with its origins, for the admin API; `nil` where there is none.
    ///   - secret: What tokens are signed with.
    /// - Throws: ``ModuleNotBuilt``, ``DeclarationError``, ``RouteTableError`` or ``MigrationError``,
    ///   each with a sentence that says what to mend.
    init(
        _ configuration: HostConfiguration,
        document: CheckedSetting? = nil,
        secret: Secret,
        clock: any HostClock = SystemClock()
    ) throws {
        let log = LogOutput(
            level: LogLevelSwitch(configuration.log.level), format: LogFormat(configuration.log.format), clock: clock,
            sink: StandardErrorSink())
        let registry = MetricsRegistry()
        ContractMetrics.register(in: registry)
        ProcessMetrics.register(in: registry, startedAt: clock.now)
        registry.gauge("config_generation", help: "Number of the configuration in use, from 1.", labels: []).set(1)
        let logger = HostLogger(module: "host", output: log)
        let board = ModuleStatusBoard { id, status in
            var metadata = ["id": id, "status": status.word]
            metadata["reason"] = status.reason
            if case .failed = status {
                logger.error("module status", metadata)
            } else {
                logger.info("module status", metadata)
            }
        }
        let invalidations = Invalidations(logger: logger)
        let factory = ModuleFactory(clock: clock, metrics: registry, invalidator: invalidations, board: board) {
            HostLogger(module: $0, output: log)
        }
        let made = try factory.make(configuration) { base in
            let id = type(of: base).descriptor.id
            let meters = StorageMeters(backend: id, metrics: registry, logger: logger)
            return MeteredStorage(base, meters: meters) { board[id] }
        }
        CacheMetrics.register(made.localCache, in: registry)
        let loaded = made.services.map { service in
            let id = service.moduleID
            return LoadedService(id: id, service: service) { board[id] }
        }
        guard let directory = made.services.lazy.compactMap({ $0 as? any AccountDirectory }).first else {
            throw ModuleNotBuilt.unknown("book")
        }
        let settings = Self.settings(configuration)
        let cacheCommands = CacheCommands(
            keys: CachedKeys(of: loaded, prefix: settings.keyPrefix, defaultTTL: settings.defaultTTL),
            cache: made.localCache, invalidations: invalidations, storage: made.storage, logger: logger)
        let queryPath = try QueryPath(
            services: loaded, hostOperations: cacheCommands.operations, directory: directory, cache: made.localCache,
            shared: (made.cache as? any SharedCache).map { SharedLayer($0, keyPrefix: configuration.cache.prefix) },
            invalidations: invalidations, cursors: CursorCodec(secret: Array(secret.revealed().utf8)),
            settings: settings, clock: clock, metrics: registry,
            logger: HostLogger(module: "query-path", output: log))
        let openAPI = OpenAPIDocument.make(services: loaded, version: Self.version)
        let health = HostHealth(modules: made.host)
        let signature = TokenSignature(secret: secret)
        let security = Security(configuration, signature: signature, clock: clock)
        let meters = RequestMeters(registry: registry)
        let accessLog = AccessLog(logger: HostLogger(module: "http", output: log))
        let pages = PublicPages(
            health: health, registry: registry, clock: clock, version: Self.version, openAPI: openAPI)

        self.configuration = configuration
        self.clock = clock
        self.registry = registry
        self.log = log
        self.modules = made.host
        self.health = health
        scheduler = Scheduler(
            loaded, clock: clock, metrics: registry, logger: HostLogger(module: "scheduler", output: log))
        self.migrator = try Migrator(storage: made.storage, clock: clock, modules: BuiltInModules.all)
        self.queryPath = queryPath
        self.openAPI = openAPI
        minter = TokenMinter(signature: signature)
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
            document: document)
        operators = RequestPipeline(
            publicRoutes: try RouteTable([]),
            protectedRoutes: try Self.adminRoutes(AdminPages(source: admin), queryPath),
            verifier: security.verifier, limiter: security.limiter,
            policy: .init(roles: [.operator], limitsRequests: false), meters: meters, accessLog: accessLog)
    }

    /// Verifier and limiter, shared by both listeners.
    private struct Security {
        let verifier: TokenVerifier
        let limiter: RequestLimiter

        init(_ configuration: HostConfiguration, signature: TokenSignature, clock: any HostClock) {
            verifier = TokenVerifier(
                signature: signature, roles: RoleNames(mapped: configuration.auth.roles),
                leeway: configuration.auth.leeway, clock: clock)
            let limits = configuration.limits
            limiter = RequestLimiter(
                rates: .init(
                    requests: RequestRate(perMinute: Int64(limits.requestsPerMinute)),
                    agentRequests: RequestRate(perMinute: Int64(limits.agentRequestsPerMinute)),
                    failedAuthentications: RequestRate(perMinute: Int64(limits.failedAuthPerMinute))),
                clock: clock)
        }
    }

    private static func settings(_ configuration: HostConfiguration) -> QueryPathSettings {
        var settings = QueryPathSettings()
        settings.keyPrefix = configuration.cache.prefix
        settings.defaultTTL = configuration.cache.defaultTTL
        settings.staleIfError = configuration.cache.staleIfError
        settings.compressFrom = configuration.compressFrom
        settings.bodyMax = configuration.limits.bodyMax
        settings.callTimeout = configuration.limits.requestTimeout
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
