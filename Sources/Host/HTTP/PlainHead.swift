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
    private(set) var takesGzip = false
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
        var codingsTotal = 0
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
            case .acceptEncoding:
                codingsTotal += 1
                guard codingsTotal == 1 else { return nil }
                takesGzip = AcceptEncoding.takesGzip(value)
            case .traceParent:
                guard traceParent == nil else { return nil }
                traceParent = value
            case .requestID:
                requestIDs.append(value)
            case .connection:
                guard value.lowercased() == "keep-alive" else { return nil }
            }
        }
        guard hostsTotal == 1, !authorization.isEmpty else { return nil }
    }

    private enum Field {
        case host, authorization, ifNoneMatch, acceptEncoding, traceParent, requestID, connection
        /// Changes how the request is answered.
        case unusual
        case other

        init(_ name: String) {
            func isOne(of names: StaticString...) -> Bool { names.contains { Field.isEqual(name, $0) } }
            self =
                switch name.utf8.count {
                case 2 where isOne(of: "te"): .unusual
                case 4 where isOne(of: "host"): .host
                case 5 where isOne(of: "range"): .unusual
                case 6 where isOne(of: "expect", "pragma", "origin"): .unusual
                case 7 where isOne(of: "upgrade", "trailer"): .unusual
                case 8 where isOne(of: "if-range", "if-match"): .unusual
                case 10 where isOne(of: "connection"): .connection
                case 11 where isOne(of: "traceparent"): .traceParent
                case 12 where isOne(of: "x-request-id"): .requestID
                case 13 where isOne(of: "authorization"): .authorization
                case 13 where isOne(of: "if-none-match"): .ifNoneMatch
                case 13 where isOne(of: "cache-control"): .unusual
                case 14 where isOne(of: "content-length", "http2-settings"): .unusual
                case 15 where isOne(of: "accept-encoding"): .acceptEncoding
                case 15 where isOne(of: "idempotency-key"): .unusual
                case 17 where isOne(of: "transfer-encoding", "if-modified-since"): .unusual
                case 19 where isOne(of: "if-unmodified-since"): .unusual
                case 29 where isOne(of: "access-control-request-method"): .unusual
                default: .other
                }
        }

        /// - Parameter lowercase: As long as the name: letters in lower case, digits and hyphens.
        private static func isEqual(_ name: String, _ lowercase: StaticString) -> Bool {
            var name = name
            return name.withUTF8 { bytes in
                let lowercase = UnsafeBufferPointer(start: lowercase.utf8Start, count: lowercase.utf8CodeUnitCount)
                return zip(bytes, lowercase).allSatisfy { $0 | 0x20 == $1 || $0 == $1 }
            }
        }
    }
}
