import HTTPTypes
import PluginAPI

extension RateDecision {
    /// The header fields of draft-ietf-httpapi-ratelimit-headers, for every answer of a limited route.
    ///
    /// `q` requests every `w` seconds; `r` of them are left, and all are back after `t` seconds.
    func mark(_ headers: inout HTTPFields) {
        headers[.rateLimitPolicy] = "\"requests\";q=\(limit);w=60"
        headers[.rateLimit] = "\"requests\";r=\(remaining);t=\(secondsToFull)"
    }

    /// As ``mark(_:)`` says it, in an answer that is spelled.
    func write(to text: inout AnswerText) {
        text.write(constant: "\r\nRateLimit-Policy: \"requests\";q=")
        text.write(limit)
        text.write(constant: ";w=60\r\nRateLimit: \"requests\";r=")
        text.write(remaining)
        text.write(constant: ";t=")
        text.write(secondsToFull)
    }

    /// 429 with the time after which a request would pass.
    var problem: Problem {
        Problem(
            status: 429,
            title: "Too many requests",
            detail: "More than \(limit) requests a minute. Try again in \(max(1, secondsToNext)) s.",
            retryAfter: Int(max(1, secondsToNext))
        )
    }
}

extension HTTPField.Name {
    static let rateLimit = constant("RateLimit")
    static let rateLimitPolicy = constant("RateLimit-Policy")
    static let requestID = constant("X-Request-Id")
    static let traceParent = constant("traceparent")

    /// A name spelled in this program.
    private static func constant(_ name: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(name) else { preconditionFailure("\(name) is not a header name") }
        return name
    }
}
