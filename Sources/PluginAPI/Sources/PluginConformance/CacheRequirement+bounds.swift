import PluginAPI

extension CacheRequirement {
    /// A cache takes no more than it may, and says what it takes. Limits are checked where the backend names them.
    static let bounds: [CacheRequirement] = [
        CacheRequirement("Statistics count entries, bytes and invalidations") { probe in
            let before = await probe.cache.statistics
            try await probe.store(String(repeating: "x", count: 1_000), for: "a")
            try await probe.store(String(repeating: "x", count: 1_000), for: "b")
            let after = await probe.cache.statistics
            try promise(after.entries == before.entries + 2, "\(after.entries) entries after two stores")
            try promise(after.bytes >= before.bytes + 2_000, "\(after.bytes) bytes after two stores of a thousand")
            try await probe.cache.invalidate([CacheProbe.account, CacheProbe.other])
            let invalidated = await probe.cache.statistics
            try promise(invalidated.invalidations == before.invalidations + 2, "invalidations are not counted by tag")
        },
        CacheRequirement("An overwritten entry's bytes are given back") { probe in
            try await probe.store(String(repeating: "x", count: 10_000), for: "k")
            try await probe.store("x", for: "k")
            let statistics = await probe.cache.statistics
            try promise(
                statistics.entries == 1 && statistics.bytes < 10_000, "it still takes \(statistics.bytes) bytes")
        },
        CacheRequirement("A cleared cache takes no bytes for entries") { probe in
            try await probe.store(for: "k")
            try await probe.cache.clear()
            let statistics = await probe.cache.statistics
            try promise(statistics.entries == 0 && statistics.bytes == 0, "it takes \(statistics.bytes) bytes")
        },
        CacheRequirement("However much is stored, the limit holds") { probe in
            guard let limit = await probe.cache.statistics.bytesMax else { return }
            let body = String(repeating: "x", count: max(64, limit / 64))
            for index in 0..<256 {
                try await probe.store(body, for: "k-\(index)")
                let bytes = await probe.cache.statistics.bytes
                try promise(bytes <= limit, "\(bytes) bytes are kept and \(limit) allowed")
            }
            let statistics = await probe.cache.statistics
            try promise(statistics.entries > 0 && statistics.evictions > 0, "nothing was evicted, or everything")
        },
        CacheRequirement("An entry larger than the limit is not kept and evicts nothing") { probe in
            guard let limit = await probe.cache.statistics.bytesMax else { return }
            try await probe.store(for: "small")
            try await probe.store(String(repeating: "x", count: limit + 1), for: "large")
            try await probe.promiseMiss("large")
            try await probe.promiseHit("small")
        },
        CacheRequirement("An entry too large to keep does not leave an older one to be served") { probe in
            guard let limit = await probe.cache.statistics.bytesMax else { return }
            try await probe.store("old", for: "k")
            try await probe.store(String(repeating: "x", count: limit + 1), for: "k")
            try await probe.promiseMiss("k")
        },
        CacheRequirement("Many tasks at once find only what was stored under their key") { probe in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for task in 0..<8 {
                    group.addTask {
                        for round in 0..<200 {
                            let key = "k-\((task + round) % 16)"
                            if let found = try await probe.text(key) {
                                try promise(found == "body of \(key)", "\(key) answers \(found)")
                            }
                            try await probe.store("body of \(key)", for: key)
                            if round.isMultiple(of: 50) { try await probe.cache.invalidate([CacheProbe.account]) }
                        }
                    }
                }
                try await group.waitForAll()
            }
        },
    ]
}
