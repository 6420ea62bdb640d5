import HTTPTypes
import PluginAPI

/// A refusal as it goes out: `application/problem+json` (RFC 9457).
///
/// `type` is `about:blank`: status and title say what kind of refusal it is, `detail` and `errors` say what to do.
enum ProblemAnswer {
    static func make(_ problem: Problem, requestID: String) -> OutgoingAnswer {
        make(prefix: encode(problem), status: problem.status, retryAfter: problem.retryAfter, requestID: requestID)
    }

    /// 405 with the methods that the path does take.
    static func methodNotAllowed(_ method: HTTPRequest.Method, allow: String, requestID: String) -> OutgoingAnswer {
        let problem = Problem(
            status: 405, title: "Method not allowed",
            detail: "This path does not take \(method.rawValue); it takes \(allow).")
        var answer = make(problem, requestID: requestID)
        answer.headers[.allow] = allow
        return answer
    }

    /// 404 for a path that names nothing.
    static func noSuchPath(requestID: String) -> OutgoingAnswer {
        make(
            .notFound("There is nothing at this path; GET /api/v1/openapi.json lists what there is."),
            requestID: requestID)
    }

    /// 400 for a path that cannot be decoded.
    static func badPath(requestID: String) -> OutgoingAnswer {
        make(.badRequest("The path is not percent-encoded UTF-8."), requestID: requestID)
    }

    /// The body without its request ID and closing brace, so that it can be kept and answered to several requests.
    static func encode(_ problem: Problem) -> [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.field("type", "about:blank")
            json.field("title", problem.title)
            json.field("status", problem.status)
            json.field("detail", problem.detail)
            json.arrayField("errors", of: problem.errors) { json, item in
                json.object { json in
                    switch item.place {
                    case .pointer(let pointer): json.field("pointer", pointer)
                    case .parameter(let name): json.field("parameter", name)
                    @unknown default: break
                    }
                    json.field("detail", item.detail)
                }
            }
        }
        return json.bytes.dropLast()
    }

    /// The whole body.
    ///
    /// - Parameter prefix: What ``encode(_:)`` gave.
    static func body(prefix: [UInt8], requestID: String) -> [UInt8] {
        var id = JSONWriter(reservingCapacity: requestID.utf8.count + 2)
        id.string(requestID)
        return prefix + Array(",\"request_id\":".utf8) + id.bytes + [UInt8(ascii: "}")]
    }

    /// - Parameter prefix: What ``encode(_:)`` gave.
    static func make(prefix: [UInt8], status: Int, retryAfter: Int? = nil, requestID: String) -> OutgoingAnswer {
        var answer = OutgoingAnswer(status: HTTPResponse.Status(code: status))
        answer.body = body(prefix: prefix, requestID: requestID)
        answer.headers[.contentType] = "application/problem+json"
        answer.headers[.cacheControl] = "no-store"
        if let retryAfter { answer.headers[.retryAfter] = String(max(0, retryAfter)) }
        return answer
    }
}
