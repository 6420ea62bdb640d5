import PluginAPI
import Synchronization

/// When each tag was last bumped, on one counter: an entry is current unless one of its tags was bumped after its stamp.
///
/// The table is bounded. Tags bumped longest ago leave it and count from then on as bumped at the *floor*, the highest
/// version that left: that makes entries stale too early, never too late.
final class TagVersions: Sendable {
    private struct State {
        /// By the tags' hashes: should two tags share one, an entry goes too early, never too late.
        var versions: [Int: UInt64] = [:]
        var everything: UInt64 = 0
        var floor: UInt64 = 0
        var bumpsTotal = 0
    }

    private let tagsMax: Int
    private let counter = Atomic<UInt64>(0)
    private let state = Mutex(State())

    init(tagsMax: Int = 65_536) {
        self.tagsMax = max(2, tagsMax)
    }

    /// The counter now. An entry known to be current at this number needs no check while it stands.
    var current: UInt64 { counter.load(ordering: .acquiring) }

    /// Tags bumped since the start.
    var bumpsTotal: Int { state.withLock { $0.bumpsTotal } }

    func bump(_ tags: [CacheTag]) {
        state.withLock { state in
            // Raised only here, under the lock, and after the table: who sees the new number sees the table too.
            let version = counter.load(ordering: .relaxed) + 1
            for tag in tags {
                if tag == .everything { state.everything = version } else { state.versions[tag.hashValue] = version }
            }
            state.bumpsTotal += tags.count
            if state.versions.count > tagsMax { dropOldest(&state) }
            counter.store(version, ordering: .releasing)
        }
    }

    /// Makes every entry there is or is being built out of date, without counting as an invalidation.
    func bumpEverything() {
        state.withLock { state in
            let version = counter.load(ordering: .relaxed) + 1
            state.everything = version
            state.versions = [:]
            counter.store(version, ordering: .releasing)
        }
    }

    func isCurrent(_ entry: CacheEntry) -> Bool {
        let stamp = entry.stamp.versions.first ?? 0
        return state.withLock { state in
            guard state.everything <= stamp else { return false }
            return entry.tags.allSatisfy { (state.versions[$0.hashValue] ?? state.floor) <= stamp }
        }
    }

    /// Keeps the newer half, so that the cost of dropping is spread over as many bumps.
    private func dropOldest(_ state: inout State) {
        let sorted = state.versions.values.sorted()
        let floor = sorted[sorted.count / 2]
        state.versions = state.versions.filter { $0.value > floor }
        state.floor = max(state.floor, floor)
    }
}
