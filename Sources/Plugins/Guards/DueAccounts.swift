import PluginAPI

/// Accounts that time alone has changed since the last look.
struct DueAccounts: Sendable, Equatable {
    /// Account and owner: commands are to be written, returned or expired.
    var toSettle: [String: String] = [:]
    /// Account and owner: its source has become too old to judge by.
    var stale: [String: String] = [:]

    /// Looks by one statement, which reads nothing but indexes when nothing is due.
    ///
    /// - Parameters:
    ///   - lastLook: Sources that were stale then already have been told of; `nil` at the first look, when nobody has cached
    ///     an answer yet.
    ///   - writesCommands: Whether the ends of countdowns matter.
    static func find(
        at now: Timestamp,
        since lastLook: Timestamp?,
        writesCommands: Bool,
        in storage: any StorageBackend,
        deadline: ContinuousClock.Instant
    ) async throws(StorageError) -> DueAccounts {
        let rows = try await storage.rows(
            query(at: now, since: lastLook, writesCommands: writesCommands), deadline: deadline)
        var due = DueAccounts()
        for row in rows {
            guard let account = row.text(0), let owner = row.text(1) else { continue }
            if row.integer(2) == 1 { due.stale[account] = owner } else { due.toSettle[account] = owner }
        }
        return due
    }

    static func query(at now: Timestamp, since lastLook: Timestamp?, writesCommands: Bool) -> SQL {
        let countdowns: SQL = """
            SELECT account_id, 0 AS is_stale FROM guard_trips
            WHERE commands_at IS NULL AND released_at IS NULL AND liquidation_at <= \(now) UNION
            """
        return """
            SELECT d.account_id, a.user_id, d.is_stale FROM (
                \(writesCommands ? countdowns : "")
                SELECT account_id, 0 AS is_stale FROM close_commands WHERE status = 'leased' AND leased_until <= \(now)
                UNION
                SELECT account_id, 0 FROM close_commands WHERE status = 'pending' AND expires_at <= \(now)
                UNION
                SELECT account_id, 1 FROM guard_states WHERE stale_from > \(lastLook ?? now) AND stale_from <= \(now)
            ) AS d JOIN accounts a ON a.account_id = d.account_id
            ORDER BY d.account_id, d.is_stale
            """
    }
}
