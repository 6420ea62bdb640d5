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

    private static let columns = [
        "run_id", "account_id", "run_number", "snapshot_id", "snapshot_sequence", "rerun", "as_of", "ran_at",
        "completeness", "verdict", "pairs", "ours_rows", "ours_matched", "ours_unmatched", "ours_pending",
        "ours_duplicate", "broker_rows", "broker_matched", "broker_unmatched", "broker_pending", "broker_duplicate",
        "breaks_opened", "breaks_still_open", "breaks_resolved", "breaks_pending", "duration_ms", "digest",
        "policy_revision",
    ]
    private static let insert = """
        INSERT INTO runs (\(columns.joined(separator: ", ")))
        VALUES (\(columns.map { _ in "?" }.joined(separator: ", ")))
        """

    private var values: [Value] {
        [
            .text(id), .text(account), .integer(number), .text(snapshotID), .integer(snapshotSequence),
            .integer(rerun), .timestamp(asOf), .timestamp(ranAt), .text(completeness.rawValue),
            .text(verdict.rawValue), .integer(pairs),
        ] + ours.values + broker.values + [
            .integer(opened), .integer(stillOpen), .integer(resolved), .integer(pending),
            .integer(durationMilliseconds), .text(digest), .text(policyRevision),
        ]
    }

    func write(in transaction: any Transaction) throws {
        try transaction.executeMany(Self.insert, [values])
    }
}

extension SideCounts {
    fileprivate var values: [Value] {
        [rows, matched, unmatched, pending, duplicate].map { .integer(Int64($0)) }
    }
}
