import MemoryCache
import PluginAPI
import PluginTesting
import Testing

@testable import Host

/// Patterns of cache keys and the tags that stand for them.
struct KeyPatternTests {
    @Test(
        "A pattern comes out as the tags that cover it, and no wider ones than it names",
        arguments: [
            ("concord_1:things.list:a:a1:limit=50", "account:a1"),
            ("concord_1:things.list:a:a1:*", "account:a1"),
            ("concord_1:things.*:u:ann:*", "user:ann"),
            ("*:a:a1:*", "account:a1"),
            ("*:a1:*", "account:a1 user:a1"),
            ("concord_1:*:u:EUR%2FUSD:", "user:EUR/USD"),
            // IDs that are left open can be anybody's.
            ("concord_1:things.list:a:a*", "module:things"),
            ("concord_1:things.list:a:a*:limit=50", "module:things"),
            ("concord_1:things.li*", "module:things"),
            ("concord_1:others.all:-:", "module:others"),
            ("concord_*.all:-:*", "module:others"),
            // An ID can be `x.all`, and a user can be called `a`.
            ("*.all:*", "*"), ("*:a:*", "account:a module:things user:a"),
            ("*limit=50", "*"), ("*", "*"), ("**", "*"), ("concord_1:*", "*"),
            // No key looks so.
            ("things.*", ""), ("concord_2:*", ""), ("concord_1:thing.list:*", ""), ("concord_1:others.all:a:a1:*", ""),
            ("concord_1:things.list:a::*", ""), ("concord_1:things.list:u:EUR%2fUSD:", ""),
            ("concord_1:things.list:a:a1:x:y", ""), ("concord_1:things.list:a:a1", ""), ("concord_1:things.none:*", ""),
            ("concord_1:things.write:*", ""),
        ])
    func tags(pattern: String, tags: String) {
        let found = KeyPattern(pattern).tags(among: Self.keys)

        #expect(found.map(\.description).sorted().joined(separator: " ") == tags)
    }

    @Test("Whatever a pattern matches is stale once its tags are bumped", arguments: UInt64(1)...8)
    func sound(seed: UInt64) {
        var random = SplitMix(seed: seed)
        for _ in 0..<60 {
            let cache = MemoryCacheModule(maxSize: 4 << 20, clock: ManualClock())
            let keys = Self.fill(cache)
            let pattern = Self.pattern(from: keys.randomElement(using: &random) ?? "", &random)
            let matched = cache.keys(matching: pattern, limit: 1_000)

            cache.immediateInvalidate(KeyPattern(pattern).tags(among: Self.keys))

            #expect(cache.keys(matching: pattern, limit: 1_000) == [], "\(pattern) matched \(matched)")
            #expect(!matched.isEmpty, "\(pattern)")
        }
    }

    @Test("Stars in a row are one")
    func stars() {
        let pattern = KeyPattern(String(repeating: "*", count: KeyPattern.bytesMax))

        #expect(pattern.text == "*" && KeyPattern("a***b*c**").text == "a*b*c*")
        #expect(pattern.tags(among: Self.keys) == [.everything])
    }

    // MARK: - Keys of a test

    private static let keys = CachedKeys(
        of: [
            service("things", ("list", .accounts, nil), ("one", .account(pathParameter: "id"), .seconds(5))),
            service("others", ("all", .platform, nil), ("mine", .caller, nil), ("uncached", .platform, .zero)),
        ], prefix: "concord_", defaultTTL: .seconds(10))

    private static func service(
        _ id: String,
        _ operations: (name: String, scope: Operation.Scope, ttl: Duration?)...
    ) -> LoadedService {
        let queries = operations.map { operation in
            Operation.query(
                operation.name, at: "/\(id)/{id}", scope: operation.scope, ttl: operation.ttl, reply: .anyObject
            ) { (_: Request) async throws -> Reply in Reply(body: []) }
        }
        let command = Operation.command("write", at: "/\(id)", roles: [.agent], reply: .anyObject) { _ in
            Reply(body: [])
        }
        return LoadedService(id: id, service: FakeService(queries + [command]), status: { .ok })
    }

    /// Keeps an answer of every operation for every owner there can be. - Returns: Their keys.
    private static func fill(_ cache: MemoryCacheModule) -> [String] {
        let owners: [KeyScope] = ["a1", "a11", "ann", "a:1", "a*"].flatMap { [.account($0), .user($0)] }
        var all: [String] = []
        for (module, operation, scopes) in [
            ("things", "list", owners), ("things", "one", owners.filter { $0.text.hasPrefix("a:") }),
            ("others", "all", [.platform]), ("others", "mine", owners.filter { $0.text.hasPrefix("u:") } + [.platform]),
        ] {
            for (scope, parameters) in scopes.flatMap({ scope in [[:], ["limit": "50"]].map { (scope, $0) } }) {
                let key = CacheKey.make(
                    prefix: "concord_", operation: "\(module).\(operation)", scope: scope, parameters: parameters,
                    cursor: nil)
                var access = Access(user: "", accounts: [], account: nil, scope: scope)
                switch scope {
                case .account(let id): access.accounts = [id]
                case .user(let id): access.user = id
                case .caller, .platform: break
                }
                let tags = access.tags(module: module)
                let now = ManualClock().now
                cache.immediateStore(
                    CacheEntry(
                        body: [1], etag: "", tags: tags, stamp: cache.immediateStamp(for: tags), storedAt: now,
                        freshUntil: now + .seconds(10), staleUntil: now + .seconds(10)), for: key)
                all.append(key)
            }
        }
        return all
    }

    /// A key some stretches of which are stars.
    private static func pattern(from key: String, _ random: inout SplitMix) -> String {
        var bytes = Array(key.utf8)
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            let from = Int.random(in: 0...bytes.count, using: &random)
            let length = Int.random(in: 0...12, using: &random)
            bytes.replaceSubrange(from..<min(bytes.count, from + length), with: [UInt8(ascii: "*")])
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
