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

    func write(to writer: AnswerWriter, at now: Timestamp) {
        if chosen.isNotModified {
            writer.begin("HTTP/1.1 304 Not Modified\r\nCache-Control: private, no-cache\r\nETag: ")
        } else {
            writer.begin(
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nCache-Control: private, no-cache\r\nETag: ")
        }
        writeForm(to: writer)
        writer.write("\r\nX-Content-Type-Options: nosniff\r\nAge: ")
        writer.write(max(0, (now.microseconds - chosen.entry.storedAt.microseconds) / 1_000_000))
        writer.write("\r\nCache-Status: concord; hit; ttl=")
        writer.write(max(0, (chosen.entry.freshUntil.microseconds - now.microseconds) / 1_000_000))
        writer.write("\r\nX-Request-Id: ")
        writeID(to: writer)
        if let rate { write(rate, to: writer) }
        if chosen.varies { writer.write("\r\nVary: Accept-Encoding") }
        if variesByOrigin { writer.write("\r\nVary: Origin") }
        writer.end(at: now, body: bodyBytes == 0 ? nil : chosen.body)
    }

    private func writeForm(to writer: AnswerWriter) {
        switch chosen.form {
        case .identity: writer.write(chosen.entry.etag)
        case .gzip:
            writer.write(chosen.entry.etag.dropLast())
            writer.write(EntityTag.gzipEnd)
            if !chosen.isNotModified { writer.write("\r\nContent-Encoding: gzip") }
        }
        guard !chosen.isNotModified else { return }
        writer.write("\r\nContent-Length: ")
        writer.write(Int64(chosen.body.count))
    }

    private func writeID(to writer: AnswerWriter) {
        if let sentID { return writer.write(sentID) }
        writer.write(RequestID.prefix)
        writer.write(Int64(ownID))
    }

    private func write(_ rate: RateDecision, to writer: AnswerWriter) {
        writer.write("\r\nRateLimit-Policy: \"requests\";q=")
        writer.write(rate.limit)
        writer.write(";w=60\r\nRateLimit: \"requests\";r=")
        writer.write(rate.remaining)
        writer.write(";t=")
        writer.write(rate.secondsToFull)
    }
}
