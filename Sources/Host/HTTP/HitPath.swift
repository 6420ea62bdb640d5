import HTTPTypes
import NIOCore
import NIOHTTP1
import PluginAPI

/// The way of a request whose answer is at hand, from its head to the bytes that go out: authentication, the answer, the
/// rate limit, metrics and the access log, as every request has them.
///
/// It says what ``QueryAnswer``, ``RequestPipeline`` and ``HTTPConnection`` say together of the same answer, field for
/// field. Answers of other kinds than 200, 304 and refusals are left to the usual way.
final class HitPath: Sendable {
    private let queryPath: QueryPath
    private let verifier: TokenVerifier
    private let limiter: RequestLimiter
    private let policy: RequestPipeline.Policy
    private let meters: RequestMeters
    private let accessLog: AccessLog
    private let admitsEveryRole: Bool
    private let durations: [ObjectIdentifier: HitDurations]

    init(
        queryPath: QueryPath,
        verifier: TokenVerifier,
        limiter: RequestLimiter,
        policy: RequestPipeline.Policy,
        meters: RequestMeters,
        accessLog: AccessLog
    ) {
        self.queryPath = queryPath
        self.verifier = verifier
        self.limiter = limiter
        self.policy = policy
        self.meters = meters
        self.accessLog = accessLog
        admitsEveryRole = policy.roles.isSuperset(of: Role.allCases)
        durations = Dictionary(
            uniqueKeysWithValues: queryPath.operations.map {
                (ObjectIdentifier($0), HitDurations(route: $0.template, meters: meters))
            })
    }

    /// Writes the answer if it is at hand. What has to be built, and need not be authorised, is told of.
    func answer(_ head: HTTPRequestHead, peer: String, to writer: AnswerWriter) -> ImmediateAnswer {
        let start = NIODeadline.now()
        let now = queryPath.clock.now
        guard let plain = PlainHead(head),
            let token = verifier.remembered(authorization: plain.authorization, at: now),
            admitsEveryRole || policy.roles.contains(token.caller.role)
        else { return .usual }
        let key = PreparedQuery.Key(token: token.digest, target: head.uri)
        guard let query = queryPath.preparedQuery(for: key, caller: token.caller) else { return .usual }
        // Whatever becomes of it: before it is counted among all requests.
        query.target.gate.asked()
        switch queryPath.state(of: query, for: key, at: now) {
        case .fallen: return .usual
        case .fresh(let entry):
            let request = HitRequest(plain, query, peer: peer, start: start)
            return write(entry, to: request, token, at: now, writer) ? .written : .usual
        case .missing(let missing):
            guard let rate = rate(of: token, at: now) else { return .usual }
            let request = HitRequest(plain, query, peer: peer, start: start)
            if let problem = queryPath.refusalAtHand(missing) {
                let refusal = refusal(problem, request, HitID(plain), rate)
                refusal.write(to: &writer.answer, at: now)
                report(refusal, request)
                return .written
            }
            meters.started()
            return .awaited(
                AwaitedAnswer(
                    path: self, head: head, request: request, missing: missing, rate: rate, receivedAt: now,
                    time: queryPath.time(of: query.target)))
        }
    }

    @inline(__always)
    private func write(
        _ entry: CacheEntry, to request: HitRequest, _ token: VerifiedToken, at now: Timestamp, _ writer: AnswerWriter
    ) -> Bool {
        guard entry.status == 200, let chosen = queryPath.representation(of: entry, for: request.wish),
            let rate = rate(of: token, at: now)
        else { return false }
        request.query.target.meters.count(.hit)
        let hit = hit(chosen, .hit(entry, at: now), request, HitID(request.plain), rate)
        hit.write(to: &writer.answer, at: now)
        report(hit, request)
        return true
    }

    private func refusal(_ problem: Problem, _ request: HitRequest, _ id: HitID, _ rate: RateDecision?) -> PlainRefusal
    {
        PlainRefusal(problem, to: request.plain.method, id: id, rate: rate, variesByOrigin: policy.cors.isOn)
    }

    /// Measures a refusal, and writes its entry of the access log.
    private func report(_ refusal: PlainRefusal, _ request: HitRequest) {
        let duration = Duration.nanoseconds((.now() - request.start).nanoseconds)
        meters.measured(
            route: request.query.target.template, method: refusal.method.rawValue, status: refusal.problem.status,
            duration: duration)
        accessLog.record(
            request.exchange(
                status: refusal.problem.status, duration: duration, bodyBytes: refusal.bodyBytes,
                requestID: refusal.id.text))
    }

