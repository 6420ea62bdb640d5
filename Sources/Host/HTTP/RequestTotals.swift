import Synchronization

/// How many requests came to a listener, on all its event loops.
final class RequestTotals: Sendable {
    /// Those of one event loop, which alone adds to it.
    final class Tally: Sendable {
        private let count = Atomic<UInt64>(0)

        var value: UInt64 { count.load(ordering: .acquiring) }

        /// Costs no more than two plain moves, since nobody else adds. Whoever sees it sees what was counted before.
        func add() { count.store(count.load(ordering: .relaxed) &+ 1, ordering: .releasing) }
    }

    private let tallies = Mutex<[Tally]>([])

    /// For one more event loop.
    func tally() -> Tally {
        let tally = Tally()
        tallies.withLock { $0.append(tally) }
        return tally
    }

    var value: UInt64 { tallies.withLock { $0.reduce(0) { $0 &+ $1.value } } }
}
