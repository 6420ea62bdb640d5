import PluginAPI
import Synchronization

/// Where every write is announced: forgets who owns what, remembers that it happened, and bumps the cache's tags.
///
/// The order matters. A request notes ``epoch``, authorises, looks up or builds, and asks ``touched(_:since:)`` before it
/// trusts what it has: it then either sees an announced write in all three places or began before it was announced.
final class Invalidations: CacheInvalidator {
    private struct State {
        var writes: RecentWrites
        var known: KnownAccounts?
        var cache: (any CacheBackend)?
    }

    /// The writes' epoch again, to be read without the lock.
    private let count = Atomic<UInt64>(0)
    private let state: Mutex<State>
    private let logger: any Logger

    /// - Parameter recentMax: Of how many tags is remembered when they were written under; a request that takes longer than
    ///   it takes to write under so many must assume that it is concerned.
    init(logger: any Logger, recentMax: Int = 16_384) {
        self.logger = logger
        state = Mutex(State(writes: RecentWrites(generationSize: recentMax)))
    }

    /// Modules are given this object before there is a cache; writes begin after.
    func attach(known: KnownAccounts, cache: (any CacheBackend)?) {
        state.withLock { ($0.known, $0.cache) = (known, cache) }
    }

    /// Counts announcements.
    var epoch: UInt64 { count.load(ordering: .sequentiallyConsistent) }

    func invalidate(_ tags: [CacheTag]) async {
        guard !tags.isEmpty else { return }
        let tags = tags + [.anyWrite]
        let cache = announce(tags)
        if let cache = cache as? any SynchronousCache {
            cache.immediateInvalidate(tags)
            return
        }
        do {
            try await cache?.invalidate(tags)
        } catch {
            logger.warning("cache not invalidated", ["error": String(describing: error)])
        }
    }

    /// Whether a write that concerns `tags` has been announced since `epoch`.
    func touched(_ tags: [CacheTag], since epoch: UInt64) -> Bool {
        if self.epoch == epoch { return false }
        return state.withLock { $0.writes.touched(tags, since: epoch) }
    }

    private func announce(_ tags: [CacheTag]) -> (any CacheBackend)? {
        state.withLock { state in
            state.known?.forget(tags)
            state.writes.record(tags)
            count.store(state.writes.epoch, ordering: .sequentiallyConsistent)
            return state.cache
        }
    }
}
