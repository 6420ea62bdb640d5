import PluginAPI

extension CacheRequirement {
    /// What is stored is found for as long as it may be.
    static let keeping: [CacheRequirement] = [
        CacheRequirement("A key that was never stored is a miss") { probe in
            try await probe.promiseMiss("k")
        },
        CacheRequirement("A stored entry comes back equal in every field") { probe in
            var entry = try await probe.entry("{\"n\":0.10}", tags: [CacheProbe.account, .user("u-1")])
            entry.status = 404
            try await probe.cache.store(entry, for: "k")
            let found = try await probe.cache.entry(for: "k")
            try promise(found == entry, "it came back as \(String(describing: found))")
        },
        CacheRequirement("Any bytes may be a body, none too") { probe in
            for (key, body) in [("all", Array(UInt8.min...UInt8.max)), ("none", [])] {
                var entry = try await probe.entry()
                entry.body = body
                try await probe.cache.store(entry, for: key)
                let found = try await probe.cache.entry(for: key)
                try promise(found?.body == body, "the body of \(key) changed")
            }
        },
        CacheRequirement("The later of two entries under a key counts") { probe in
            try await probe.store("old", for: "k")
            try await probe.store("new", for: "k")
            try await probe.promiseHit("k", "new")
        },
        CacheRequirement("Keys that only look the same are two keys") { probe in
            try await probe.store("composed", for: "caf\u{E9}")
            try await probe.promiseMiss("cafe\u{301}")
            try await probe.store("decomposed", for: "cafe\u{301}")
            try await probe.promiseHit("caf\u{E9}", "composed")
        },
        CacheRequirement("An entry that is no longer fresh is still there until its stale limit") { probe in
            try await probe.store(for: "k")
            probe.advance(.seconds(10))
            try await probe.promiseHit("k")
            probe.advance(.seconds(50) - .microseconds(1))
            try await probe.promiseHit("k")
        },
        CacheRequirement("At its stale limit an entry is gone") { probe in
            try await probe.store(for: "k")
            probe.advance(.seconds(60))
            try await probe.promiseMiss("k")
        },
        CacheRequirement("An entry that has expired already is not kept") { probe in
            let entry = try await probe.entry()
            probe.advance(.seconds(61))
            try await probe.cache.store(entry, for: "k")
            try await probe.promiseMiss("k")
        },
        CacheRequirement("A stored key lives by its newest entry's times") { probe in
            try await probe.store(for: "k")
            probe.advance(.seconds(40))
            try await probe.store(for: "k")
            probe.advance(.seconds(40))
            try await probe.promiseHit("k")
        },
    ]
}
