import HTTPTypes
import NIOHTTP1
import PluginAPI

/// The way of every request through the host, without sockets: public routes first, then authentication, limits, roles,
/// and the route's endpoint.
///
/// A path that is not public needs a token before anybody is told whether it exists.
struct RequestPipeline: RequestHandler {
    private let publicRoutes: RouteTable<Endpoint>
    private let protectedRoutes: RouteTable<Endpoint>
    private let verifier: TokenVerifier
    private let limiter: RequestLimiter
    private let policy: Policy
    private let meters: RequestMeters
    private let accessLog: AccessLog
    private let hits: HitPath?

    /// What differs between the public listener and the admin listener.
    struct Policy: Sendable {
        /// Roles that may use the protected routes at all.
        var roles: Set<Role> = Set(Role.allCases)
        /// Whether requests with a good token are counted against their subject's rate.
        var limitsRequests = true
        var cors = CORSPolicy(origins: [])

        /// Adds what every answer carries.
        func complete(_ answer: OutgoingAnswer, _ request: IncomingRequest, _ rate: RateDecision?) -> OutgoingAnswer {
            var answer = answer
            answer.headers[.requestID] = request.requestID
            answer.headers[.xContentTypeOptions] = "nosniff"
            rate?.mark(&answer.headers)
            cors.mark(&answer.headers, for: request.headers[.origin])
            return answer
        }
    }

    /// - Parameter queryPath: Whose answers at hand are given without a route being looked for; `nil` for no such answers.
    init(
        publicRoutes: RouteTable<Endpoint>,
        protectedRoutes: RouteTable<Endpoint>,
        verifier: TokenVerifier,
        limiter: RequestLimiter,
        policy: Policy = Policy(),
        meters: RequestMeters,
        accessLog: AccessLog,
        answersAtHand queryPath: QueryPath? = nil
    ) {
        self.publicRoutes = publicRoutes
        self.protectedRoutes = protectedRoutes
        self.verifier = verifier
        self.limiter = limiter
        self.policy = policy
        self.meters = meters
        self.accessLog = accessLog
        hits = queryPath.map {
            HitPath(
                queryPath: $0, verifier: verifier, limiter: limiter, policy: policy, meters: meters,
                accessLog: accessLog)
        }
    }

    func admit(_ request: IncomingRequest) -> Admission {
        if CORSPolicy.isPreflight(request) { return preflight(request) }
        switch publicRoutes.match(method: request.method, path: request.path) {
        case .found(let endpoint, let template, let parameters):
            return admitted(endpoint, parameters, nil, nil, RequestLabel(route: template))
        case .methodNotAllowed(let template, let allow):
            return answered(Self.methodNotAllowed(allow, request), RequestLabel(route: template), request)
        case .badPath: return answered(ProblemAnswer.badPath(requestID: request.requestID), .unmatched, request)
        case .notFound: return admitProtected(request)
        }
    }

    func immediate(_ head: HTTPRequestHead, peer: String, to writer: AnswerWriter) -> ImmediateAnswer {
        hits?.answer(head, peer: peer, to: writer) ?? .usual
    }

    func refuse(_ problem: Problem, _ request: IncomingRequest) -> OutgoingAnswer {
        finish(ProblemAnswer.make(problem, requestID: request.requestID), request)
    }

    func started() { meters.started() }

    func finished(_ exchange: FinishedExchange) {
        meters.finished(
            route: exchange.route, method: exchange.method.rawValue, status: exchange.status.code,
            duration: exchange.duration)
        accessLog.record(exchange)
    }

    // MARK: Protected routes

