import PluginAPI
import Synchronization

/// Where every write is announced: forgets who owns what, remembers that it happened, and bumps the cache's tags.
///
/// The order matters. A request notes ``epoch``, authorises, looks up or builds, and asks ``touched(_:since:)`` before it
/// trusts what it has: it then either sees an announced write in all three places or began before it was announced.
final class Invalidations: CacheInvalidator {
    private struct State {
        var writes: RecentWrites
        var listeners: [WeakListener] = []
    }

    /// What a query path remembers, so that every path that is in use hears of every write: while a changed configuration
    /// takes over, requests under way end on the path they began on.
    final class Listener: Sendable {
        let known: KnownAccounts
        let cache: (any SynchronousCache)?
        let shared: (any SharedCache)?

        init(known: KnownAccounts, cache: (any SynchronousCache)?, shared: (any SharedCache)?) {
            (self.known, self.cache, self.shared) = (known, cache, shared)
        }
    }

    private struct WeakListener {
        weak var listener: Listener?
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
    ///
    /// - Returns: What hears of writes for as long as somebody keeps it.
    func attach(known: KnownAccounts, cache: (any SynchronousCache)?, shared: (any SharedCache)? = nil) -> Listener {
        let listener = Listener(known: known, cache: cache, shared: shared)
        state.withLock { state in
            state.listeners.removeAll { $0.listener == nil }
            state.listeners.append(WeakListener(listener: listener))
        }
        return listener
    }

    /// Hears of what other hosts write. Once for each shared cache, before its start.
    func listen(to shared: any SharedCache) {
        shared.listen { [weak self] in self?.hear($0) }
    }

    /// Counts announcements.
    var epoch: UInt64 { count.load(ordering: .sequentiallyConsistent) }

    func invalidate(_ tags: [CacheTag]) async { _ = await spread(tags) }

    /// How far an announcement has come when it returns. Within this host it always holds.
    enum Reach: String, Sendable {
        /// There is no cache that other hosts share.
        case local
        /// The shared cache has it, and has told the other hosts.
        case shared
        /// The shared cache could not be reached, and is not read before it has it.
        case owed
    }

    /// Does what ``invalidate(_:)`` does, for those who want to know how far it came.
    func spread(_ tags: [CacheTag]) async -> Reach {
        guard !tags.isEmpty else { return .local }
        let tags = tags + [.anyWrite]
        let shared = announce(tags)
        guard !shared.isEmpty else { return .local }
        var reach = Reach.shared
        for cache in shared {
            do {
                try await cache.invalidate(tags)
            } catch {
                reach = .owed
                logger.warning("shared cache not invalidated yet", ["error": String(describing: error)])
            }
        }
        // Between the two a reader may have found what was still good in the shared cache, and kept it here as new.
        _ = announce(tags)
        return reach
    }

    /// What another host has written counts as written here; what may have gone unheard may be about anything.
    private func hear(_ notice: CacheNotice) {
        switch notice {
        case .invalidated(let tags): _ = announce(tags)
        case .missed: _ = announce([.everything])
        @unknown default: _ = announce([.everything])
        }
    }

    /// Whether a write that concerns `tags` has been announced since `epoch`.
    func touched(_ tags: [CacheTag], since epoch: UInt64) -> Bool {
        if self.epoch == epoch { return false }
        return state.withLock { $0.writes.touched(tags, since: epoch) }
    }

    /// Makes a write known within this host, in all three places. - Returns: Who tells the other hosts.
    private func announce(_ tags: [CacheTag]) -> [any SharedCache] {
        state.withLock { state in
            let listeners = state.listeners.compactMap(\.listener)
            for listener in listeners { listener.known.forget(tags) }
            state.writes.record(tags)
            count.store(state.writes.epoch, ordering: .sequentiallyConsistent)
            for cache in Self.distinct(listeners.compactMap(\.cache)) { cache.immediateInvalidate(tags) }
            return Self.distinct(listeners.compactMap(\.shared))
        }
    }

    /// Paths of two configurations have most caches in common.
    private static func distinct<Cache>(_ caches: [Cache]) -> [Cache] {
        guard caches.count > 1 else { return caches }
        var seen: Set<ObjectIdentifier> = []
        return caches.filter { seen.insert(ObjectIdentifier($0 as AnyObject)).inserted }
    }
}
