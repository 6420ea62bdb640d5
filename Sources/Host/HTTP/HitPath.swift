import HTTPTypes
import NIOCore
import NIOHTTP1
import PluginAPI
import Synchronization

/// The way of a request whose answer is at hand, from its head to the bytes that go out: authentication, the answer, the
/// rate limit, metrics and the access log, as every request has them.
///
/// It says what ``QueryAnswer``, ``RequestPipeline`` and ``HTTPConnection`` say together of the same answer, field for
/// field. Answers of other kinds than 200 and 304 are left to the usual way.
final class HitPath: Sendable {
    private let queryPath: QueryPath
    private let verifier: TokenVerifier
    private let limiter: RequestLimiter
    private let policy: RequestPipeline.Policy
    private let meters: RequestMeters
    private let accessLog: AccessLog
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
        durations = Dictionary(
            uniqueKeysWithValues: queryPath.operations.map {
                (ObjectIdentifier($0), HitDurations(route: $0.template, meters: meters))
            })
    }

    /// - Returns: Whether the answer is written; if not, nothing has been counted.
    func answer(_ head: HTTPRequestHead, peer: String, to writer: AnswerWriter) -> Bool {
        let start = NIODeadline.now()
        let now = queryPath.clock.now
        guard let plain = PlainHead(head),
            let token = verifier.remembered(authorization: plain.authorization, at: now),
            policy.roles.contains(token.caller.role),
            let found = queryPath.answerAtHand(
                for: .init(token: token.digest, target: head.uri), caller: token.caller, at: now),
            found.entry.status == 200,
            let chosen = queryPath.representation(
                of: found.entry, for: .init(takesGzip: plain.takesGzip, ifNoneMatch: plain.ifNoneMatch))
        else { return false }
        let rate = policy.limitsRequests ? limiter.take(token.subject, at: now) : nil
        // The usual way asks again, is refused again, and says so.
        if let rate, !rate.isAdmitted { return false }
        meters.started()
        let target = found.query.target
        target.meters.count(.hit)
        let hit = Hit(plain, chosen, rate: rate, variesByOrigin: policy.cors.isOn)
        hit.write(to: &writer.answer, at: now)
        let duration = Duration.nanoseconds((.now() - start).nanoseconds)
        if let histogram = durations[ObjectIdentifier(target)]?.histogram(hit.method, hit.status) {
            meters.finished(in: histogram, duration: duration)
        }
        log(hit, plain, target, token.caller, peer, duration)
        return true
    }

    /// The entry of the access log, if there is one.
    private func log(
        _ hit: Hit, _ plain: PlainHead, _ target: BoundOperation, _ caller: Caller, _ peer: String, _ duration: Duration
    ) {
        guard accessLog.takes(hit.method, status: hit.status, duration: duration) else { return }
        accessLog.record(
            FinishedExchange(
                method: hit.method, route: target.template, status: .init(code: hit.status), duration: duration,
                bodyBytes: hit.bodyBytes, peer: peer, subject: caller.subject, role: caller.role,
                requestID: hit.requestID, traceID: plain.traceParent.flatMap { TraceParent($0) }?.traceID))
    }
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

/// A histogram that is looked up once, when it is first needed.
private final class LazyHistogram: Sendable {
    private let found = AtomicLazyReference<BucketHistogram>()
    private let look: @Sendable () -> BucketHistogram

    init(_ look: @escaping @Sendable () -> BucketHistogram) {
        self.look = look
    }

    var value: BucketHistogram { found.load() ?? found.storeIfNil(look()) }
}
