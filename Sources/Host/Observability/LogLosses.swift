import Synchronization

/// Which of the log entries that were lost the log itself tells of already.
final class LogLosses: Sendable {
    private let told = Mutex(0)

    /// How many were lost that nobody has been told of; they are the caller's to tell.
    func takeUntold(of total: Int) -> Int {
        told.withLock { told in
            defer { told = max(told, total) }
            return max(0, total - told)
        }
    }
}
