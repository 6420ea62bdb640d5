import PluginAPI
import TradingBook

/// One run as it is kept: what it compared, what it found and what that changed.
struct RunRecord: Sendable {
    var id: String
    var account: String
    /// Counts the account's runs from 1.
    var number: Int64
    var snapshotID: String
    var snapshotSequence: Int64
    var rerun: Int64
    var asOf: Timestamp
    var ranAt: Timestamp
    var completeness: Snapshot.Completeness
    var verdict: RunSummary.Verdict
    var pairs: Int64 = 0
    var ours = SideCounts()
    var broker = SideCounts()
    var opened: Int64 = 0
    var stillOpen: Int64 = 0
    var resolved: Int64 = 0
    var pending: Int64 = 0
    var durationMilliseconds: Int64 = 0
    /// `nil` when nothing was compared.
    var digest: String?
    var policyRevision: String

    func write(in transaction: any Transaction) throws {
        try transaction.execute(
            """
            INSERT INTO runs (run_id, account_id, run_number, snapshot_id, snapshot_sequence, rerun, as_of, ran_at,
                completeness, verdict, pairs, ours_rows, ours_matched, ours_unmatched, ours_pending, ours_duplicate,
                broker_rows, broker_matched, broker_unmatched, broker_pending, broker_duplicate, breaks_opened,
                breaks_still_open, breaks_resolved, breaks_pending, duration_ms, digest, policy_revision)
            VALUES (\(id), \(account), \(number), \(snapshotID), \(snapshotSequence), \(rerun), \(asOf), \(ranAt),
                \(completeness.rawValue), \(verdict.rawValue), \(pairs), \(ours.rows), \(ours.matched),
                \(ours.unmatched), \(ours.pending), \(ours.duplicate), \(broker.rows), \(broker.matched),
                \(broker.unmatched), \(broker.pending), \(broker.duplicate), \(opened), \(stillOpen), \(resolved),
                \(pending), \(durationMilliseconds), \(digest), \(policyRevision))
            """)
    }
}
