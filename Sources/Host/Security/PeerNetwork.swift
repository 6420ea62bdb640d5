import Glibc

/// What failed authentications are counted by: an IPv4 address, or the /64 network of an IPv6 address, of which a single
/// household has all.
struct PeerNetwork: Sendable, Hashable {
    private let name: ShortDigest

    init(address: String) {
        var v6 = in6_addr()
        if inet_pton(AF_INET6, address, &v6) == 1 {
            let all = withUnsafeBytes(of: v6) { Array($0) }
            let isMappedV4 = all[..<10].allSatisfy { $0 == 0 } && all[10] == 0xFF && all[11] == 0xFF
            name = ShortDigest(isMappedV4 ? Array(all[12...]) : Array(all[..<8]))
            return
        }
        var v4 = in_addr()
        let isV4 = inet_pton(AF_INET, address, &v4) == 1
        name = ShortDigest(isV4 ? withUnsafeBytes(of: v4) { Array($0) } : Array(address.utf8))
    }
}