    /// Counts a request. - Returns: `nil` when it is refused: the usual way asks again, is refused again, and says so.
    private func rate(of token: VerifiedToken, at now: Timestamp) -> RateDecision?? {
        guard policy.limitsRequests else { return .some(nil) }
        let rate = limiter.take(token.subject, at: now)
        return rate.isAdmitted ? rate : .none
    }

    private func hit(
        _ chosen: Representation, _ status: CacheStatus, _ request: HitRequest, _ id: HitID, _ rate: RateDecision?
    ) -> Hit {
        Hit(
            method: request.plain.method, chosen: chosen, status: status, id: id, rate: rate,
            variesByOrigin: policy.cors.isOn)
    }

    /// Measures an answer, and writes its entry of the access log, if there is one.
    private func report(_ hit: Hit, _ request: HitRequest) {
        let nanoseconds = (.now() - request.start).nanoseconds
        if let histogram = durations[ObjectIdentifier(request.query.target)]?.histogram(hit.method, hit.code) {
            histogram.record(Double(nanoseconds) / 1e9)
        }
        let duration = Duration.nanoseconds(nanoseconds)
        guard accessLog.takes(hit.method, status: hit.code, duration: duration) else { return }
        accessLog.record(
            request.exchange(status: hit.code, duration: duration, bodyBytes: hit.bodyBytes, requestID: hit.id.text))
    }
}

/// A request that asks a prepared query.
struct HitRequest: Sendable {
    let plain: PlainHead
    let query: PreparedQuery
    let peer: String
    let start: NIODeadline

    init(_ plain: PlainHead, _ query: PreparedQuery, peer: String, start: NIODeadline) {
        (self.plain, self.query, self.peer, self.start) = (plain, query, peer, start)
    }

    var wish: Representation.Wish { .init(takesGzip: plain.takesGzip, ifNoneMatch: plain.ifNoneMatch) }

    /// The request with its answer, for the access log.
    func exchange(status: Int, duration: Duration, bodyBytes: Int, requestID: String) -> FinishedExchange {
        FinishedExchange(
            method: plain.method, route: query.target.template, status: .init(code: status), duration: duration,
            bodyBytes: bodyBytes, peer: peer, subject: query.caller.subject, role: query.caller.role,
            requestID: requestID, traceID: plain.traceParent.flatMap { TraceParent($0) }?.traceID)
    }
}

// MARK: - Answers that have to be built

extension HitPath {
    /// Has an answer built and tells a listener once, on whatever thread it is made.
    ///
    /// - Returns: Whether the module is called for it.
    func begin(
        _ awaited: AwaitedAnswer, _ course: CrowdedStarts.Course, _ listener: @escaping @Sendable (MadeAnswer) -> Void
    ) -> Bool {
        let id = HitID(awaited.request.plain)
        let arrival = RequestArrival(
            requestID: id.text, receivedAt: awaited.receivedAt, time: awaited.time)
        let scope = RequestScope(
            requestID: arrival.requestID,
            traceID: awaited.request.plain.traceParent.flatMap { TraceParent($0) }?.traceID)
        return RequestScope.$current.withValue(scope) {
            queryPath.build(awaited.missing, arrival, mayBegin: course == .begin) { outcome in
                if let hit = self.hit(outcome, awaited, id) {
                    self.meters.ended()
                    self.report(hit, awaited.request)
                    listener(.hit(hit))
                } else if let refusal = self.refusal(after: outcome, awaited, id) {
                    self.meters.ended()
                    self.report(refusal, awaited.request)
                    listener(.refusal(refusal))
                } else {
                    self.finish(outcome, awaited, arrival, listener)
                }
            }
        }
    }

    /// Nobody waits for an answer any more that was not begun.
    func abandon(_ awaited: AwaitedAnswer) { meters.ended() }

    /// What can be spelled at once; `nil` for all that is not 200 or has to be compressed first.
    private func hit(_ outcome: MissOutcome, _ awaited: AwaitedAnswer, _ id: HitID) -> Hit? {
        guard case .built(let built, let isJoined) = outcome, built.entry.status == 200,
            let chosen = queryPath.representation(of: built, for: awaited.request.wish)
        else { return nil }
        let status = queryPath.status(of: built, isJoined, awaited.request.query.target)
        return hit(chosen, status, awaited.request, id, awaited.rate)
    }

