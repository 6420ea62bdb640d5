import MemoryBytes
import PluginAPI
import Synchronization

/// A query that a token has asked before: everything that authorising it and naming its answer came to.
///
/// It stands until something is written under one of its tags, which is when the rights may have changed.
final class PreparedQuery: Sendable {
    /// The same question of the same token. Targets are ASCII, so that equal texts are equal bytes.
    struct Key: Hashable, Sendable {
        var token: TokenDigest
        /// Path and query as sent.
        var target: String
    }

    /// As it was authorised. What every hit looks at stands beside it once more.
    let call: AuthorisedCall
    let target: BoundOperation
    /// Whom the token named then.
    let caller: Caller
    let tags: [CacheTag]
    /// The answer's name in caches.
    let key: String
    /// The announcements of writes that had been made when this was last known to stand.
    private let epoch: Atomic<UInt64>

    init(_ call: AuthorisedCall, key: String) {
        self.call = call
        target = call.target
        caller = call.caller
        tags = call.tags
        self.key = key
        epoch = Atomic(call.epoch)
    }

    /// What it takes in memory. Name, accounts and tags count in full, although an answer that is kept shares them.
    var bytes: Int {
        let fields =
            MemoryLayout<AuthorisedCall>.stride + MemoryLayout<BoundOperation>.stride + MemoryLayout<Caller>.stride
            + MemoryLayout<[CacheTag]>.stride + MemoryLayout<String>.stride + MemoryLayout<UInt64>.stride
        let arrays =
            MemoryBytes.outside(tags) + MemoryBytes.outside(call.access.accounts) + MemoryBytes.outside(call.binding)
            + MemoryBytes.outside(call.segments)
        let own = MemoryBytes.object(fields: fields) + arrays + caller.bytesOutside + call.parameters.bytesOutside
        return tags.reduce(own + MemoryBytes.outside(key)) {
            $0 + MemoryBytes.outside($1.kind) + MemoryBytes.outside($1.id)
        }
    }

    /// What its name takes that is not the operation's own path.
    func bytes(of key: Key) -> Int {
        key.target.utf8.elementsEqual(target.template.utf8) ? 0 : MemoryBytes.outside(key.target)
    }

    /// Whether nothing that concerns the query was announced since it was authorised.
    func stands(_ invalidations: Invalidations) -> Bool {
        let now = invalidations.epoch
        let last = epoch.load(ordering: .relaxed)
        if now == last { return true }
        guard !invalidations.touched(tags, since: last) else { return false }
        // What was announced up to `now` is known not to concern it.
        epoch.store(now, ordering: .relaxed)
        return true
    }
}

/// The prepared queries of those who have asked lately, bounded.
final class PreparedQueries: Sendable {
    private let queries: Mutex<TwoGenerations<PreparedQuery.Key, PreparedQuery>>

    /// - Parameter bytesMax: What all of them may take in memory.
    init(bytesMax: Int = 8 << 20) {
        queries = Mutex(TwoGenerations(bytesMax: bytesMax) { $1.bytes + $1.bytes(of: $0) })
    }

    subscript(key: PreparedQuery.Key) -> PreparedQuery? { queries.withLock { $0.value(for: key) } }

    func keep(_ query: PreparedQuery, for key: PreparedQuery.Key) { queries.withLock { $0.set(query, for: key) } }

    func forget(_ key: PreparedQuery.Key) { queries.withLock { $0.remove(key) } }

    var count: Int { queries.withLock { $0.count } }
}
