import HTTPTypes
import NIOHTTP1

/// A request's head that asks for nothing but an answer from the cache: GET or HEAD over a connection that stays.
///
/// Whatever is unusual about a head is for the usual way, which looks at it closer: a body, a condition other than
/// `If-None-Match`, another origin, a wish about caches, connection or range, a field that is there twice.
struct PlainHead {
    let method: HTTPRequest.Method
    private(set) var authorization = ""
    private(set) var ifNoneMatch: String?
    private(set) var traceParent: String?
    /// All values of `X-Request-Id`.
    private(set) var requestIDs: [String] = []

    init?(_ head: HTTPRequestHead) {
        switch head.method {
        case .GET: method = .get
        case .HEAD: method = .head
        default: return nil
        }
        guard head.version == .http1_1 else { return nil }
        var hostsTotal = 0
        for (name, value) in head.headers {
            switch Field(name) {
            case .other: continue
            case .unusual: return nil
            case .host: hostsTotal += 1
            case .authorization:
                guard authorization.isEmpty, !value.isEmpty else { return nil }
                authorization = value
            case .ifNoneMatch:
                guard ifNoneMatch == nil else { return nil }
                ifNoneMatch = value
            case .traceParent:
                guard traceParent == nil else { return nil }
                traceParent = value
            case .requestID:
                // The usual way takes white space away first.
                guard value.utf8.last != 0x20, value.utf8.last != 0x09 else { return nil }
                requestIDs.append(value)
            case .connection:
                guard value.lowercased() == "keep-alive" else { return nil }
            }
        }
        guard hostsTotal == 1, !authorization.isEmpty else { return nil }
    }

    private enum Field {
        case host, authorization, ifNoneMatch, traceParent, requestID, connection
        /// Changes how the request is answered.
        case unusual
        case other

        private static let unusualNames: Set<String> = [
            "content-length", "transfer-encoding", "expect", "upgrade", "range", "if-range", "if-match",
            "if-modified-since", "if-unmodified-since", "cache-control", "pragma", "origin", "te", "trailer",
            "access-control-request-method", "idempotency-key", "http2-settings",
        ]

        init(_ name: String) {
            switch name.utf8.count {
            case 4 where Field.isEqual(name, "host"): self = .host
            case 13 where Field.isEqual(name, "authorization"): self = .authorization
            case 13 where Field.isEqual(name, "if-none-match"): self = .ifNoneMatch
            case 11 where Field.isEqual(name, "traceparent"): self = .traceParent
            case 12 where Field.isEqual(name, "x-request-id"): self = .requestID
            case 10 where Field.isEqual(name, "connection"): self = .connection
            default: self = Field.unusualNames.contains(name.lowercased()) ? .unusual : .other
            }
        }

        /// - Parameter lowercase: Letters in lower case and hyphens.
        private static func isEqual(_ name: String, _ lowercase: StaticString) -> Bool {
            var name = name
            return name.withUTF8 { bytes in
                let lowercase = UnsafeBufferPointer(start: lowercase.utf8Start, count: lowercase.utf8CodeUnitCount)
                return zip(bytes, lowercase).allSatisfy { $0 | 0x20 == $1 || $0 == $1 }
            }
        }
    }
}
