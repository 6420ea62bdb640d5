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

    /// Longer than all fields together but the tag and the ID.
    private static let fieldsMax = 1_024

    private var sizeMax: Int { Hit.fieldsMax + chosen.plainTag.utf8.count + id.sizeMax + bodyBytes }

    /// - Parameter isLast: Whether the connection ends with it.
    func write(to bytes: inout AnswerBytes, at now: Timestamp, isLast: Bool = false) {
        bytes.spell(sizeMax: sizeMax, at: now) { text, headEnd in
            writeHead(to: &text, at: now, isLast: isLast)
            text.write(headEnd)
            if method != .head { text.write(chosen.body) }
        }
    }

    /// All fields but the last, `Date`.
    private func writeHead(to text: inout AnswerText, at now: Timestamp, isLast: Bool) {
        if chosen.isNotModified {
            text.write(constant: "HTTP/1.1 304 Not Modified\r\nCache-Control: private, no-cache\r\nETag: ")
        } else {
            text.write(
                constant:
                    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nCache-Control: private, no-cache\r\nETag: ")
        }
        writeForm(to: &text)
        text.write(constant: "\r\nX-Content-Type-Options: nosniff\r\nAge: ")
        text.write(max(0, (now.microseconds - chosen.storedAt.microseconds) / 1_000_000))
        writeStatus(to: &text)
        text.write(constant: "\r\nX-Request-Id: ")
        id.write(to: &text)
        if isLast { text.write(constant: "\r\nConnection: close") }
        rate?.write(to: &text)
        if chosen.varies { text.write(constant: "\r\nVary: Accept-Encoding") }
        if variesByOrigin { text.write(constant: "\r\nVary: Origin") }
    }

    private func writeForm(to text: inout AnswerText) {
        switch chosen.form {
        case .identity: text.write(chosen.plainTag)
        case .gzip:
            text.write(chosen.plainTag.dropLast())
            text.write(constant: EntityTag.gzipEnd)
            if !chosen.isNotModified { text.write(constant: "\r\nContent-Encoding: gzip") }
        }
        guard !chosen.isNotModified else { return }
        text.write(constant: "\r\nContent-Length: ")
        text.write(Int64(chosen.body.count))
    }

    private func writeStatus(to text: inout AnswerText) {
        text.write(constant: "\r\nCache-Status: ")
        // Nearly all; the others are put together.
        if case .hit(let ttl) = status {
            text.write(constant: "concord; hit; ttl=")
            text.write(ttl)
        } else {
            text.write(status.text)
        }
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

    /// No number has more digits than 20.
    var sizeMax: Int { sent?.utf8.count ?? RequestID.prefix.utf8.count + 20 }

    func write(to text: inout AnswerText) {
        if let sent { return text.write(sent) }
        text.write(RequestID.prefix)
        text.write(Int64(number))
    }
}
