import Synchronization

/// Counts what happens on other threads.
final class Tally: Sendable {
    private let count = Mutex(0)

    var total: Int { count.withLock { $0 } }

    /// The number of this call, from 1.
    func next() -> Int {
        count.withLock { count in
            count += 1
            return count
        }
    }
}
