import PluginAPI

/// What things are called in Redis; everything begins with `cache.prefix`.
struct RedisKeys: Sendable {
    let prefix: String

    /// Under which an entry lies. The host's keys begin with a digit, so that none is a tag's.
    func entry(_ key: String) -> [UInt8] { Array(prefix.utf8) + Array(key.utf8) }

    /// Under which the version of a tag lies: `concord_tag:account:acc-1`.
    func tag(_ tag: CacheTag) -> [UInt8] { tagPrefix + Array(tag.description.utf8) }

    var tagPrefix: [UInt8] { Array("\(prefix)tag:".utf8) }

    /// Where invalidations are published.
    var channel: String { "\(prefix)invalidations" }

    /// Matches every key of this prefix, and nothing else.
    var pattern: String {
        let escaped = prefix.map { "*?[]^\\-".contains($0) ? "\\\($0)" : "\($0)" }
        return escaped.joined() + "*"
    }
}
