public import PluginAPI

/// Removes the rows of one kind that are past their keeping, a bounded number at a time.
public struct Sweep: Sendable {
    /// A row's place in the order in which a sweep goes through its table.
    public typealias Place = [Value]

    /// What one transaction of a sweep came to.
    public struct Batch: Sendable {
        public var removed: Int
        /// Where to go on; `nil` when nothing is left.
        public var next: Place?

        public init(removed: Int, next: Place?) {
            self.removed = removed
            self.next = next
        }
    }

    /// What is removed, for the log: `log rows`.
    public let name: String
    public let keep: Duration
    /// What an answer that showed such rows depends on.
    public let makesStale: [CacheTag]
    /// Looks at no more than `limit` rows that arrived before `before`, behind `after`.
    public let batch: @Sendable (_ before: Timestamp, _ after: Place?, _ limit: Int, any Transaction) throws -> Batch

    public init(
        _ name: String,
        keep: Duration,
        makesStale: [CacheTag] = [],
        batch:
            @escaping @Sendable (
                _ before: Timestamp, _ after: Place?, _ limit: Int, any Transaction
            ) throws -> Batch
    ) {
        self.name = name
        self.keep = keep
        self.makesStale = makesStale
        self.batch = batch
    }

    /// One that deletes whatever is old enough.
    ///
    /// - Parameter delete: Deletes the oldest rows; its text takes the moment and the number of rows.
    public static func deleting(
        _ name: String,
        keep: Duration,
        makesStale: [CacheTag] = [],
        _ delete: @escaping @Sendable (_ before: Timestamp, _ limit: Int) -> SQL
    ) -> Sweep {
        Sweep(name, keep: keep, makesStale: makesStale) { before, _, limit, transaction in
            let removed = try transaction.execute(delete(before, limit))
            return Batch(removed: removed, next: removed == limit ? [] : nil)
        }
    }
}