    private func admitProtected(_ request: IncomingRequest) -> Admission {
        var request = request
        let token: VerifiedToken
        do {
            token = try verifier.verified(authorization: request.headers[values: .authorization])
        } catch {
            return unauthenticated(error, request)
        }
        request.token = token.digest
        let caller = token.caller
        let rate = policy.limitsRequests ? limiter.take(token.subject, at: request.receivedAt) : nil
        let label = RequestLabel(route: "unmatched", subject: caller.subject, role: caller.role)
        if let rate, !rate.isAdmitted { return answered(rate.problem, label, request, rate) }
        guard policy.roles.contains(caller.role) else {
            return answered(.forbidden("The role \(caller.role.rawValue) may not use this."), label, request, rate)
        }
        return route(request, caller, rate, label)
    }

    private func route(
        _ request: IncomingRequest,
        _ caller: Caller,
        _ rate: RateDecision?,
        _ label: RequestLabel
    ) -> Admission {
        var label = label
        switch protectedRoutes.match(method: request.method, path: request.path) {
        case .found(let endpoint, let template, let parameters):
            label.route = template
            return admitted(endpoint, parameters, caller, rate, label, token: request.token)
        case .methodNotAllowed(let template, let allow):
            label.route = template
            return answered(Self.methodNotAllowed(allow, request), label, request, rate)
        case .notFound: return answered(ProblemAnswer.noSuchPath(requestID: request.requestID), label, request, rate)
        case .badPath: return answered(ProblemAnswer.badPath(requestID: request.requestID), label, request, rate)
        }
    }

    /// A missing or bad token: 401, or 429 once the address has failed too often.
    private func unauthenticated(_ refusal: TokenRefusal, _ request: IncomingRequest) -> Admission {
        let rate = limiter.takeFailure(from: request.peer)
        guard rate.isAdmitted else { return answered(rate.problem, .unmatched, request) }
        let problem = Problem(status: 401, title: "Unauthorized", detail: refusal.detail)
        var answer = refuse(problem, request)
        answer.headers[.wwwAuthenticate] = refusal.challenge
        return .answered(answer, .unmatched)
    }

    // MARK: Answers

    private func admitted(
        _ endpoint: Endpoint,
        _ parameters: [String: String],
        _ caller: Caller?,
        _ rate: RateDecision?,
        _ label: RequestLabel,
        token: TokenDigest? = nil
    ) -> Admission {
        .admitted(
            AdmittedRequest(label: label, takesBody: endpoint.takesBody) { request in
                var call = EndpointCall(request: request, pathParameters: parameters, caller: caller)
                call.request.token = token
                // HEAD is GET whose body is not sent; whoever writes the answer drops it.
                if request.method == .head { call.request.method = .get }
                let scope = RequestScope(
                    requestID: request.requestID,
                    traceID: request.headers[.traceParent].flatMap { TraceParent($0) }?.traceID)
                let answer = await RequestScope.$current.withValue(scope) { await endpoint.answer(call) }
                return finish(answer, request, rate)
            })
    }

    private func answered(
        _ problem: Problem,
        _ label: RequestLabel,
        _ request: IncomingRequest,
        _ rate: RateDecision? = nil
    ) -> Admission {
        answered(ProblemAnswer.make(problem, requestID: request.requestID), label, request, rate)
    }

    private func answered(
        _ answer: OutgoingAnswer,
        _ label: RequestLabel,
        _ request: IncomingRequest,
        _ rate: RateDecision? = nil
    ) -> Admission {
        .answered(finish(answer, request, rate), label)
    }

    private func preflight(_ request: IncomingRequest) -> Admission {
        do {
            return answered(try policy.cors.preflight(request), .unmatched, request)
        } catch {
            return answered(error, .unmatched, request)
        }
    }

    private func finish(
        _ answer: OutgoingAnswer,
        _ request: IncomingRequest,
        _ rate: RateDecision? = nil
    ) -> OutgoingAnswer {
        policy.complete(answer, request, rate)
    }

    private static func methodNotAllowed(_ allow: String, _ request: IncomingRequest) -> OutgoingAnswer {
        ProblemAnswer.methodNotAllowed(request.method, allow: allow, requestID: request.requestID)
    }
}
