import PluginAPI

/// Reconciles the current snapshot of an account once more, inside the caller's transaction.
struct SnapshotRerun: Sendable {
    let ingest: SnapshotIngest

    /// - Throws: 409 when the account has no complete or partial snapshot yet.
    func run(_ state: AccountState, in transaction: any Transaction) throws -> IngestResult {
        guard let id = state.currentSnapshotID else {
            throw Problem.conflict("The account \(state.account.id) has no snapshot to reconcile yet.")
        }
        let rows = try transaction.rows(
            "UPDATE snapshots SET reruns = reruns + 1 WHERE snapshot_id = \(id) RETURNING sequence, reruns, content")
        guard let row = rows.first, let sequence = row.integer(0), let rerun = row.integer(1),
            let content = row.json(2)
        else { throw StoredRowDamaged(table: "accounts", column: "current_snapshot_id") }
        return try ingest.rerun(
            try SnapshotBody.parse(Array(content.utf8)), state,
            .init(snapshotID: id, sequence: sequence, rerun: rerun), in: transaction)
    }
}
