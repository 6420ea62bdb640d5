import PluginAPI

/// What every operation shares: the security scheme, the problem body, the refusals.
enum OpenAPIComponents {
    struct Refusal {
        var status: Int
        var name: String
        var description: String
        /// Headers that come with it.
        var headers: [(name: String, description: String)] = []
    }

    static let refusals: [Refusal] = [
        Refusal(status: 400, name: "BadRequest", description: "A bad parameter, or a body that cannot be read"),
        Refusal(
            status: 401, name: "Unauthorized", description: "No token, or not a good one",
            headers: [("WWW-Authenticate", "What kind of token is wanted and what is wrong with this one")]),
        Refusal(status: 403, name: "Forbidden", description: "A good token without the right"),
        Refusal(
            status: 404, name: "NotFound", description: "There is none, or none that the caller may know of"),
        Refusal(
            status: 405, name: "MethodNotAllowed", description: "The path does not take this method",
            headers: [("Allow", "The methods it takes")]),
        Refusal(status: 409, name: "Conflict", description: "It contradicts what is already stored"),
        Refusal(status: 413, name: "ContentTooLarge", description: "The body is larger than a body may be"),
        Refusal(status: 415, name: "UnsupportedMediaType", description: "The body's type is not one that is taken"),
        Refusal(
            status: 422, name: "UnprocessableContent",
            description: "Well-formed, but values break rules, or the answer would be too large"),
        Refusal(
            status: 429, name: "TooManyRequests", description: "More requests than the token may make",
            headers: [retryAfter]),
        Refusal(status: 500, name: "InternalServerError", description: "Something went wrong in the host"),
        Refusal(
            status: 503, name: "ServiceUnavailable", description: "Not now: the database or the service is down",
            headers: [retryAfter]),
    ]

    private static let retryAfter = (name: "Retry-After", description: "Seconds to wait before trying again")

    static func write(to json: inout JSONWriter) {
        json.object { json in
            json.objectField("securitySchemes") { json in
                json.key("bearer")
                json.raw(#"{"type":"http","scheme":"bearer","bearerFormat":"JWT"}"#.utf8)
            }
            json.objectField("schemas") { json in
                json.key("Problem")
                writeProblem(to: &json)
            }
            json.objectField("responses") { json in
                for refusal in refusals { write(refusal, to: &json) }
            }
        }
    }

    /// The headers of a cached answer.
    static func writeCacheHeaders(to json: inout JSONWriter) {
        let headers = [
            ("ETag", "Names this answer; send it in If-None-Match"), ("Age", "Seconds since the answer was built"),
            ("Cache-Control", "private, no-cache"), ("Cache-Status", "How the cache came into it (RFC 9211)"),
            ("Content-Encoding", "gzip, for those who take it and where it makes the body shorter"),
            ("Vary", "Accept-Encoding, where the answer depends on it"),
        ]
        write(headers, to: &json)
    }

    private static func write(_ refusal: Refusal, to json: inout JSONWriter) {
        json.objectField(refusal.name) { json in
            json.field("description", refusal.description)
            if !refusal.headers.isEmpty {
                json.key("headers")
                write(refusal.headers, to: &json)
            }
            json.key("content")
            json.raw(##"{"application/problem+json":{"schema":{"$ref":"#/components/schemas/Problem"}}}"##.utf8)
        }
    }

    private static func write(_ headers: [(name: String, description: String)], to json: inout JSONWriter) {
        json.object { json in
            for header in headers {
                json.objectField(header.name) { json in
                    json.field("description", header.description)
                    json.key("schema")
                    json.raw(#"{"type":"string"}"#.utf8)
                }
            }
        }
    }

    private static func writeProblem(to json: inout JSONWriter) {
        let item: Schema.Fields = ["pointer": .text, "parameter": .text, "detail": .text]
        let problem: Schema.Fields = [
            "type": .text, "title": .text, "status": .integer, "detail": .text, "request_id": .text,
            "errors": .array(.object(item.allowingAbsence(of: ["pointer", "parameter"]))),
        ]
        OpenAPISchema(.object(problem), side: .reply).write(to: &json)
    }
}
