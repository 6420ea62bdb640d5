import HTTPTypes
import PluginAPI

/// How the cache came into an answer, as the header `Cache-Status` says it (RFC 9211).
enum CacheStatus: Sendable, Equatable {
    /// Fresh for this many seconds more.
    case hit(ttl: Int64)
    /// Past its TTL by `-ttl` seconds, and storage is down.
    case stale(ttl: Int64)
    /// Built for this request.
    case miss(isStored: Bool)
    /// Built for a request that was there before.
    case joined
    /// Of a kind that is never kept.
    case bypass

    static func hit(_ entry: CacheEntry, at now: Timestamp) -> CacheStatus {
        .hit(ttl: max(0, entry.freshUntil.since(now).components.seconds))
    }

    var text: String {
        switch self {
        case .hit(let ttl): "concord; hit; ttl=\(ttl)"
        case .stale(let ttl): "concord; hit; ttl=\(ttl); detail=stale-if-error"
        case .miss(true): "concord; fwd=uri-miss; stored"
        case .miss(false): "concord; fwd=uri-miss"
        case .joined: "concord; fwd=uri-miss; collapsed"
        case .bypass: "concord; fwd=bypass"
        }
    }
}

extension HTTPField.Name {
    /// RFC 9211
    static let cacheStatus = HTTPField.Name.known("Cache-Status")
    static let idempotencyKey = HTTPField.Name.known("Idempotency-Key")

    private static func known(_ name: String) -> HTTPField.Name {
        guard let name = HTTPField.Name(name) else { preconditionFailure("\(name) is not a field name") }
        return name
    }
}
