import HTTPTypes
import NIOHTTP1
import PluginAPI
import PluginTesting

@testable import Host

/// A listener's handler over a query path, that counts which way requests take.
///
/// Queries: `/api/v1/asking` is kept and tells its user and how often it was built, `/api/v1/fresh` is never kept.
struct HitFixture: RequestHandler {
    let tokens = Tokens()
    let harness: QueryPathHarness
    let registry = MetricsRegistry()
    let sink = LineSink()
    let pipeline: RequestPipeline
    /// Answered or refused at hand, built without being authorised again, and admitted the usual way.
    let hits = Tally()
    let awaited = Tally()
    let admitted = Tally()

    init(
        origins: [String] = [],
        perMinute: Int64 = 1_000_000,
        threads: OwnThreads? = nil,
        status: @autoclosure @escaping @Sendable () -> ModuleStatus = .ok,
        adjust: (inout QueryPathSettings) -> Void = { _ in },
        answer: @escaping @Sendable (Request) async throws -> Reply = HitFixture.numbered(),
        fresh: @escaping @Sendable (Request) async throws -> Reply = HitFixture.named
    ) throws {
        let fresh = Operation.query(
            "fresh", at: "/fresh", scope: .accounts, ttl: .zero, reply: .anyObject, fresh)
        harness = try QueryPathHarness(
            [
                .asking(parameters: [Parameter("limit", .integer(1...500)), Parameter("from", .time)], answer), fresh,
            ], usesMemoryCache: true,
            status: status(), clock: tokens.clock, threads: threads, adjust: adjust)
        ContractMetrics.register(in: registry)
        let output = LogOutput(level: LogLevelSwitch(.debug), format: .json, clock: tokens.clock, sink: sink)
        let path = harness.path
        pipeline = RequestPipeline(
            publicRoutes: try RouteTable([]),
            protectedRoutes: try RouteTable(path.operations.map { HitFixture.entry($0, path) }),
            verifier: tokens.verifier,
            limiter: RequestLimiter(
                rates: .init(
                    requests: RequestRate(perMinute: perMinute), agentRequests: RequestRate(perMinute: perMinute),
                    failedAuthentications: RequestRate(perMinute: 600)), clock: tokens.clock),
            policy: .init(cors: CORSPolicy(origins: origins)), meters: RequestMeters(registry: registry),
            accessLog: AccessLog(logger: HostLogger(module: "http", output: output)), answersAtHand: path)
    }

    /// An answer that tells for whom it was built, a little later.
    static let named: @Sendable (Request) async throws -> Reply = { request in
        await Task.yield()
        return Reply(body: Array(#"{"fresh":"\#(request.user)"}"#.utf8))
    }

    /// Answers that tell for whom, and as which of all, they were built.
    static func numbered() -> @Sendable (Request) async throws -> Reply {
        let built = Tally()
        return { Reply(body: Array(#"{"user":"\#($0.user)","built":\#(built.add())}"#.utf8)) }
    }

    private static func entry(_ operation: BoundOperation, _ path: QueryPath) -> RouteTable<Endpoint>.Entry {
        .init(
            method: operation.method, template: operation.template,
            target: Endpoint { call in
                guard let caller = call.caller else { return OutgoingAnswer(status: .unauthorized) }
                return await path.answer(
                    operation, to: call.request, pathParameters: call.pathParameters, caller: caller)
            })
    }

    // MARK: RequestHandler

    func admit(_ request: IncomingRequest) -> Admission {
        admitted.add()
        return pipeline.admit(request)
    }

    func immediate(_ head: HTTPRequestHead, peer: String, to writer: AnswerWriter) -> ImmediateAnswer {
        let answer = pipeline.immediate(head, peer: peer, to: writer)
        switch answer {
        case .written: hits.add()
        case .awaited: awaited.add()
        case .usual: break
        }
        return answer
    }

    func refuse(_ problem: Problem, _ request: IncomingRequest) -> OutgoingAnswer { pipeline.refuse(problem, request) }
    func started() { pipeline.started() }
    func finished(_ exchange: FinishedExchange) { pipeline.finished(exchange) }

    // MARK: For tests

    func run<Result: Sendable>(
        limits: HTTPLimits = HTTPLimits(lingerTimeout: .milliseconds(50)),
        _ body: @Sendable (LiveServer.Handle) async throws -> Result
    ) async throws -> Result {
        try await LiveServer.run(self, clock: tokens.clock, limits: limits, body)
    }

    /// The answers to requests that are sent one after the other.
    func answers(to texts: [String], from server: LiveServer.Handle, heads: Bool = false) async throws -> [RawAnswer] {
        var answers: [RawAnswer] = []
        for text in texts {
            answers += RawAnswer.all(in: try await RawClient.send(text, to: server.port), heads: heads ? [0] : [])
        }
        return answers
    }

    func token(_ user: String = "ann", role: String = "user") -> String {
        tokens.token(#"{"sub":"\#(user)","role":"\#(role)"}"#)
    }

    /// A request's text.
    func text(
        _ target: String = "/api/v1/asking",
        method: String = "GET",
        as user: String = "ann",
        token: String? = nil,
        fields: [String] = [],
        body: String = ""
    ) -> String {
        let all = ["Host: h", "Authorization: Bearer \(token ?? self.token(user))"] + fields
        return "\(method) \(target) HTTP/1.1\r\n" + all.map { $0 + "\r\n" }.joined() + "\r\n" + body
    }
}

/// One answer out of what a server has sent.
struct RawAnswer {
    /// As it came.
    var statusLine: String
    var status: Int
    /// By names in lower case.
    var fields: [String: String]
    var body: String

    /// - Parameter heads: Which of the answers, in their order, are to HEAD.
    static func all(in text: String, heads: Set<Int> = []) -> [RawAnswer] {
        var answers: [RawAnswer] = []
        var rest = Array(text.utf8)[...]
        while let end = rest.firstRange(of: Array("\r\n\r\n".utf8)) {
            let lines = String(decoding: rest[..<end.lowerBound], as: UTF8.self).split(separator: "\r\n")
            var fields: [String: String] = [:]
            for line in lines.dropFirst() {
                let parts = line.split(separator: ":", maxSplits: 1)
                if parts.count == 2 { fields[parts[0].lowercased()] = parts[1].drop { $0 == " " }.description }
            }
            let status = lines.first?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
            let hasBody = status != 304 && !heads.contains(answers.count)
            let length = hasBody ? fields["content-length"].flatMap { Int($0) } ?? 0 : 0
            let body = rest[end.upperBound...].prefix(length)
            answers.append(
                RawAnswer(
                    statusLine: lines.first.map(String.init) ?? "", status: status, fields: fields,
                    body: String(decoding: body, as: UTF8.self)))
            rest = rest[end.upperBound...].dropFirst(length)
        }
        return answers
    }
}
