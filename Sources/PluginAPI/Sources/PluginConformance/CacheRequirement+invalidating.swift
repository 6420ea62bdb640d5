import PluginAPI

extension CacheRequirement {
    /// An answer built before a write is not served after it.
    static let invalidating: [CacheRequirement] = [
        CacheRequirement("Invalidating a tag makes every entry that has it a miss") { probe in
            try await probe.store(for: "a")
            try await probe.store(for: "b", tags: [CacheProbe.other, CacheProbe.account])
            try await probe.cache.invalidate([CacheProbe.account])
            try await probe.promiseMiss("a")
            try await probe.promiseMiss("b")
        },
        CacheRequirement("Invalidating a tag leaves entries without it alone") { probe in
            try await probe.store(for: "k", tags: [CacheProbe.other])
            try await probe.cache.invalidate([CacheProbe.account])
            try await probe.promiseHit("k")
        },
        CacheRequirement("A tag is its kind and its ID together") { probe in
            try await probe.store(for: "user", tags: [.user("acc-1")])
            try await probe.store(for: "longer", tags: [.account("acc-10")])
            try await probe.cache.invalidate([CacheProbe.account])
            try await probe.promiseHit("user")
            try await probe.promiseHit("longer")
        },
        CacheRequirement("Tags that only look the same are two tags") { probe in
            try await probe.store(for: "k", tags: [.account("caf\u{E9}")])
            try await probe.cache.invalidate([.account("cafe\u{301}")])
            try await probe.promiseHit("k")
        },
        CacheRequirement("An invalidation between stamp and store wins") { probe in
            let entry = try await probe.entry()
            try await probe.cache.invalidate([CacheProbe.account])
            try await probe.cache.store(entry, for: "k")
            try await probe.promiseMiss("k")
        },
        CacheRequirement("An invalidation of something else between stamp and store does no harm") { probe in
            let entry = try await probe.entry()
            try await probe.cache.invalidate([CacheProbe.other])
            try await probe.cache.store(entry, for: "k")
            try await probe.promiseHit("k")
        },
        CacheRequirement("An entry stamped after an invalidation is kept") { probe in
            try await probe.cache.invalidate([CacheProbe.account])
            try await probe.store(for: "k")
            try await probe.promiseHit("k")
        },
        CacheRequirement("Invalidating everything reaches entries with any tags or none") { probe in
            try await probe.store(for: "a")
            try await probe.store(for: "b", tags: [])
            try await probe.cache.invalidate([.everything])
            try await probe.promiseMiss("a")
            try await probe.promiseMiss("b")
            try await probe.store(for: "a")
            try await probe.promiseHit("a")
        },
        CacheRequirement("An invalidation of everything between stamp and store wins") { probe in
            let entry = try await probe.entry()
            try await probe.cache.invalidate([.everything])
            try await probe.cache.store(entry, for: "k")
            try await probe.promiseMiss("k")
        },
        CacheRequirement("Several tags are invalidated at once") { probe in
            try await probe.store(for: "a")
            try await probe.store(for: "b", tags: [CacheProbe.other])
            try await probe.cache.invalidate([CacheProbe.account, CacheProbe.other])
            try await probe.promiseMiss("a")
            try await probe.promiseMiss("b")
        },
        CacheRequirement("One tag of many is enough") { probe in
            let tags = (0..<100).map { CacheTag.account("acc-\($0)") }
            try await probe.store(for: "k", tags: tags)
            try await probe.promiseHit("k")
            try await probe.cache.invalidate([.account("acc-57")])
            try await probe.promiseMiss("k")
        },
        CacheRequirement("Clearing forgets every entry and takes new ones") { probe in
            for key in ["a", "b", "c"] { try await probe.store(for: key) }
            try await probe.cache.clear()
            for key in ["a", "b", "c"] { try await probe.promiseMiss(key) }
            try await probe.store(for: "a")
            try await probe.promiseHit("a")
        },
    ]
}
