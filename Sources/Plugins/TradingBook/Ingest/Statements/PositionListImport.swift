import PluginAPI

/// Takes a list of open positions into the book as a complete snapshot, inside the caller's transaction.
struct PositionListImport: Sendable {
    let ingest: SnapshotIngest
    let snapshot: Snapshot

    /// - Returns: With figures that a list of positions does not state as null.
    func run(_ state: AccountState, in transaction: any Transaction) throws -> IngestResult {
        try ingest.checkClock(snapshot)
        var result = try ingest.store(CanonicalSnapshot(snapshot), for: state, in: transaction)
        let answer = StatementAnswer(
            asOf: snapshot.asOf, open: snapshot.distinctPositions.count, run: result.answer,
            digits: state.account.currencyDigits)
        result.answer = answer.bytes
        return result
    }
}