    /// What a client is told after a failure that no older answer can stand in for; `nil` for everything else.
    private func refusal(after outcome: MissOutcome, _ awaited: AwaitedAnswer, _ id: HitID) -> PlainRefusal? {
        queryPath.problem(after: outcome, of: awaited.request.query, requestID: id.text)
            .map { refusal($0, awaited.request, id, awaited.rate) }
    }

    /// Answers as the usual way does.
    private func finish(
        _ outcome: MissOutcome,
        _ awaited: AwaitedAnswer,
        _ arrival: RequestArrival,
        _ listener: @escaping @Sendable (MadeAnswer) -> Void
    ) {
        let query = awaited.request.query
        let incoming = awaited.incoming(arrival)
        AnswerRace.begin(within: arrival.deadline - .now) { [self] in
            await queryPath.answer(outcome, of: query, to: incoming)
        } then: { [self] answer in
            let made = answer ?? ProblemAnswer.make(.tooSlow, requestID: incoming.requestID)
            listener(.answer(complete(made, awaited, incoming)))
        }
    }

    /// An answer with what every answer carries, measured and logged.
    private func complete(
        _ answer: OutgoingAnswer, _ awaited: AwaitedAnswer, _ incoming: IncomingRequest
    ) -> OutgoingAnswer {
        let query = awaited.request.query
        let label = RequestLabel(
            route: query.target.template, subject: query.caller.subject, role: query.caller.role)
        let start = ContinuousClock.now - .nanoseconds((NIODeadline.now() - awaited.request.start).nanoseconds)
        let complete = policy.complete(answer, incoming, awaited.rate)
        let exchange = FinishedExchange(incoming, complete, label, since: start)
        meters.finished(
            route: exchange.route, method: exchange.method.rawValue, status: exchange.status.code,
            duration: exchange.duration)
        accessLog.record(exchange)
        return complete
    }
}

/// An answer that has to be built, to a query that was authorised and is counted.
struct AwaitedAnswer: Sendable {
    fileprivate let path: HitPath
    fileprivate let head: HTTPRequestHead
    fileprivate let request: HitRequest
    fileprivate let missing: MissingAnswer
    fileprivate let rate: RateDecision?
    fileprivate let receivedAt: Timestamp
    fileprivate let time: CallTime

    /// What stands before the module that is asked.
    var gate: ModuleGate { request.query.target.gate }

    /// Whether the answer is kept, and shared by all who ask for it meanwhile.
    var isKept: Bool { request.query.target.isKept }

    /// - Parameter listener: Told of the answer once, on whatever thread it is made.
    /// - Returns: Whether the module is called for it.
    func begin(
        _ course: CrowdedStarts.Course = .begin, _ listener: @escaping @Sendable (MadeAnswer) -> Void
    ) -> Bool {
        path.begin(self, course, listener)
    }

    /// Nobody waits for it any more, and it was not begun.
    ///
    /// - Returns: `false`: the module is not called.
    func abandon() -> Bool {
        path.abandon(self)
        return false
    }

    /// The whole request, with what its head says besides. Its target has been read before.
    fileprivate func incoming(_ arrival: RequestArrival) -> IncomingRequest {
        IncomingRequest(
            head, peer: request.peer, at: receivedAt, deadline: arrival.deadline, requestID: arrival.requestID)
            ?? .unreadable(head, peer: request.peer, at: receivedAt)
    }
}

/// An answer that was awaited.
enum MadeAnswer: Sendable {
    /// Spelled as bytes.
    case hit(Hit)
    case refusal(PlainRefusal)
    case answer(OutgoingAnswer)
}

/// The histograms of one route's answers at hand, each made when the first such answer is given.
struct HitDurations: Sendable {
    private let get: LazyHistogram
    private let getNotModified: LazyHistogram
    private let head: LazyHistogram
    private let headNotModified: LazyHistogram

    init(route: String, meters: RequestMeters) {
        func histogram(_ method: String, _ status: Int) -> LazyHistogram {
            LazyHistogram { meters.histogram(route: route, method: method, status: status) }
        }
        get = histogram("GET", 200)
        getNotModified = histogram("GET", 304)
        head = histogram("HEAD", 200)
        headNotModified = histogram("HEAD", 304)
    }

    func histogram(_ method: HTTPRequest.Method, _ status: Int) -> BucketHistogram {
        switch (method == .head, status == 304) {
        case (false, false): get.value
        case (false, true): getNotModified.value
        case (true, false): head.value
        case (true, true): headNotModified.value
        }
    }
}
