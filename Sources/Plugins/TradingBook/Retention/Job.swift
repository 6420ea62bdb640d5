import PluginAPI

/// Work that one host does for all: a row of the table `jobs`, held by a lease while somebody does it.
///
/// A host that dies in the middle holds the job until its lease is over; then it is due for anybody.
struct Job: Sendable {
    let name: String
    /// From the end of one time to the next.
    let every: Duration
    let lease: Duration
    /// Another one on each host.
    let holder: String

    /// Whether it may be worth claiming; costs one look.
    func isDue(at now: Timestamp, in storage: any StorageBackend) async throws(StorageError) -> Bool {
        let rows = try await storage.rows(
            "SELECT 1 FROM jobs WHERE job = \(name) AND (due_at > \(now) OR leased_until > \(now))")
        return rows.isEmpty
    }

    /// - Returns: Whether this host has it now: it was due, and nobody held it.
    func claim(at now: Timestamp, in transaction: any Transaction) throws(StorageError) -> Bool {
        try transaction.execute(
            """
            INSERT INTO jobs (job, holder, leased_until, due_at)
            VALUES (\(name), \(holder), \(now + lease), \(now))
            ON CONFLICT (job) DO UPDATE SET holder = excluded.holder, leased_until = excluded.leased_until
                WHERE jobs.leased_until <= \(now) AND jobs.due_at <= \(now)
            """) == 1
    }

    /// Gives it back. Done, it is due again after ``every``; not done, at once.
    func release(isDone: Bool, at now: Timestamp, in transaction: any Transaction) throws(StorageError) {
        try transaction.execute(
            """
            UPDATE jobs SET leased_until = \(now), due_at = \(isDone ? now + every : now)
            WHERE job = \(name) AND holder = \(holder)
            """)
    }
}
