import PluginAPI

/// What things are called in Redis; everything begins with `cache.prefix`.
struct RedisKeys: Sendable {
    let prefix: String
    let tagPrefix: [UInt8]
    /// Under which the version of everything lies.
    let everything: [UInt8]
    private let prefixBytes: [UInt8]

    init(prefix: String) {
        self.prefix = prefix
        prefixBytes = Array(prefix.utf8)
        tagPrefix = Array("\(prefix)tag:".utf8)
        everything = tagPrefix + Array(CacheTag.everything.description.utf8)
    }

    /// Under which an entry lies. The host's keys begin with a digit, so that none is a tag's.
    func entry(_ key: String) -> [UInt8] { prefixBytes + Array(key.utf8) }

    /// Under which the version of a tag lies: `concord_tag:account:acc-1`.
    func tag(_ tag: CacheTag) -> [UInt8] {
        var key: [UInt8] = []
        key.reserveCapacity(bytesTotal(of: tag))
        append(tag, to: &key)
        return key
    }

    /// `MGET` of an entry, unless there is none to ask for, of the version of everything and of those of some tags.
    func reading(_ key: String?, versionsOf tags: [CacheTag]) -> RedisCommand {
        let bytesTotal = tags.reduce(64 + everything.count + (key?.utf8.count ?? 0)) {
            $0 + 16 + self.bytesTotal(of: $1)
        }
        var command = RedisCommand(wordsTotal: (key == nil ? 2 : 3) + tags.count, capacity: bytesTotal)
        command.append(RedisKeys.mget)
        if let key {
            command.append(bytesTotal: prefixBytes.count + key.utf8.count) { bytes in
                bytes.append(contentsOf: prefixBytes)
                bytes.append(contentsOf: key.utf8)
            }
        }
        command.append(everything)
        for each in tags {
            command.append(bytesTotal: self.bytesTotal(of: each)) { append(each, to: &$0) }
        }
        return command
    }

    /// Where invalidations are published.
    var channel: String { "\(prefix)invalidations" }

    /// Matches every key of this prefix, and nothing else.
    var pattern: String {
        let escaped = prefix.map { "*?[]^\\-".contains($0) ? "\\\($0)" : "\($0)" }
        return escaped.joined() + "*"
    }

    private static let mget = Array("MGET".utf8)

    private func bytesTotal(of tag: CacheTag) -> Int {
        tagPrefix.count + tag.kind.utf8.count + (tag == .everything ? 0 : 1) + tag.id.utf8.count
    }

    private func append(_ tag: CacheTag, to bytes: inout [UInt8]) {
        bytes.append(contentsOf: tagPrefix)
        bytes.append(contentsOf: tag.kind.utf8)
        if tag != .everything { bytes.append(UInt8(ascii: ":")) }
        bytes.append(contentsOf: tag.id.utf8)
    }
}
