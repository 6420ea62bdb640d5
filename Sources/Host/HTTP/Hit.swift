import HTTPTypes
import PluginAPI

/// An answer to a query, as it is spelled.
struct Hit: Sendable {
    let method: HTTPRequest.Method
    let chosen: Representation
    let status: CacheStatus
    let id: HitID
    let rate: RateDecision?
    /// Whether CORS is on. A request with an `Origin` is none of these.
    let variesByOrigin: Bool

    var code: Int { chosen.isNotModified ? 304 : 200 }

    var bodyBytes: Int { method == .head ? 0 : chosen.body.count }

    /// - Parameter isLast: Whether the connection ends with it.
    func write(to bytes: inout AnswerBytes, at now: Timestamp, isLast: Bool = false) {
        if chosen.isNotModified {
            bytes.begin("HTTP/1.1 304 Not Modified\r\nCache-Control: private, no-cache\r\nETag: ")
        } else {
            bytes.begin(
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nCache-Control: private, no-cache\r\nETag: ")
        }
        writeForm(to: &bytes)
        bytes.write("\r\nX-Content-Type-Options: nosniff\r\nAge: ")
        bytes.write(max(0, (now.microseconds - chosen.storedAt.microseconds) / 1_000_000))
        writeStatus(to: &bytes)
        bytes.write("\r\nX-Request-Id: ")
        id.write(to: &bytes)
        if isLast { bytes.write("\r\nConnection: close") }
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

    private func writeStatus(to bytes: inout AnswerBytes) {
        bytes.write("\r\nCache-Status: ")
        // Nearly all; the others are put together.
        if case .hit(let ttl) = status {
            bytes.write("concord; hit; ttl=")
            bytes.write(ttl)
        } else {
            bytes.write(status.text)
        }
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

/// What a request is called: as the client has named it, if it may, or by a number of the host's.
struct HitID: Sendable {
    private let sent: String?
    private let number: UInt64

    init(_ plain: PlainHead) {
        sent = RequestID.accepted(plain.requestIDs)
        number = sent == nil ? RequestID.nextNumber() : 0
    }

    var text: String { sent ?? RequestID.text(of: number) }

    func write(to bytes: inout AnswerBytes) {
        if let sent { return bytes.write(sent) }
        bytes.write(RequestID.prefix)
        bytes.write(Int64(number))
    }
}
