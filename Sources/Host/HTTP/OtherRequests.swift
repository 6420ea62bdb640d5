import Synchronization

/// How many requests came to a listener that are no calls into crowded modules, on all its event loops.
final class OtherRequests: Sendable {
    /// Those of one event loop, which alone adds to it.
    final class Tally: Sendable {
        private let count = Atomic<UInt64>(0)

        var value: UInt64 { count.load(ordering: .relaxed) }

        /// Costs no more than two plain moves, since nobody else adds.
        func add() { count.store(value &+ 1, ordering: .relaxed) }
    }

    private let tallies = Mutex<[Tally]>([])

    /// For one more event loop.
    func tally() -> Tally {
        let tally = Tally()
        tallies.withLock { $0.append(tally) }
        return tally
    }

    var total: UInt64 { tallies.withLock { $0.reduce(0) { $0 &+ $1.value } } }
}
