import PluginAPI

/// Seals the rows of the audit log that are not sealed yet, on one host at a time, so that whoever writes a row never waits
/// for the chain.
struct AuditSealing: Sendable {
    let storage: any StorageBackend
    let job: Job
    var rowsPerSeal = 500

    /// Rows under one seal lie within this much time: the retention takes them together.
    private static let span: Duration = .seconds(3_600)
    /// The last transaction is to end before the host stops waiting.
    private static let reserve: Duration = .seconds(5)

    /// Seals until nothing is left or the time is up; what is left then is due at the next call.
    func run(at now: Timestamp, deadline: ContinuousClock.Instant) async throws {
        guard try await job.isDue(at: now, in: storage) else { return }
        let isOurs = try await storage.transaction(deadline: deadline) { try job.claim(at: now, in: $0) }
        guard isOurs else { return }
        var isDone = false
        let result: Result<Void, any Error>
        do {
            while !isDone, ContinuousClock.now < deadline - Self.reserve {
                isDone = try await storage.transaction(deadline: deadline) { try seal(at: now, in: $0) } == 0
            }
            result = .success(())
        } catch {
            result = .failure(error)
        }
        try await storage.transaction(deadline: deadline) { [isDone] in
            try job.release(isDone: isDone, at: now, in: $0)
        }
        try result.get()
    }

    /// Makes one seal. A host that has lost the job to another one meanwhile is refused the number.
    ///
    /// - Returns: How many rows it holds.
    private func seal(at now: Timestamp, in transaction: any Transaction) throws -> Int {
        let rows = try unsealed(in: transaction)
        guard !rows.isEmpty else { return 0 }
        let last = try transaction.rows("SELECT seal, digest FROM audit_seals ORDER BY seal DESC LIMIT 1").first
            .map { (number: $0.integer(0) ?? 0, digest: $0.text(1) ?? "") }
        let seal = AuditSeal(behind: last, at: now, rows: rows)
        try transaction.execute(
            """
            INSERT INTO audit_seals (seal, sealed_at, rows_total, previous, digest)
            VALUES (\(seal.number), \(seal.sealedAt), \(seal.rowsTotal), \(seal.previous), \(seal.digest))
            """)
        try transaction.execute("UPDATE audit_logs SET seal = \(seal.number) WHERE audit_id IN (\(rows.map(\.id)))")
        return rows.count
    }

    private func unsealed(in transaction: any Transaction) throws -> [(id: String, digest: String)] {
        let rows = try transaction.rows(
            """
            SELECT at, audit_id, digest FROM audit_logs WHERE seal IS NULL ORDER BY at, audit_id LIMIT \(rowsPerSeal)
            """)
        guard let first = rows.first?.timestamp(0) else { return [] }
        return rows.prefix { ($0.timestamp(0) ?? first) < first + Self.span }
            .map { (id: $0.text(1) ?? "", digest: $0.text(2) ?? "") }
    }
}
