import HTTPTypes
import PluginAPI
import PluginTesting
import Synchronization

@testable import Host

/// A pipeline with real tokens, limits and metrics over a few plain endpoints.
struct PipelineFixture: Sendable {
    let tokens: Tokens
    let registry = MetricsRegistry()
    let health = FixedHealth()
    let sink = LineSink()
    let pipeline: RequestPipeline

    init(
        endpoints: [RouteTable<Endpoint>.Entry] = PipelineFixture.echo,
        policy: RequestPipeline.Policy = .init(),
        perMinute: Int64 = 600,
        failuresPerMinute: Int64 = 600,
        openAPI: [UInt8] = Array("{}".utf8)
    ) throws {
        tokens = Tokens()
        ContractMetrics.register(in: registry)
        let pages = PublicPages(
            health: health, registry: registry, clock: tokens.clock, version: "1.2.3", openAPI: openAPI)
        let output = LogOutput(level: LogLevelSwitch(.debug), format: .json, clock: tokens.clock, sink: sink)
        pipeline = RequestPipeline(
            publicRoutes: try RouteTable(
                pages.endpoints.map { .init(method: .get, template: $0.path, target: $0.endpoint) }),
            protectedRoutes: try RouteTable(endpoints), verifier: tokens.verifier,
            limiter: RequestLimiter(
                rates: .init(
                    requests: RequestRate(perMinute: perMinute), agentRequests: RequestRate(perMinute: perMinute),
                    failedAuthentications: RequestRate(perMinute: failuresPerMinute)), clock: tokens.clock),
            policy: policy, meters: RequestMeters(registry: registry),
            accessLog: AccessLog(logger: HostLogger(module: "http", output: output)))
    }

    static let echo: [RouteTable<Endpoint>.Entry] = [
        .init(
            method: .get, template: "/api/v1/things/{id}",
            target: Endpoint { call in
                .json(Array("\"\(call.caller?.subject ?? "-") \(call.pathParameters["id"] ?? "-")\"".utf8))
            }),
        .init(method: .post, template: "/api/v1/things", target: Endpoint(takesBody: true) { .json($0.request.body) }),
    ]

    func request(
        _ method: HTTPRequest.Method = .get,
        _ path: String,
        _ headers: HTTPFields = [:],
        token claims: String? = Tokens.user
    ) -> IncomingRequest {
        var headers = headers
        if let claims { headers[.authorization] = "Bearer \(tokens.token(claims))" }
        return IncomingRequest(
            method: method, path: path, headers: headers, peer: "10.0.0.1",
            requestID: RequestID.accepting(headers[values: .requestID]), receivedAt: tokens.clock.now)
    }

    /// Both steps of the pipeline, as a connection takes them.
    func answer(_ request: IncomingRequest) async -> OutgoingAnswer {
        switch pipeline.admit(request) {
        case .answered(let answer, _): answer
        case .admitted(let admitted): await admitted.answer(request)
        }
    }
}

/// A host whose parts are as the test says.
final class FixedHealth: HealthSource {
    private let state = Mutex<(components: [ComponentHealth], isDraining: Bool)>(
        ([ComponentHealth(id: "sqlite", kind: .storage, status: .ok)], false))

    func components() async -> [ComponentHealth] { state.withLock { $0.components } }
    var isDraining: Bool { state.withLock { $0.isDraining } }
    func set(_ components: [ComponentHealth]) { state.withLock { $0.components = components } }
    func drain() { state.withLock { $0.isDraining = true } }
}

/// Keeps log lines for the test to read.
final class LineSink: LogSink {
    private let kept = Mutex<[String]>([])

    var lines: [String] { kept.withLock { $0 } }
    var lostTotal: Int { 0 }
    func write(_ line: [UInt8]) { kept.withLock { $0.append(String(decoding: line, as: UTF8.self)) } }
}

extension OutgoingAnswer {
    var text: String { String(decoding: body, as: UTF8.self) }
}
