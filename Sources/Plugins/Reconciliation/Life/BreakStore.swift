import PluginAPI
import TradingBook

/// Reads and writes an account's breaks inside a run's transaction.
struct BreakStore {
    let account: String

    private static let columns: SQL = """
        break_id, break_key, class, status, resolution, symbol, trade_id, ticket, differences, first_seen_at,
        last_seen_at, times_seen, noticed_at, due_at, opened_at, resolved_at, last_snapshot_id, events_total
        """

    /// Breaks that are not resolved, by ID.
    func live(in transaction: any Transaction) throws -> [StoredBreak] {
        try transaction.rows(
            "SELECT " + BreakStore.columns
                + " FROM breaks WHERE account_id = \(account) AND status <> 'resolved' ORDER BY break_id"
        ).map(BreakStore.read)
    }

    /// Resolved breaks among these IDs.
    func resolved(_ ids: [String], in transaction: any Transaction) throws -> [StoredBreak] {
        var found: [StoredBreak] = []
        for start in stride(from: 0, to: ids.count, by: BreakStore.idsPerStatement) {
            let some = Array(ids[start..<min(start + BreakStore.idsPerStatement, ids.count)])
            found += try transaction.rows(
                "SELECT " + BreakStore.columns
                    + " FROM breaks WHERE account_id = \(account) AND break_id IN (\(some)) AND status = 'resolved'"
            ).map(BreakStore.read)
        }
        return found
    }

    /// Both databases take more parameters, and few statements are enough.
    private static let idsPerStatement = 1_000

    func write(_ outcome: BreakLife.Outcome, life: BreakLife, in transaction: any Transaction) throws {
        if !outcome.changed.isEmpty {
            try transaction.executeMany(BreakStore.upsert, outcome.changed.map(values))
        }
        if !outcome.dropped.isEmpty {
            let ids = outcome.dropped.map { [Value.text($0)] }
            try transaction.executeMany("DELETE FROM break_events WHERE break_id = ?", ids)
            try transaction.executeMany("DELETE FROM breaks WHERE break_id = ?", ids)
        }
        if !outcome.events.isEmpty {
            try transaction.executeMany(BreakStore.insertEvent, outcome.events.map { values($0, life) })
        }
    }

    private static let upsert = """
        INSERT INTO breaks (break_id, account_id, break_key, class, severity, severity_rank, status, resolution, symbol,
            trade_id, ticket, differences, first_seen_at, last_seen_at, times_seen, noticed_at, due_at, opened_at,
            resolved_at, last_snapshot_id, events_total)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (break_id) DO UPDATE SET class = excluded.class, severity = excluded.severity,
            severity_rank = excluded.severity_rank, status = excluded.status, resolution = excluded.resolution,
            symbol = excluded.symbol, trade_id = excluded.trade_id, ticket = excluded.ticket,
            differences = excluded.differences, last_seen_at = excluded.last_seen_at, times_seen = excluded.times_seen,
            due_at = excluded.due_at, opened_at = excluded.opened_at, resolved_at = excluded.resolved_at,
            last_snapshot_id = excluded.last_snapshot_id, events_total = excluded.events_total
        """

    private static let insertEvent = """
        INSERT INTO break_events (event_id, break_id, account_id, sequence, at, event, from_status, to_status, actor,
            run_id)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'system', ?)
        """

    private func values(_ item: StoredBreak) -> [Value] {
        let severity = item.breakClass.severity
        return [
            .text(item.id), .text(account), .text(item.key), .text(item.breakClass.rawValue), .text(severity.rawValue),
            .integer(severity.rank), .text(item.status.rawValue), .text(item.resolution?.rawValue), .text(item.symbol),
            .text(item.tradeID), .integer(item.ticket), .text(item.differences), .timestamp(item.firstSeenAt),
            .timestamp(item.lastSeenAt), .integer(item.timesSeen), .timestamp(item.noticedAt), .timestamp(item.dueAt),
            .timestamp(item.openedAt), .timestamp(item.resolvedAt), .text(item.lastSnapshotID),
            .integer(item.eventsTotal),
        ]
    }

    private func values(_ event: BreakLife.Event, _ life: BreakLife) -> [Value] {
        [
            .text(DerivedID.make("evt", account, event.breakID, String(event.sequence))), .text(event.breakID),
            .text(account), .integer(event.sequence), .timestamp(life.now), .text(event.name),
            .text(event.from?.rawValue), .text(event.to.rawValue), .text(life.runID),
        ]
    }

    private static func read(_ row: Row) throws -> StoredBreak {
        guard let id = row.text(0), let key = row.text(1), let breakClass = row.text(2).flatMap(BreakClass.init),
            let status = row.text(3).flatMap(BreakStatus.init), let symbol = row.text(5),
            let differences = row.text(8), let firstSeen = row.timestamp(9), let lastSeen = row.timestamp(10),
            let timesSeen = row.integer(11), let noticed = row.timestamp(12), let due = row.timestamp(13),
            let snapshot = row.text(16), let events = row.integer(17)
        else { throw StorageError.statement("a stored break cannot be read") }
        return StoredBreak(
            id: id, breakClass: breakClass, status: status, resolution: row.text(4).flatMap(BreakResolution.init),
            symbol: symbol, tradeID: row.text(6), ticket: row.integer(7), key: key, differences: differences,
            firstSeenAt: firstSeen, lastSeenAt: lastSeen, timesSeen: timesSeen, noticedAt: noticed, dueAt: due,
            openedAt: row.timestamp(14), resolvedAt: row.timestamp(15), lastSnapshotID: snapshot, eventsTotal: events)
    }
}
