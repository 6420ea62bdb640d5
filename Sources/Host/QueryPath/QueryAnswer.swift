import HTTPTypes
import PluginAPI

/// Turns a kept or fresh answer into an HTTP one: headers, conditional requests, HEAD.
enum QueryAnswer {
    static func make(
        _ entry: CacheEntry,
        _ status: CacheStatus,
        for incoming: IncomingRequest,
        now: Timestamp
    ) -> OutgoingAnswer {
        make(entry, status, ifNoneMatch: incoming.headers[.ifNoneMatch], requestID: incoming.requestID, now: now)
    }

    static func make(
        _ entry: CacheEntry,
        _ status: CacheStatus,
        ifNoneMatch: String?,
        requestID: String,
        now: Timestamp
    ) -> OutgoingAnswer {
        var answer = OutgoingAnswer(status: .ok)
        if entry.status == 404 {
            answer = ProblemAnswer.make(prefix: entry.body, status: 404, requestID: requestID)
        } else if let ifNoneMatch, EntityTag.isNamed(entry.etag, by: ifNoneMatch) {
            answer.status = .notModified
            answer.headers[.eTag] = entry.etag
        } else {
            answer.status = HTTPResponse.Status(code: entry.status)
            answer.body = entry.body
            answer.headers[.contentType] = "application/json"
            answer.headers[.eTag] = entry.etag
        }
        answer.headers[.cacheControl] = "private, no-cache"
        answer.headers[.age] = String(max(0, now.since(entry.storedAt).components.seconds))
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
