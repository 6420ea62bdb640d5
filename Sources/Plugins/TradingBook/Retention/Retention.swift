import PluginAPI

/// Lets every sweep run once an hour, on one host at a time, in transactions of a bounded size.
struct Retention: Sendable {
    let context: ModuleContext
    let job: Job
    var rowsPerTransaction = 500
    /// The last transaction is to end so long before the host stops waiting.
    var reserve = Duration.seconds(5)

    /// Sweeps until all is done or the time is up; what is left then is due at the next call.
    ///
    /// - Parameter tables: Months to come are made first, and months that are wholly over are dropped, so that the sweeps
    ///   have little to do.
    func run(
        _ sweeps: [Sweep],
        tables: [PartitionedTable] = [],
        at now: Timestamp,
        deadline: ContinuousClock.Instant
    ) async throws {
        guard try await job.isDue(at: now, in: context.storage) else { return }
        let isOurs = try await context.storage.transaction(deadline: deadline) { try job.claim(at: now, in: $0) }
        guard isOurs else { return }
        var isDone = false
        var failure: (any Error)?
        // A table that somebody uses all the time keeps nothing else from its turn.
        for table in tables {
            do { try await keepPartitions(of: table, at: now) } catch { failure = failure ?? error }
        }
        do {
            isDone = try await sweep(sweeps, at: now, until: deadline - reserve) && failure == nil
        } catch {
            failure = failure ?? error
        }
        try await context.storage.transaction(deadline: deadline) { [isDone] in
            try job.release(isDone: isDone, at: now, in: $0)
        }
        if let failure { throw failure }
    }

    private func keepPartitions(of table: PartitionedTable, at now: Timestamp) async throws {
        let partitions = MonthlyPartitions(of: table, in: context.storage)
        let made = try await partitions.create(at: now)
        if !made.isEmpty { context.logger.info("partitions made", ["partitions": made.joined(separator: ", ")]) }
        let dropped = try await partitions.drop { $0.isWhollyBefore(table.keptSince(at: now)) }
        guard !dropped.isEmpty else { return }
        context.logger.info(
            "partitions past their keeping dropped", ["partitions": dropped.map(\.name).joined(separator: ", ")])
        await context.invalidator.invalidate(table.makesStale)
    }

    /// - Returns: Whether nothing is left.
    private func sweep(
        _ sweeps: [Sweep],
        at now: Timestamp,
        until end: ContinuousClock.Instant
    ) async throws -> Bool {
        for sweep in sweeps {
            let (removed, isDone) = try await clear(sweep, before: now - sweep.keep, until: end)
            if removed > 0 {
                context.logger.info("rows past their keeping removed", ["what": sweep.name, "rows": "\(removed)"])
                if !sweep.makesStale.isEmpty { await context.invalidator.invalidate(sweep.makesStale) }
            }
            guard isDone else { return false }
        }
        return true
    }

    private func clear(
        _ sweep: Sweep,
        before: Timestamp,
        until end: ContinuousClock.Instant
    ) async throws -> (removed: Int, isDone: Bool) {
        var removed = 0
        var place: Sweep.Place?
        repeat {
            guard ContinuousClock.now < end else { return (removed, false) }
            let batch = try await context.storage.transaction(deadline: end + reserve) { [place] in
                try sweep.batch(before, place, rowsPerTransaction, $0)
            }
            removed += batch.removed
            place = batch.next
        } while place != nil
        return (removed, true)
    }
}
