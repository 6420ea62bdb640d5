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
        let free: SQL = "SELECT job FROM jobs WHERE job = \(name) AND leased_until <= \(now) AND due_at <= \(now)"
        // A host that is claiming it now keeps nobody waiting.
        let claimable = SQL(sqlite: free, postgres: free + " FOR UPDATE SKIP LOCKED")
        let claimed = try transaction.execute(
            "UPDATE jobs SET holder = \(holder), leased_until = \(now + lease) WHERE job IN (\(claimable))")
        if claimed == 1 { return true }
        return try transaction.execute(
            """
            INSERT INTO jobs (job, holder, leased_until, due_at)
            VALUES (\(name), \(holder), \(now + lease), \(now)) ON CONFLICT DO NOTHING
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
