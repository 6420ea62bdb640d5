import HTTPTypes
import NIOHTTP1
import PluginAPI

/// Why a module was not called or gave no answer, as it is spelled: field for field what ``ProblemAnswer`` and
/// ``RequestPipeline/Policy`` say of it together.
struct PlainRefusal: Sendable {
    let method: HTTPRequest.Method
    let problem: Problem
    let id: HitID
    let rate: RateDecision?
    /// Whether CORS is on.
    let variesByOrigin: Bool

    /// Longer than all fields together but the ID.
    private static let fieldsMax = 1_024

    private let body: [UInt8]

    init(
        _ problem: Problem, to method: HTTPRequest.Method, id: HitID, rate: RateDecision?, variesByOrigin: Bool
    ) {
        (self.problem, self.method, self.id) = (problem, method, id)
        (self.rate, self.variesByOrigin) = (rate, variesByOrigin)
        body = ProblemAnswer.body(prefix: ProblemAnswer.encode(problem), requestID: id.text)
    }

    var bodyBytes: Int { method == .head ? 0 : body.count }

    /// - Parameter isLast: Whether the connection ends with it.
    func write(to bytes: inout AnswerBytes, at now: Timestamp, isLast: Bool = false) {
        bytes.spell(sizeMax: Self.fieldsMax + id.sizeMax + body.count, at: now) { text, headEnd in
            writeHead(to: &text, isLast: isLast)
            text.write(headEnd)
            if method != .head { text.write(body) }
        }
    }

    /// All fields but the last, `Date`.
    private func writeHead(to text: inout AnswerText, isLast: Bool) {
        let status = HTTPResponseStatus(statusCode: problem.status)
        text.write(constant: "HTTP/1.1 ")
        text.write(Int64(problem.status))
        text.write(constant: " ")
        text.write(status.reasonPhrase)
        text.write(constant: "\r\nContent-Type: application/problem+json\r\nCache-Control: no-store")
        if let retryAfter = problem.retryAfter {
            text.write(constant: "\r\nRetry-After: ")
            text.write(Int64(max(0, retryAfter)))
        }
        text.write(constant: "\r\nX-Request-Id: ")
        id.write(to: &text)
        text.write(constant: "\r\nX-Content-Type-Options: nosniff")
        if isLast { text.write(constant: "\r\nConnection: close") }
        rate?.write(to: &text)
        if variesByOrigin { text.write(constant: "\r\nVary: Origin") }
        text.write(constant: "\r\nContent-Length: ")
        text.write(Int64(body.count))
    }
}
