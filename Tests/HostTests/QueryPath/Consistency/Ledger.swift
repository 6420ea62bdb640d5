import Synchronization

/// The storage of a test: a version for each item, that only grows, and from which version on each host must show it.
///
/// A write that a host has acknowledged binds that host at once, and the others once they have heard of it.
final class Ledger: Sendable {
    private struct State {
        var versions: [Int]
        /// By host.
        var floors: [[Int]]
    }

    private let state: Mutex<State>

    init(itemsTotal: Int, hostsTotal: Int) {
        let zeros = Array(repeating: 0, count: itemsTotal)
        state = Mutex(State(versions: zeros, floors: Array(repeating: zeros, count: hostsTotal)))
    }

    func version(of item: Int) -> Int { state.withLock { $0.versions[item] } }

    /// - Returns: The item's new version.
    func write(_ item: Int) -> Int {
        state.withLock { state in
            state.versions[item] += 1
            return state.versions[item]
        }
    }

    /// A host has answered the write of a version.
    func acknowledge(_ version: Int, of item: Int, on host: Int) {
        state.withLock { $0.floors[host][item] = max($0.floors[host][item], version) }
    }

    /// What each item's version must at least be in an answer to a request that begins now on a host.
    func floor(on host: Int) -> [Int] { state.withLock { $0.floors[host] } }

    /// What all hosts together have acknowledged.
    var acknowledged: [Int] {
        state.withLock { state in
            state.versions.indices.map { item in state.floors.map { $0[item] }.max() ?? 0 }
        }
    }

    /// A host has heard of everything up to these versions.
    func hear(_ versions: [Int], on host: Int) {
        for (item, version) in versions.enumerated() { acknowledge(version, of: item, on: host) }
    }
}
