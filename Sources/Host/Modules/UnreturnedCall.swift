import Synchronization

/// Whether a call that the host makes by itself has not come back yet: it is not made again before, so that one which hangs
/// hangs once.
final class UnreturnedCall: Sendable {
    private let state = Atomic(false)

    var isUnderWay: Bool { state.load(ordering: .sequentiallyConsistent) }

    /// - Returns: `false` while the last one has not come back.
    func begin() -> Bool {
        state.compareExchange(expected: false, desired: true, ordering: .sequentiallyConsistent).exchanged
    }

    /// It has come back.
    func end() { state.store(false, ordering: .sequentiallyConsistent) }
}
