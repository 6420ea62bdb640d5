import PluginAPI

/// Answers how the reconciliation of one account, or of all of a user's, stands. One statement reads figures that runs
/// have computed, with the latest events beside them.
struct StatusQuery: Sendable {
    let storage: any StorageBackend
    private static let eventsMax = 10

    /// The figures of some accounts together.
    struct Figures: Sendable, Equatable {
        var health = AccountHealth.idle
        var lastSyncAt: Timestamp?
        var lastDurationMilliseconds: Int64?
        var snapshots: Int64 = 0
        var openPositions: Int64 = 0
        var matchedPositions: Int64 = 0
        var divergences: Int64 = 0
        var error: String?
        /// When a source falls stale if nothing is heard of it.
        var validUntil: Timestamp?
    }

    func reply(to request: Request) async throws -> Reply {
        let rows = try await storage.rows(statement(request.accounts), deadline: request.deadline)
        var figures = Figures()
        var seen: Set<String> = []
        for row in rows {
            guard let account = row.text("account_id"), seen.insert(account).inserted else { continue }
            figures.add(row, now: request.now)
        }
        let events = rows.filter { $0.text("log_id") != nil }.sorted { StatusQuery.isNewer($0, $1) }
        return Reply(validUntil: figures.validUntil) { json in
            figures.write(user: request.user, to: &json)
            json.arrayField("recent_events", of: events) { json, row in
                LogRow.write(row, user: row.text("user_id"), isListed: false, to: &json)
            }
            json.field("error_message", figures.error)
        }
    }

    private func statement(_ accounts: [String]) -> SQL {
        "SELECT a.account_id, a.user_id, a.snapshot_interval, a.snapshots_total, a.newest_completeness, a.newest_error, "
            + """
            s.last_sync_at, s.last_duration_ms, s.open_breaks, s.acknowledged_breaks,
            (SELECT count(*) FROM positions p WHERE p.account_id = a.account_id AND p.status = 'open') AS open_positions,
            (SELECT count(p.matched_trade_id) FROM positions p
                WHERE p.account_id = a.account_id AND p.status = 'open') AS matched_positions,
            """ + " " + LogRow.columns + """
                 FROM accounts a
                LEFT JOIN reconciliation_accounts s ON s.account_id = a.account_id
                LEFT JOIN (
                    SELECT * FROM reconciliation_logs WHERE account_id IN (\(accounts))
                    ORDER BY at DESC, sequence DESC, log_id DESC LIMIT \(StatusQuery.eventsMax)
                ) l ON l.account_id = a.account_id
                WHERE a.account_id IN (\(accounts)) ORDER BY a.account_id
                """
    }

    private static func isNewer(_ left: Row, _ right: Row) -> Bool {
        guard let a = left.timestamp("at"), let b = right.timestamp("at"), let m = left.integer("sequence"),
            let n = right.integer("sequence"), let x = left.text("log_id"), let y = right.text("log_id")
        else { return false }
        if a != b { return a > b }
        return m == n ? y.utf8.lexicographicallyPrecedes(x.utf8) : m > n
    }

    static let schema: Schema = .object([
        "user_id": .text, "status": .choice(AccountHealth.allCases.map(\.rawValue)),
        "last_sync_at": .optional(.timestamp), "total_syncs": .integer, "last_sync_duration_ms": .optional(.integer),
        "open_positions_count": .integer, "matched_positions": .integer, "divergences_detected": .integer,
        "recent_events": .array(.object(LogRow.members)), "error_message": .optional(.text),
    ])
}

extension StatusQuery.Figures {
    /// Adds one account: counts are summed, the gravest state wins, the latest sync is shown.
    mutating func add(_ row: Row, now: Timestamp) {
        let lastSync = row.timestamp("last_sync_at")
        let interval = row.integer("snapshot_interval").map { Duration.microseconds($0) }
        let staleAfter = AccountHealth.staleAfter(lastSync, interval: interval)
        let accountSnapshots = row.integer("snapshots_total") ?? 0
        let health = AccountHealth(
            snapshots: accountSnapshots, newestCompleteness: row.text("newest_completeness"),
            staleAfter: staleAfter, openBreaks: row.integer("open_breaks") ?? 0, now: now)
        if health == .error, error == nil { error = row.text("newest_error") }
        self.health = min(self.health, health)
        if let staleAfter, staleAfter > now { validUntil = min(validUntil ?? staleAfter, staleAfter) }
        if let lastSync, lastSyncAt.map({ lastSync > $0 }) ?? true {
            lastSyncAt = lastSync
            lastDurationMilliseconds = row.integer("last_duration_ms")
        }
        snapshots += accountSnapshots
        openPositions += row.integer("open_positions") ?? 0
        matchedPositions += row.integer("matched_positions") ?? 0
        divergences += (row.integer("open_breaks") ?? 0) + (row.integer("acknowledged_breaks") ?? 0)
    }

    func write(user: String, to json: inout JSONWriter) {
        json.field("user_id", user)
        json.field("status", health.rawValue)
        json.field("last_sync_at", lastSyncAt)
        json.field("total_syncs", snapshots)
        json.field("last_sync_duration_ms", lastDurationMilliseconds)
        json.field("open_positions_count", openPositions)
        json.field("matched_positions", matchedPositions)
        json.field("divergences_detected", divergences)
    }
}
