/// A cache that several hosts share. Each host keeps an in-process one in front of it, which this one keeps true.
public protocol SharedCache: CacheBackend {
    /// The entry under `key`, and the stamp for an answer that is built because there is none, in one step.
    ///
    /// - Parameters:
    ///   - key: Of the entry.
    ///   - tags: What the answer is expected to depend on; an entry may have further tags.
    func lookUp(_ key: String, tags: [CacheTag]) async throws -> CacheLookUp

    /// Keeps `entry` as ``CacheBackend/store(_:for:)`` does, without anybody waiting for it.
    func storeSoon(_ entry: CacheEntry, for key: String)

    /// Tells `heard` from now on of every invalidation by another host. Called once, before the start.
    func listen(_ heard: @escaping @Sendable (CacheNotice) -> Void)

    /// Whether a host may answer from what it keeps itself: it hears of what other hosts write, or the shared cache cannot
    /// be asked either, so that age alone bounds how old an answer is.
    var isLocalCopyGood: Bool { get }
}

/// What ``SharedCache/lookUp(_:tags:)`` found.
public struct CacheLookUp: Sendable, Equatable {
    /// What was found; `nil` when nothing good is there.
    public var entry: CacheEntry?
    /// Of the tags asked for, as they were before the look-up returned; `nil` when an answer built now cannot be kept.
    public var stamp: CacheStamp?

    /// What a look-up found; see its members.
    public init(entry: CacheEntry?, stamp: CacheStamp?) {
        self.entry = entry
        self.stamp = stamp
    }
}

/// What a host is told about the writes of others.
public enum CacheNotice: Sendable, Equatable {
    /// Another host has written under these tags.
    case invalidated([CacheTag])
    /// Invalidations may have gone unheard.
    case missed
}
