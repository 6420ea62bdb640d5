import HTTPTypes
import PluginAPI

/// An answer at hand, as it is spelled.
struct Hit {
    let method: HTTPRequest.Method
    let chosen: Representation
    let rate: RateDecision?
    /// Whether CORS is on. A request with an `Origin` is none of these.
    let variesByOrigin: Bool
    /// What the client has named its request, if it may.
    let sentID: String?
    /// Otherwise the number of the request's own name.
    let ownID: UInt64

    init(_ plain: PlainHead, _ chosen: Representation, rate: RateDecision?, variesByOrigin: Bool) {
        method = plain.method
        self.chosen = chosen
        self.rate = rate
        self.variesByOrigin = variesByOrigin
        sentID = RequestID.accepted(plain.requestIDs)
        ownID = sentID == nil ? RequestID.nextNumber() : 0
    }

    var status: Int { chosen.isNotModified ? 304 : 200 }

    var requestID: String { sentID ?? RequestID.text(of: ownID) }

    var bodyBytes: Int { method == .head ? 0 : chosen.body.count }

    func write(to bytes: inout AnswerBytes, at now: Timestamp) {
        if chosen.isNotModified {
            bytes.begin("HTTP/1.1 304 Not Modified\r\nCache-Control: private, no-cache\r\nETag: ")
        } else {
            bytes.begin(
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nCache-Control: private, no-cache\r\nETag: ")
        }
        writeForm(to: &bytes)
        bytes.write("\r\nX-Content-Type-Options: nosniff\r\nAge: ")
        bytes.write(max(0, (now.microseconds - chosen.storedAt.microseconds) / 1_000_000))
        bytes.write("\r\nCache-Status: concord; hit; ttl=")
        bytes.write(max(0, (chosen.freshUntil.microseconds - now.microseconds) / 1_000_000))
        bytes.write("\r\nX-Request-Id: ")
        writeID(to: &bytes)
        if let rate { write(rate, to: &bytes) }
        if chosen.varies { bytes.write("\r\nVary: Accept-Encoding") }
        if variesByOrigin { bytes.write("\r\nVary: Origin") }
        bytes.end(at: now, body: bodyBytes == 0 ? nil : chosen.body)
    }

    private func writeForm(to bytes: inout AnswerBytes) {
        switch chosen.form {
        case .identity: bytes.write(chosen.plainTag)
        case .gzip:
            bytes.write(chosen.plainTag.dropLast())
            bytes.write(EntityTag.gzipEnd)
            if !chosen.isNotModified { bytes.write("\r\nContent-Encoding: gzip") }
        }
        guard !chosen.isNotModified else { return }
        bytes.write("\r\nContent-Length: ")
        bytes.write(Int64(chosen.body.count))
    }

    private func writeID(to bytes: inout AnswerBytes) {
        if let sentID { return bytes.write(sentID) }
        bytes.write(RequestID.prefix)
        bytes.write(Int64(ownID))
    }

    private func write(_ rate: RateDecision, to bytes: inout AnswerBytes) {
        bytes.write("\r\nRateLimit-Policy: \"requests\";q=")
        bytes.write(rate.limit)
        bytes.write(";w=60\r\nRateLimit: \"requests\";r=")
        bytes.write(rate.remaining)
        bytes.write(";t=")
        bytes.write(rate.secondsToFull)
    }
}
