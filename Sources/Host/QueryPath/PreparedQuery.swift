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

    /// As it was authorised.
    let call: AuthorisedCall
    /// The answer's name in caches.
    let key: String
    /// The announcements of writes that had been made when this was last known to stand.
    private let epoch: Atomic<UInt64>

    init(_ call: AuthorisedCall, key: String) {
        self.call = call
        self.key = key
        epoch = Atomic(call.epoch)
    }

    var target: BoundOperation { call.target }
    /// Whom the token named then.
    var caller: Caller { call.caller }
    var tags: [CacheTag] { call.tags }

    /// About what it takes in memory, its place in a table included.
    var bytes: Int {
        let parameters = call.parameters.keyTexts.reduce(0) { $0 + 4 * ($1.key.utf8.count + $1.value.utf8.count) + 256 }
        let accounts = call.access.accounts.reduce(0) { $0 + $1.utf8.count + MemoryLayout<String>.stride }
        return tags.reduce(PreparedQuery.overheadBytes + key.utf8.count + parameters + accounts) { sum, tag in
            sum + tag.kind.utf8.count + tag.id.utf8.count + MemoryLayout<CacheTag>.stride
        }
    }

    private static let overheadBytes = 832

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

    /// - Parameter bytesMax: What all of them may take together, more or less.
    init(bytesMax: Int = 16 << 20) {
        queries = Mutex(TwoGenerations(generationSize: bytesMax / 2) { $1.bytes + $0.target.utf8.count })
    }

    subscript(key: PreparedQuery.Key) -> PreparedQuery? { queries.withLock { $0.value(for: key) } }

    func keep(_ query: PreparedQuery, for key: PreparedQuery.Key) { queries.withLock { $0.set(query, for: key) } }

    func forget(_ key: PreparedQuery.Key) { queries.withLock { $0.remove(key) } }

    var count: Int { queries.withLock { $0.count } }
}
