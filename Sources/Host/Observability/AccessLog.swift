import HTTPTypes
import PluginAPI

/// One entry a request: successful reads at debug; writes, refusals, failures and slow ones at info, warning above 499.
struct AccessLog: Sendable {
    /// Slower requests are worth an entry even when all went well.
    static let slow: Duration = .seconds(1)

    private let logger: HostLogger

    init(logger: HostLogger) {
        self.logger = logger
    }

    func record(_ exchange: FinishedExchange) {
        let level = level(exchange.method, exchange.status.code, exchange.duration)
        guard logger.takes(level) else { return }
        var fields = [(key: "request_id", value: exchange.requestID)]
        if let traceID = exchange.traceID { fields.append((key: "trace_id", value: traceID)) }
        fields.append((key: "bytes", value: "\(exchange.bodyBytes)"))
        fields.append((key: "duration_ms", value: "\(exchange.duration.milliseconds)"))
        fields.append((key: "method", value: exchange.method.rawValue))
        fields.append((key: "peer", value: exchange.peer))
        if let role = exchange.role { fields.append((key: "role", value: role.rawValue)) }
        fields.append((key: "route", value: exchange.route))
        fields.append((key: "status", value: "\(exchange.status.code)"))
        if let subject = exchange.subject { fields.append((key: "user", value: subject)) }
        logger.log(level, "request answered", inOrder: fields)
    }

    /// Whether such a request has an entry: for those who would make the exchange for the log alone.
    func takes(_ method: HTTPRequest.Method, status: Int, duration: Duration) -> Bool {
        logger.takes(level(method, status, duration))
    }

    private func level(_ method: HTTPRequest.Method, _ status: Int, _ duration: Duration) -> LogLevel {
        if status >= 500 { return .warning }
        let isRead = method == .get || method == .head
        return isRead && status < 400 && duration < Self.slow ? .debug : .info
    }
}

/// A request and its answer, for logs and metrics. The path is the route's template, never what the client sent.
struct FinishedExchange: Sendable {
    var method: HTTPRequest.Method
    var route: String
    var status: HTTPResponse.Status
    var duration: Duration
    var bodyBytes: Int
    var peer: String
    /// The token's subject, once it is verified.
    var subject: String?
    var role: Role?
    var requestID: String
    /// From the client's `traceparent`.
    var traceID: String?
}
