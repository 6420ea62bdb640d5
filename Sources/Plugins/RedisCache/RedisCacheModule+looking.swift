public import PluginAPI

extension RedisCacheModule {
    /// One command reads the entry and the versions of everything it is expected to depend on, all at one moment.
    public func lookUp(_ key: String, tags: [CacheTag]) async throws -> CacheLookUp {
        let (connection, values) = try await read([keys.entry(key)] + tagKeys(tags))
        let versions = Versions(run: connection.run, of: tags, values.dropFirst())
        let stamp = versions.stamp
        let bytes = values.first?.bulk
        if let stored = bytes.flatMap({ StoredEntry.decode($0, expecting: tags) }), stored.staleUntil > clock.now,
            try await isCurrent(stored, versions, stamp)
        {
            return CacheLookUp(entry: stored, stamp: stamp)
        }
        if stamp != nil { return CacheLookUp(entry: nil, stamp: stamp) }
        return CacheLookUp(entry: nil, stamp: try? await complete(versions).stamp)
    }

    public func entry(for key: String) async throws -> CacheEntry? {
        let (connection, values) = try await read([keys.entry(key)])
        guard let stored = values.first?.bulk.flatMap({ StoredEntry.decode($0) }), stored.staleUntil > clock.now else {
            return nil
        }
        let none = Versions(run: connection.run, of: [], [])
        return try await isCurrent(stored, none, nil) ? stored : nil
    }

    /// Of no versions, which are never current, when an invalidation came in between.
    ///
    /// - Throws: ``RedisError`` when Redis does not answer or cannot keep a version.
    public func stamp(for tags: [CacheTag]) async throws -> CacheStamp {
        let (connection, values) = try await read(tagKeys(tags))
        let versions = Versions(run: connection.run, of: tags, values[...])
        if let stamp = versions.stamp { return stamp }
        return try await complete(versions).stamp ?? CacheStamp(versions: [])
    }

    /// Whether an entry's versions all stand. Those already read are not read again.
    private func isCurrent(
        _ entry: CacheEntry, _ known: Versions, _ stamp: CacheStamp?
    ) async throws(RedisError) -> Bool {
        if known.tags == entry.tags { return stamp == entry.stamp }
        let (connection, values) = try await read(tagKeys(entry.tags))
        return Versions(run: connection.run, of: entry.tags, values[...]).stamp == entry.stamp
    }

    /// Makes the versions that are missing, unless another host has made them meanwhile, and reads all of them again.
    private func complete(_ versions: Versions) async throws(RedisError) -> Versions {
        let keys = tagKeys(versions.tags)
        let making = zip(keys, versions.values).filter { $0.1 == nil }.map { key, _ in
            RedisCommand([Array("SET".utf8), key, Versions.random()] + RedisCacheModule.versionLife)
        }
        _ = try await client.write(making)
        let (connection, values) = try await read(keys)
        return Versions(run: connection.run, of: versions.tags, values)
    }

    private func read(
        _ keys: [[UInt8]]
    ) async throws(RedisError) -> (connection: RedisConnection, values: [RedisReply]) {
        let (connection, replies) = try await client.ask([RedisCommand([Array("MGET".utf8)] + keys)])
        guard case .array(let values)? = replies.first, values.count == keys.count else {
            throw .refused("MGET has no list of \(keys.count) values")
        }
        return (connection, values)
    }

    private func tagKeys(_ tags: [CacheTag]) -> [[UInt8]] { [keys.everything] + tags.map(keys.tag) }

    /// A version that is not asked for within a day goes; the next answer under the tag makes another.
    private static let versionLife = ["NX", "PX", "86400000"].map { Array($0.utf8) }
}

/// The versions of everything and of some tags, at one moment.
struct Versions: Sendable {
    let tags: [CacheTag]
    /// First that of everything; `nil` where there is none.
    let values: [UInt64?]
    private let run: UInt64

    init(run: UInt64, of tags: [CacheTag], _ replies: some Sequence<RedisReply>) {
        self.run = run
        self.tags = tags
        values = replies.map { reply in
            reply.bulk.flatMap { bytes in
                var reader = ByteFormReader(bytes)
                return reader.number(UInt64.self)
            }
        }
    }

    /// The versions with the server's run before them; `nil` while one is missing.
    var stamp: CacheStamp? {
        guard values.count == tags.count + 1 else { return nil }
        var versions = [run]
        versions.reserveCapacity(values.count + 1)
        for value in values {
            guard let value else { return nil }
            versions.append(value)
        }
        return CacheStamp(versions: versions)
    }

    /// Never the same twice, whoever makes it.
    static func random() -> [UInt8] {
        var writer = ByteFormWriter()
        writer.write(UInt64.random(in: .min ... .max))
        return writer.bytes
    }
}
