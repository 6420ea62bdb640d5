import HTTPTypes
import PluginAPI
import Synchronization

/// The one path that serves every operation of every service, from a matched route to an answer.
///
/// ```
/// role ► parameters ► authorise ► key ► L1 ─hit──────────────────────► answer
///                                       └─miss─► single flight ► service ► encode once ► L1 ─► answer
/// ```
///
/// Authorisation comes before every look-up, and the key's scope is the owner after authorisation: two users never share an
/// answer, whatever a service does.
final class QueryPath: Sendable {
    /// Everything that clients can ask, in the order of the services.
    let operations: [BoundOperation]
    /// Everything that operators can ask on their own listener.
    let adminOperations: [BoundOperation]
    let settings: QueryPathSettings
    let access: AccessRules
    let known: KnownAccounts
    /// L1; `nil` for `cache.use: none`, when single flight stays.
    let cache: (any SynchronousCache)?
    /// What hosts share, behind L1.
    let shared: SharedLayer?
    let invalidations: Invalidations
    let cursors: CursorCodec
    let clock: any HostClock
    let logger: any Logger
    /// Held by everything that this path is still answering: it ends with the path.
    let use = PathUse()
    private let listener: Invalidations.Listener
    private let retired = Atomic<Bool>(false)
    let flights = SingleFlight<BuiltAnswer>()
    let prepared = PreparedQueries()
    /// `nil` when nothing is compressed.
    let packedBodies: GzipBodies?

    /// The name under which the host's own operations are counted.
    static let hostModule = "host"
    /// - Parameters:
    ///   - hostOperations: What the host itself does for operators.
    ///   - known: What is known of the directory already; `nil` for nothing yet.
    /// - Throws: ``DeclarationError`` when a service's declarations cannot be served.
    init(
        services: [LoadedService],
        hostOperations: [Operation] = [],
        directory: any AccountDirectory,
        known: KnownAccounts? = nil,
        cache: (any SynchronousCache)?,
        shared: SharedLayer? = nil,
        invalidations: Invalidations,
        cursors: CursorCodec,
        settings: QueryPathSettings = QueryPathSettings(),
        clock: any HostClock,
        metrics: any Metrics,
        logger: any Logger
    ) throws(DeclarationError) {
        var operations: [BoundOperation] = []
        for service in services {
            let limits = settings.moduleLimits.limits(of: service.id, from: service.source)
            operations += try BoundOperation.bind(
                service, defaultTTL: settings.defaultTTL,
                gates: service.gates ?? ModuleGates(service.id, limits: limits, metrics: metrics), limits: limits,
                sharedLayer: shared?.name, metrics: metrics)
        }
        // Nobody can disable what mends the rest, and it may take as long as any request.
        let ownLimits = ModuleLimits(deadline: settings.callTimeout, failuresMax: 0)
        operations += try BoundOperation.bind(
            hostOperations.map { ($0, .operators) }, of: Self.hostModule, status: { .ok },
            defaultTTL: settings.defaultTTL,
            gates: ModuleGates(Self.hostModule, limits: ownLimits, metrics: metrics), limits: ownLimits,
            metrics: metrics)
        let known = known ?? KnownAccounts(directory: directory)
        listener = invalidations.attach(known: known, cache: cache, shared: shared?.cache)
        self.known = known
        self.operations = operations.filter { $0.audience == .clients }
        adminOperations = operations.filter { $0.audience == .operators }
        self.settings = settings
        packedBodies = settings.compressFrom.map { GzipBodies(bodyMin: $0) }
        self.access = AccessRules(known: known)
        self.cache = cache
        self.shared = shared
        self.invalidations = invalidations
        self.cursors = cursors
        self.clock = clock
        self.logger = logger
    }

    /// Keeps nothing any more: another configuration takes over, and what this one answers from now on is for requests under
    /// way alone. What it has kept already is judged by its tags like everything else.
    func retire() { retired.store(true, ordering: .sequentiallyConsistent) }

    var isRetired: Bool { retired.load(ordering: .sequentiallyConsistent) }

    /// Answers a request that the route table has matched. Never throws: every failure is an answer.
    ///
    /// - Parameter segments: The path's parameters, decoded.
    func answer(
        _ target: BoundOperation,
        to incoming: IncomingRequest,
        pathParameters segments: [String: String],
        caller: Caller
    ) async -> OutgoingAnswer {
        var answer: OutgoingAnswer
        do {
            try QueryPath.checkServing(target)
            try AccessRules.checkRole(caller, for: target.operation)
            if target.operation.method == .get {
                answer = try await query(target, incoming, segments, caller)
            } else {
                answer = try await command(target, incoming, segments, caller)
            }
        } catch {
            answer = refusal(error, of: target, incoming)
        }
        return incoming.method == .head ? QueryAnswer.withoutBody(answer) : answer
    }

    static func checkServing(_ target: BoundOperation) throws(Problem) {
        let status = target.status()
        guard !status.isServing else { return }
        if status == .disabled { throw .disabled(target.module) }
        // Why is for operators.
        throw .unavailable("The service \(target.module) is \(status.word).", retryAfter: 5)
    }

    func refusal(_ failure: any Error, of target: BoundOperation, _ incoming: IncomingRequest) -> OutgoingAnswer {
        ProblemAnswer.make(
            problem(for: failure, of: target, requestID: incoming.requestID), requestID: incoming.requestID)
    }

    /// What a client is told after a failure; one that is ours is logged.
    func problem(for failure: any Error, of target: BoundOperation, requestID: String) -> Problem {
        if FailureAnswer.isLogged(failure) {
            logger.error(
                "operation failed",
                [
                    "module": target.module, "operation": target.name, "request_id": requestID,
                    "error": String(describing: failure),
                ])
        }
        return FailureAnswer.problem(for: failure)
    }
}

extension Problem {
    /// What those are told who ask for a module that is disabled.
    static func disabled(_ module: ModuleDescriptor.ModuleID) -> Problem {
        .unavailable("The service \(module) has been disabled by an operator.", retryAfter: 60)
    }
}
