public import PluginAPI

/// A promise of ``CacheBackend`` that every backend keeps.
///
/// ```swift
/// @Test("MemoryCache keeps every promise of CacheBackend", arguments: CacheRequirement.all)
/// func conformance(_ requirement: CacheRequirement) async throws {
///     let clock = ManualClock()
///     try await requirement.check(MemoryCacheModule(maxSize: 1 << 20, clock: clock), clock) { clock.advance(by: $0) }
/// }
/// ```
public struct CacheRequirement: Sendable, CustomStringConvertible {
    /// The promise as a sentence.
    public let description: String
    private let body: @Sendable (CacheProbe) async throws -> Void

    init(_ description: String, _ body: @escaping @Sendable (CacheProbe) async throws -> Void) {
        self.description = description
        self.body = body
    }

    /// Tries the promise on a started, empty backend.
    ///
    /// - Parameters:
    ///   - clock: The clock the backend reads.
    ///   - advance: Moves that clock.
    /// - Throws: ``PromiseBroken``, or whatever the backend threw unexpectedly.
    public func check(
        _ cache: any CacheBackend,
        _ clock: any HostClock,
        advance: @escaping @Sendable (Duration) -> Void
    ) async throws {
        try await body(CacheProbe(cache: cache, clock: clock, advance: advance))
    }

    /// Every promise there is.
    public static let all: [CacheRequirement] = keeping + invalidating + bounds
}

/// A cache under test and short ways to use it.
struct CacheProbe: Sendable {
    let cache: any CacheBackend
    let clock: any HostClock
    let advance: @Sendable (Duration) -> Void

    static let account = CacheTag.account("acc-1")
    static let other = CacheTag.account("acc-2")

    /// An entry stamped now, fresh for ten seconds and kept for sixty.
    func entry(_ text: String = "{}", tags: [CacheTag] = [account]) async throws -> CacheEntry {
        CacheEntry(
            body: Array(text.utf8),
            etag: "\"\(text.utf8.count)\"",
            tags: tags,
            stamp: try await cache.stamp(for: tags),
            storedAt: clock.now,
            freshUntil: clock.now + .seconds(10),
            staleUntil: clock.now + .seconds(60)
        )
    }

    func store(_ text: String = "{}", for key: String, tags: [CacheTag] = [account]) async throws {
        try await cache.store(try await entry(text, tags: tags), for: key)
    }

    func text(_ key: String) async throws -> String? {
        try await cache.entry(for: key).map { String(decoding: $0.body, as: UTF8.self) }
    }

    func promiseHit(_ key: String, _ text: String = "{}") async throws {
        let found = try await self.text(key)
        try promise(found?.utf8.elementsEqual(text.utf8) == true, "\(key) answers \(found ?? "nothing")")
    }

    func promiseMiss(_ key: String) async throws {
        let found = try await text(key)
        try promise(found == nil, "\(key) answers \(found ?? "nothing")")
    }
}
