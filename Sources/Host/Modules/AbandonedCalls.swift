import Synchronization

/// Calls into a module that nobody waits for any longer and that have not come back: while there are any, no further one is
/// made, so that what hangs is bounded by what may be under way at once.
final class AbandonedCalls: Sendable {
    private enum Course { case awaited, abandoned, over }

    private let count = Atomic(0)

    var areAbandoned: Bool { count.load(ordering: .sequentiallyConsistent) > 0 }

    /// Makes a call, and gives up waiting for it after `limit`.
    ///
    /// - Throws: `DeadlineExceeded`, `CancellationError`, or what `body` throws.
    func run<Result: Sendable>(
        within limit: Duration, _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        let call = Call()
        defer { if call.giveUp() { count.add(1, ordering: .sequentiallyConsistent) } }
        return try await withDeadline(limit) {
            defer { if call.end() { self.count.subtract(1, ordering: .sequentiallyConsistent) } }
            return try await body()
        }
    }

    /// One call, which ends once and is given up at most once.
    private final class Call: Sendable {
        private let course = Mutex(Course.awaited)

        /// - Returns: Whether it has not come back.
        func giveUp() -> Bool {
            course.withLock { course in
                guard course == .awaited else { return false }
                course = .abandoned
                return true
            }
        }

        /// - Returns: Whether it had been given up.
        func end() -> Bool {
            course.withLock { course in
                defer { course = .over }
                return course == .abandoned
            }
        }
    }
}
