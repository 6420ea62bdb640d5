import PluginAPI

/// What things are called in Redis; everything begins with `cache.prefix`.
struct RedisKeys: Sendable {
    let prefix: String
    let tagPrefix: [UInt8]
    /// Under which the version of everything lies.
    let everything: [UInt8]

    init(prefix: String) {
        self.prefix = prefix
        tagPrefix = Array("\(prefix)tag:".utf8)
        everything = tagPrefix + Array(CacheTag.everything.description.utf8)
    }

    /// Under which an entry lies. The host's keys begin with a digit, so that none is a tag's.
    func entry(_ key: String) -> [UInt8] { Array(prefix.utf8) + Array(key.utf8) }

    /// Under which the version of a tag lies: `concord_tag:account:acc-1`.
    func tag(_ tag: CacheTag) -> [UInt8] {
        if tag == .everything { return everything }
        var key = tagPrefix
        key.reserveCapacity(key.count + tag.kind.utf8.count + 1 + tag.id.utf8.count)
        key.append(contentsOf: tag.kind.utf8)
        key.append(UInt8(ascii: ":"))
        key.append(contentsOf: tag.id.utf8)
        return key
    }

    /// Where invalidations are published.
    var channel: String { "\(prefix)invalidations" }

    /// Matches every key of this prefix, and nothing else.
    var pattern: String {
        let escaped = prefix.map { "*?[]^\\-".contains($0) ? "\\\($0)" : "\($0)" }
        return escaped.joined() + "*"
    }
}
