import Synchronization

/// Whether a call that the host makes by itself has not come back yet: it is not made again before, so that one which hangs
/// hangs once.
final class UnreturnedCall: Sendable {
    private let isUnderWay = Atomic(false)

    /// - Returns: `false` while the last one has not come back.
    func begin() -> Bool {
        isUnderWay.compareExchange(expected: false, desired: true, ordering: .sequentiallyConsistent).exchanged
    }

    /// It has come back.
    func end() { isUnderWay.store(false, ordering: .sequentiallyConsistent) }
}
