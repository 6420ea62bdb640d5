import PluginAPI
import Synchronization

/// Where every write is announced: forgets who owns what, remembers that it happened, and bumps the cache's tags.
///
/// The order matters. A request notes ``epoch``, authorises, looks up or builds, and asks ``touched(_:since:)`` before it
/// trusts what it has: it then either sees an announced write in all three places or began before it was announced.
final class Invalidations: CacheInvalidator {
    private struct State {
        var recent: [[CacheTag]]
        var known: KnownAccounts?
        var cache: (any CacheBackend)?
    }

    private let count = Atomic<UInt64>(0)
    private let state: Mutex<State>
    private let logger: any Logger
    private let recentMax: Int

    /// - Parameter recentMax: How many announcements back a request can tell what they were about; one that takes longer
    ///   than that many writes must assume that it is concerned.
    init(logger: any Logger, recentMax: Int = 1_024) {
        self.logger = logger
        self.recentMax = recentMax
        state = Mutex(State(recent: Array(repeating: [], count: recentMax)))
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
        return state.withLock { state in
            let now = self.epoch
            guard now - epoch <= UInt64(recentMax) else { return true }
            for number in epoch..<now {
                let announced = state.recent[Int(number % UInt64(recentMax))]
                if announced.contains(where: { $0 == .everything || tags.contains($0) }) { return true }
            }
            return false
        }
    }

    private func announce(_ tags: [CacheTag]) -> (any CacheBackend)? {
        state.withLock { state in
            state.known?.forget(tags)
            let number = count.load(ordering: .sequentiallyConsistent)
            state.recent[Int(number % UInt64(recentMax))] = tags
            count.store(number + 1, ordering: .sequentiallyConsistent)
            return state.cache
        }
    }
}
