import HTTPTypes
import PluginAPI

/// Turns a kept or fresh answer into an HTTP one: headers, conditional requests, HEAD.
enum QueryAnswer {
    static func make(
        _ chosen: Representation,
        _ status: CacheStatus,
        for incoming: IncomingRequest,
        now: Timestamp
    ) -> OutgoingAnswer {
        var answer = OutgoingAnswer(status: .ok)
        if chosen.status == 404 {
            answer = ProblemAnswer.make(prefix: chosen.body, status: 404, requestID: incoming.requestID)
        } else {
            answer.status = chosen.isNotModified ? .notModified : HTTPResponse.Status(code: chosen.status)
            answer.body = chosen.body
            answer.headers[.eTag] = chosen.etag
            if chosen.varies { answer.headers[.vary] = "Accept-Encoding" }
            if !chosen.isNotModified {
                answer.headers[.contentType] = "application/json"
                if chosen.form == .gzip { answer.headers[.contentEncoding] = "gzip" }
            }
        }
        answer.headers[.cacheControl] = "private, no-cache"
        answer.headers[.age] = String(max(0, now.since(chosen.storedAt).components.seconds))
        answer.headers[.cacheStatus] = status.text
        return answer
    }

    /// The answer to HEAD: what GET would say, without its body.
    static func withoutBody(_ answer: OutgoingAnswer) -> OutgoingAnswer {
        var head = answer
        if answer.status != .notModified { head.headers[.contentLength] = String(answer.body.count) }
        head.body = []
        return head
    }
}
