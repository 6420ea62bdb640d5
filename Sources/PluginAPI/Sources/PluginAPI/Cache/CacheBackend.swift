/// Keeps encoded answers for a while. Losing an entry costs a recomputation, never correctness.
public protocol CacheBackend: Module {
    /// What is needed to tell later whether an answer built from now on is still current.
    ///
    /// Read before the data is read: an invalidation in between then makes the entry stale from the start.
    func stamp(for tags: [CacheTag]) async throws -> CacheStamp

    /// The entry under `key`, unless it is absent, expired beyond its stale limit, evicted or invalidated.
    func entry(for key: String) async throws -> CacheEntry?

    /// Keeps `entry` under `key` unless one of its tags has been bumped since `entry.stamp`.
    func store(_ entry: CacheEntry, for key: String) async throws

    /// Makes every entry with one of the tags stale at once; costs the same however many entries there are.
    func invalidate(_ tags: [CacheTag]) async throws

    /// Forgets everything.
    func clear() async throws

    /// What the cache holds now, and what has happened to it.
    var statistics: CacheStatistics { get async }
}

/// A cache that answers without suspension: the in-process one. The host looks there first.
public protocol SynchronousCache: CacheBackend {
    /// ``CacheBackend/stamp(for:)`` at once.
    func immediateStamp(for tags: [CacheTag]) -> CacheStamp
    /// ``CacheBackend/entry(for:)`` at once.
    func immediateEntry(for key: String) -> CacheEntry?
    /// ``CacheBackend/store(_:for:)`` at once.
    func immediateStore(_ entry: CacheEntry, for key: String)
    /// ``CacheBackend/invalidate(_:)`` at once.
    func immediateInvalidate(_ tags: [CacheTag])
    /// Keys now held that match a pattern with `*`, at most `limit` of them, for the admin API.
    func keys(matching pattern: String, limit: Int) -> [String]
    /// Forgets one entry, if there is one.
    func remove(_ key: String)
    /// ``CacheBackend/statistics`` at once.
    var immediateStatistics: CacheStatistics { get }
}

/// The versions of some tags at one moment; only the backend that made it can read it.
public struct CacheStamp: Sendable, Equatable {
    /// A number for each tag, in their order; it grows with each invalidation.
    public var versions: [UInt64]

    /// A stamp of a backend's own versions.
    public init(versions: [UInt64]) {
        self.versions = versions
    }
}

/// What an entry depends on: a kind and an ID, as `account:acc-1`.
public struct CacheTag: Sendable, Hashable, CustomStringConvertible {
    /// What the ID is of: `account`, `user` or `module`.
    public var kind: String
    /// Which of that kind.
    public var id: String

    /// A tag of any kind.
    public init(kind: String, id: String) {
        self.kind = kind
        self.id = id
    }

    /// What depends on an account's book.
    public static func account(_ id: String) -> CacheTag { CacheTag(kind: "account", id: id) }
    /// What depends on which accounts a user has.
    public static func user(_ id: String) -> CacheTag { CacheTag(kind: "user", id: id) }
    /// What depends on a module.
    public static func module(_ id: String) -> CacheTag { CacheTag(kind: "module", id: id) }
    /// Every entry there is.
    public static let everything = CacheTag(kind: "*", id: "")

    public var description: String { self == .everything ? "*" : "\(kind):\(id)" }

    public static func == (left: CacheTag, right: CacheTag) -> Bool {
        left.kind.utf8.elementsEqual(right.kind.utf8) && left.id.utf8.elementsEqual(right.id.utf8)
    }

    public func hash(into hasher: inout Hasher) {
        for byte in kind.utf8 { hasher.combine(byte) }
        hasher.combine(UInt8(ascii: ":"))
        for byte in id.utf8 { hasher.combine(byte) }
    }
}

/// Figures of a cache since it started.
public struct CacheStatistics: Sendable, Equatable {
    /// Entries held.
    public var entries: Int
    /// Bytes they take.
    public var bytes: Int
    /// Bytes they may take; `nil` where the cache does not bound them.
    public var bytesMax: Int?
    /// Entries given up for want of room, since the start.
    public var evictions: Int
    /// Tags made stale, since the start.
    public var invalidations: Int

    /// Puts figures together; see its members.
    public init(entries: Int, bytes: Int, bytesMax: Int?, evictions: Int, invalidations: Int) {
        self.entries = entries
        self.bytes = bytes
        self.bytesMax = bytesMax
        self.evictions = evictions
        self.invalidations = invalidations
    }
}
