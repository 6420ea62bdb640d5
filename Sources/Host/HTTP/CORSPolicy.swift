import HTTPTypes
import PluginAPI

/// Which web pages may read answers: those of the configured origins, spelled exactly, and no others.
///
/// Tokens travel in a header, so no answer ever allows credentials, and no answer names `*`.
struct CORSPolicy: Sendable {
    private static let methods = "GET, HEAD, POST, PUT"
    private static let requestHeaders =
        "Authorization, Content-Type, Idempotency-Key, If-None-Match, X-Request-Id, traceparent"
    private static let answerHeaders =
        "X-Request-Id, ETag, Age, Cache-Status, RateLimit, RateLimit-Policy, Retry-After, Allow"
    /// Seconds a browser may remember a preflight.
    private static let ageMax = "600"

    private let origins: [String]

    /// Whether any page may read answers, so that they depend on the origin.
    var isOn: Bool { !origins.isEmpty }

    init(origins: [String]) {
        self.origins = origins
    }

    /// Whether the request asks what it may do, rather than doing it.
    static func isPreflight(_ request: IncomingRequest) -> Bool {
        request.method == .options && request.headers[.origin] != nil
            && request.headers[.accessControlRequestMethod] != nil
    }

    /// 200 with what is allowed, or 403. The route is not looked at: a browser sends no token with a preflight.
    func preflight(_ request: IncomingRequest) throws(Problem) -> OutgoingAnswer {
        guard allows(request.headers[.origin]) else {
            throw .forbidden("This origin is not among cors.origins.")
        }
        return OutgoingAnswer(
            status: .ok,
            headers: [
                .accessControlAllowMethods: Self.methods, .accessControlAllowHeaders: Self.requestHeaders,
                .accessControlMaxAge: Self.ageMax,
            ])
    }

    /// Adds to any answer what lets the page that asked read it, and tells caches that the answer depends on the origin.
    func mark(_ headers: inout HTTPFields, for origin: String?) {
        guard isOn else { return }
        headers.append(HTTPField(name: .vary, value: "Origin"))
        guard let origin, allows(origin) else { return }
        headers[.accessControlAllowOrigin] = origin
        headers[.accessControlExposeHeaders] = Self.answerHeaders
    }

    private func allows(_ origin: String?) -> Bool {
        guard let origin else { return false }
        return origins.contains { $0.utf8.elementsEqual(origin.utf8) }
    }
}
