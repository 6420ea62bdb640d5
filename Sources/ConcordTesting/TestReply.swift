import Host
public import PluginAPI

/// What a host answered.
public struct TestReply: Sendable {
    /// As in HTTP: 200, 404.
    public let status: Int
    /// By name in lower case; the last of several.
    public let headers: [String: String]
    /// JSON, or nothing.
    public let body: [UInt8]

    init(_ answer: EmbeddedAnswer) {
        status = answer.status
        headers = Dictionary(answer.headers.map { ($0.name, $0.value) }) { _, last in last }
        body = answer.body
    }

    /// What the cache did, in the words of RFC 9211: `concord; hit; …`, `concord; fwd=miss; …`; `nil` where nothing is cached.
    public var cacheStatus: String? { headers["cache-status"] }
    /// Whether the answer came out of the cache.
    public var isHit: Bool { cacheStatus?.contains("; hit") == true }

    /// The body as text, for messages.
    public var text: String { String(decoding: body, as: UTF8.self) }

    /// The body; `null` for an answer without one, or whose body is no JSON.
    public var json: JSONValue {
        (try? JSONValue(parsing: body, limits: JSONLimits(textMax: 1 << 24))) ?? .null
    }

    /// The elements of the member `rows`, for operations that answer rows; none for others.
    public var rows: [JSONValue] {
        if case .array(let rows)? = json["rows"] { rows } else { [] }
    }

    /// Why the call was refused: the member `detail` of a problem; `nil` for other answers.
    public var detail: String? {
        if case .string(let text)? = json["detail"] { text } else { nil }
    }
}
