import PluginAPI

/// Takes a list of open positions into the book as a complete snapshot, inside the caller's transaction.
struct PositionListImport: Sendable {
    let ingest: SnapshotIngest
    let snapshot: Snapshot

    /// - Returns: The answer, as JSON; figures that a list of positions does not state are null.
    func run(_ state: AccountState, in transaction: any Transaction) throws -> [UInt8] {
        try ingest.checkClock(snapshot)
        let run = try ingest.store(snapshot, for: state, in: transaction)
        return StatementAnswer(
            asOf: snapshot.asOf, open: snapshot.positions.count, run: run, digits: state.account.currencyDigits
        ).bytes
    }
}
