import PluginAPI
import TradingBook

extension Sweep {
    /// What the reconciliation removes of its own tables.
    static func ofReconciliation(_ settings: RetentionSettings) -> [Sweep] {
        [settings.runs.map(resolvedBreaks), settings.logs.map(log)].compactMap(\.self)
    }

    fileprivate static let everyAnswer: [CacheTag] = [.module("reconciliation")]

    /// What runs found and is over: breaks that were resolved so long ago, with their steps. One that was accepted stays as
    /// long as the account's newest complete snapshot shows it.
    private static func resolvedBreaks(keep: Duration) -> Sweep {
        Sweep("resolved breaks", keep: keep, makesStale: everyAnswer) { before, after, limit, transaction in
            let old = try transaction.rows(oldBreaks(before, after, limit))
            let ids = old.compactMap { $0.integer(2) == 0 ? $0.text(1) : nil }
            // Whoever reopened one in the meantime keeps it.
            let gone = try transaction.rows(
                "DELETE FROM breaks WHERE break_id IN (\(ids)) AND status = 'resolved' RETURNING break_id"
            ).compactMap { $0.text(0) }
            try transaction.execute("DELETE FROM break_events WHERE break_id IN (\(gone))")
            let last = old.count == limit ? old.last : nil
            return Batch(removed: gone.count, next: last.map { [.timestamp($0.timestamp(0)), .text($0.text(1))] })
        }
    }

    private static func oldBreaks(_ before: Timestamp, _ after: Place?, _ limit: Int) -> SQL {
        """
        SELECT b.resolved_at, b.break_id, CASE WHEN b.resolution = 'accepted' AND b.last_snapshot_id = (
            SELECT s.snapshot_id FROM snapshots s
            WHERE s.account_id = b.account_id AND s.completeness = 'complete' AND NOT s.is_superseded
            ORDER BY s.as_of DESC, s.sequence DESC LIMIT 1) THEN 1 ELSE 0 END AS is_needed
        FROM breaks b
        WHERE b.status = 'resolved' AND b.resolved_at < \(before)
        """ + .when(after) { " AND (b.resolved_at, b.break_id) > (\($0[0]), \($0[1]))" }
            + " ORDER BY b.resolved_at, b.break_id LIMIT \(limit)"
    }

    private static func log(keep: Duration) -> Sweep {
        deleting("log rows", keep: keep, makesStale: everyAnswer) { before, limit in
            SQL(
                sqlite: """
                    DELETE FROM reconciliation_logs WHERE log_id IN
                        (SELECT log_id FROM reconciliation_logs WHERE at < \(before) ORDER BY at LIMIT \(limit))
                    """,
                // The moment says which partition a key is in.
                postgres: """
                    DELETE FROM reconciliation_logs WHERE (log_id, at) IN
                        (SELECT log_id, at FROM reconciliation_logs WHERE at < \(before) ORDER BY at LIMIT \(limit))
                    """)
        }
    }
}

extension PartitionedTable {
    static func log(_ settings: RetentionSettings) -> PartitionedTable {
        PartitionedTable("reconciliation_logs", by: "at", keep: settings.logs, makesStale: Sweep.everyAnswer)
    }
}
