import PluginAPI

/// What an account's runs add up to: the figures that clients poll, so that nothing is counted when they ask.
struct AccountState: Sendable, Equatable {
    var runsTotal: Int64 = 0
    /// `as_of` of the newest complete or partial snapshot.
    var lastSyncAt: Timestamp?
    var lastDurationMilliseconds: Int64?
    var pendingBreaks: Int64 = 0
    var openBreaks: Int64 = 0
    var acknowledgedBreaks: Int64 = 0
    /// Whether the account has a row.
    private var isStored = false

    var hasLiveBreaks: Bool { pendingBreaks + openBreaks + acknowledgedBreaks > 0 }

    static func of(_ account: String, in transaction: any Transaction) throws -> AccountState {
        let rows = try transaction.rows(
            """
            SELECT runs_total, last_sync_at, last_duration_ms, pending_breaks, open_breaks, acknowledged_breaks
            FROM reconciliation_accounts WHERE account_id = \(account)
            """)
        guard let row = rows.first else { return AccountState() }
        return AccountState(
            runsTotal: row.integer(0) ?? 0, lastSyncAt: row.timestamp(1), lastDurationMilliseconds: row.integer(2),
            pendingBreaks: row.integer(3) ?? 0, openBreaks: row.integer(4) ?? 0,
            acknowledgedBreaks: row.integer(5) ?? 0, isStored: true)
    }

    /// Counts breaks where steps outside of a run have brought them.
    mutating func follow(_ steps: [BreakStep]) {
        for step in steps {
            if let from = step.from { count(from, by: -1) }
            count(step.to, by: 1)
        }
    }

    private mutating func count(_ status: BreakStatus, by amount: Int64) {
        switch status {
        case .pending: pendingBreaks += amount
        case .open: openBreaks += amount
        case .acknowledged: acknowledgedBreaks += amount
        case .resolved: break
        }
    }

    private static let insert = """
        INSERT INTO reconciliation_accounts (runs_total, last_sync_at, last_duration_ms, pending_breaks, open_breaks,
            acknowledged_breaks, account_id)
        VALUES (?, ?, ?, ?, ?, ?, ?)
        """
    private static let update = """
        UPDATE reconciliation_accounts SET runs_total = ?, last_sync_at = ?, last_duration_ms = ?, pending_breaks = ?,
            open_breaks = ?, acknowledged_breaks = ?
        WHERE account_id = ?
        """

    /// Writes what was read by ``of(_:in:)`` and changed since, in the same transaction.
    func write(_ account: String, in transaction: any Transaction) throws {
        try transaction.executeMany(
            isStored ? Self.update : Self.insert,
            [
                [
                    .integer(runsTotal), .timestamp(lastSyncAt), .integer(lastDurationMilliseconds),
                    .integer(pendingBreaks), .integer(openBreaks), .integer(acknowledgedBreaks), .text(account),
                ]
            ])
    }
}
