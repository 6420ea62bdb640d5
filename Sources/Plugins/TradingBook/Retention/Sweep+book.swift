import PluginAPI

extension Sweep {
    /// What the book removes of its own tables.
    static func ofBook(_ settings: RetentionSettings) -> [Sweep] {
        [
            settings.snapshots.map(snapshotContents), settings.audit.map(auditLog), idempotencyKeys,
            settings.events.map(undeliveredEvents), settings.events.map(deadLetters),
        ].compactMap(\.self)
    }

    /// Takes the contents out of snapshots and leaves their headers: the digest that makes a repeat known, the answer it
    /// gets, and the figures of the equity's history. An account's current and newest snapshots keep theirs.
    private static func snapshotContents(keep: Duration) -> Sweep {
        Sweep("snapshot contents", keep: keep) { before, after, limit, transaction in
            let old = try transaction.rows(oldSnapshots(before, after, limit))
            let ids = old.compactMap { $0.integer(2) == 0 ? $0.text(1) : nil }
            if !ids.isEmpty {
                try transaction.execute(
                    """
                    UPDATE snapshots SET content = \(json: "{}"), is_content_kept = \(false)
                    WHERE snapshot_id IN (\(ids))
                    """)
            }
            let last = old.count == limit ? old.last : nil
            return Batch(removed: ids.count, next: last.map { [.timestamp($0.timestamp(0)), .text($0.text(1))] })
        }
    }

    private static func oldSnapshots(_ before: Timestamp, _ after: Place?, _ limit: Int) -> SQL {
        var condition: SQL = ""
        if let after { condition = " AND (s.received_at, s.snapshot_id) > (\(after[0]), \(after[1]))" }
        return """
            SELECT s.received_at, s.snapshot_id, CASE WHEN a.current_snapshot_id = s.snapshot_id
                OR a.snapshots_total = s.sequence THEN 1 ELSE 0 END AS is_needed
            FROM snapshots s JOIN accounts a ON a.account_id = s.account_id
            WHERE s.is_content_kept AND s.received_at < \(before)\(condition)
            ORDER BY s.received_at, s.snapshot_id LIMIT \(limit)
            """
    }

    private static func auditLog(keep: Duration) -> Sweep {
        deleting("audit log rows", keep: keep) { before, limit in
            """
            DELETE FROM audit_logs WHERE audit_id IN
                (SELECT audit_id FROM audit_logs WHERE at < \(before) ORDER BY at, audit_id LIMIT \(limit))
            """
        }
    }

    private static var idempotencyKeys: Sweep {
        deleting("idempotency keys", keep: IdempotencyKey.lifetime) { before, limit in
            """
            DELETE FROM idempotency_keys WHERE (subject, route, key) IN
                (SELECT subject, route, key FROM idempotency_keys WHERE created_at <= \(before)
                ORDER BY created_at LIMIT \(limit))
            """
        }
    }
}
