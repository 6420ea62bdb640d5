public import PluginAPI

/// What operators ask for and no request waits for: these go through all keys of the prefix, step by step.
extension RedisCacheModule {
    /// Makes every entry stale at once, then removes them.
    public func clear() async throws {
        try await client.invalidate([.everything], isCounted: false)
        try await forEachPage { page throws(RedisError) in
            _ = try await self.client.patiently([RedisCommand([Array("UNLINK".utf8)] + page)])
        }
    }

    /// Entries of all hosts and their values' bytes, those that were invalidated and have not expired included; zeros when
    /// Redis does not answer. Invalidations are this host's.
    public var statistics: CacheStatistics {
        get async {
            var sum = CacheStatistics(
                entries: 0, bytes: 0, bytesMax: nil, evictions: 0, invalidations: client.invalidationsTotal)
            let counted = try? await count()
            (sum.entries, sum.bytes) = counted ?? (0, 0)
            return sum
        }
    }

    private func count() async throws(RedisError) -> (entries: Int, bytes: Int) {
        var (entries, bytes) = (0, 0)
        try await forEachPage { page throws(RedisError) in
            let lengths = try await self.client.patiently(page.map { RedisCommand([Array("STRLEN".utf8), $0]) })
            for case .integer(let length) in lengths where length > 0 {
                entries += 1
                bytes += Int(length)
            }
        }
        return (entries, bytes)
    }

    /// Every page of the entries' keys. A key may come twice when others are stored meanwhile; it is passed on once.
    private func forEachPage(_ take: ([[UInt8]]) async throws(RedisError) -> Void) async throws(RedisError) {
        var cursor = Array("0".utf8)
        var seen: Set<[UInt8]> = []
        repeat {
            let scan = RedisCommand(
                [Array("SCAN".utf8), cursor] + ["MATCH", keys.pattern, "COUNT", "500"].map { Array($0.utf8) })
            guard case .array(let parts)? = try await client.patiently([scan]).first, parts.count == 2,
                let next = parts[0].bulk, case .array(let found) = parts[1]
            else { throw .refused("SCAN has no cursor and no keys") }
            cursor = Array(next)
            let page = found.compactMap { $0.bulk.map(Array.init) }.filter {
                !$0.starts(with: keys.tagPrefix) && seen.insert($0).inserted
            }
            if !page.isEmpty { try await take(page) }
        } while cursor != Array("0".utf8)
    }
}
