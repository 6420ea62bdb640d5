import PluginAPI

extension EventDrafts {
    mutating func addSnapshotStored(_ change: IngestChange) {
        let snapshot = change.snapshot
        add(.snapshotStored, of: change.account.id, [change.snapshotID], at: change.now) { json in
            json.field("snapshot_id", change.snapshotID)
            json.field("snapshot_number", change.sequence)
            json.field("as_of", snapshot.asOf)
            json.field("completeness", snapshot.completeness.rawValue)
            json.field("superseded", change.isSuperseded)
            json.field("positions", snapshot.distinctPositions.count)
            json.field("equity", snapshot.figures?.equity)
            json.field("balance", snapshot.figures?.balance)
            json.field("error", snapshot.error)
        }
    }
}
