public import PluginAPI

extension RedisCacheModule {
    /// One command reads the entry and the versions of everything it is expected to depend on, all at one moment.
    public func lookUp(_ key: String, tags: [CacheTag]) async throws -> CacheLookUp {
        let (value, versions) = try await read(key, tags)
        if let entry = entry(in: value, expecting: tags) {
            if entry.tags == tags {
                if versions.agree(with: entry.stamp) { return CacheLookUp(entry: entry, stamp: entry.stamp) }
            } else if try await isCurrent(entry) {
                return CacheLookUp(entry: entry, stamp: versions.stamp)
            }
        }
        if let stamp = versions.stamp { return CacheLookUp(entry: nil, stamp: stamp) }
        return CacheLookUp(entry: nil, stamp: try? await complete(versions).stamp)
    }

    public func entry(for key: String) async throws -> CacheEntry? {
        let (value, versions) = try await read(key, [])
        guard let entry = entry(in: value, expecting: []) else { return nil }
        if entry.tags.isEmpty { return versions.agree(with: entry.stamp) ? entry : nil }
        return try await isCurrent(entry) ? entry : nil
    }

    /// Of no versions, which are never current, when an invalidation came in between.
    ///
    /// - Throws: ``RedisError`` when Redis does not answer or cannot keep a version.
    public func stamp(for tags: [CacheTag]) async throws -> CacheStamp {
        let versions = try await versions(of: tags)
        if let stamp = versions.stamp { return stamp }
        return try await complete(versions).stamp ?? CacheStamp(versions: [])
    }

    /// An entry that has not expired.
    private func entry(in value: RedisReply, expecting tags: [CacheTag]) -> CacheEntry? {
        guard case .bulk(let bytes) = value, let entry = StoredEntry.decode(bytes, expecting: tags),
            entry.staleUntil > clock.now
        else { return nil }
        return entry
    }

    /// Whether an entry's versions, which have not been read yet, all stand.
    private func isCurrent(_ entry: CacheEntry) async throws(RedisError) -> Bool {
        try await versions(of: entry.tags).agree(with: entry.stamp)
    }

    /// Makes the versions that are missing, unless another host has made them meanwhile, and reads all of them again.
    private func complete(_ versions: Versions) async throws(RedisError) -> Versions {
        let all = [keys.everything] + versions.tags.map(keys.tag)
        let making = versions.missing.map { index in
            RedisCommand([Array("SET".utf8), all[index], Versions.random()] + RedisCacheModule.versionLife)
        }
        _ = try await client.write(making)
        return try await self.versions(of: versions.tags)
    }

    private func read(_ key: String, _ tags: [CacheTag]) async throws(RedisError) -> (value: RedisReply, Versions) {
        let (connection, reply) = try await client.ask(keys.reading(key, versionsOf: tags))
        let values = try RedisCacheModule.values(in: reply, tags.count + 2)
        return (values[0], Versions(run: connection.run, of: tags, values[1...]))
    }

    private func versions(of tags: [CacheTag]) async throws(RedisError) -> Versions {
        let (connection, reply) = try await client.ask(keys.reading(nil, versionsOf: tags))
        return Versions(run: connection.run, of: tags, try RedisCacheModule.values(in: reply, tags.count + 1)[...])
    }

    private static func values(in reply: RedisReply, _ total: Int) throws(RedisError) -> [RedisReply] {
        guard case .array(let values) = reply, values.count == total else {
            throw .refused("MGET has no list of \(total) values")
        }
        return values
    }

    /// A version that is not asked for within a day goes; the next answer under the tag makes another.
    private static let versionLife = ["NX", "PX", "86400000"].map { Array($0.utf8) }
}

/// The versions of everything and of some tags, at one moment.
struct Versions: Sendable {
    let tags: [CacheTag]
    private let run: UInt64
    /// First that of everything.
    private let replies: ArraySlice<RedisReply>

    init(run: UInt64, of tags: [CacheTag], _ replies: ArraySlice<RedisReply>) {
        self.run = run
        self.tags = tags
        self.replies = replies
    }

    /// The versions with the server's run before them; `nil` while one is missing.
    var stamp: CacheStamp? {
        var versions = [run]
        versions.reserveCapacity(replies.count + 1)
        for reply in replies {
            guard let version = Versions.number(in: reply) else { return nil }
            versions.append(version)
        }
        return CacheStamp(versions: versions)
    }

    /// Whether a stamp is of just these versions.
    func agree(with stamp: CacheStamp) -> Bool {
        guard stamp.versions.count == replies.count + 1, stamp.versions[0] == run else { return false }
        return zip(stamp.versions.dropFirst(), replies).allSatisfy { $0 == Versions.number(in: $1) }
    }

    /// Where there is no version: 0 for that of everything, then the tags in their order.
    var missing: [Int] { replies.enumerated().filter { Versions.number(in: $0.element) == nil }.map(\.offset) }

    /// Never the same twice, whoever makes it.
    static func random() -> [UInt8] {
        var writer = ByteFormWriter()
        writer.write(UInt64.random(in: .min ... .max))
        return writer.bytes
    }

    private static func number(in reply: RedisReply) -> UInt64? {
        guard case .bulk(let bytes) = reply else { return nil }
        return ByteFormReader.read(bytes) { $0.number() }
    }
}
