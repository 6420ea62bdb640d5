import PluginAPI
import TradingBook

/// Reads and writes an account's breaks inside a transaction that holds the account's row.
struct BreakStore {
    let account: String

    private static let columns: SQL = """
        break_id, break_key, class, status, resolution, symbol, trade_id, ticket, differences, first_seen_at,
        last_seen_at, times_seen, noticed_at, due_at, opened_at, resolved_at, last_snapshot_id, events_total,
        acknowledged_until, snoozed_until, baseline_class, baseline_differences
        """

    /// Breaks that are not resolved, by ID.
    func live(in transaction: any Transaction) throws -> [StoredBreak] {
        try read(" AND status <> 'resolved'", in: transaction).sorted { $0.id < $1.id }
    }

    /// Resolved breaks among these IDs.
    func resolved(_ ids: [String], in transaction: any Transaction) throws -> [StoredBreak] {
        var found: [StoredBreak] = []
        for start in stride(from: 0, to: ids.count, by: BreakStore.idsPerStatement) {
            let some = Array(ids[start..<min(start + BreakStore.idsPerStatement, ids.count)])
            found += try read(" AND break_id IN (\(some)) AND status = 'resolved'", in: transaction)
        }
        return found
    }

    /// The account's break with this ID, if it has one.
    func one(_ id: String, in transaction: any Transaction) throws -> StoredBreak? {
        try read(" AND break_id = \(id)", in: transaction).first
    }

    /// Breaks for which time has something to do, in the order in which it is due.
    func due(at now: Timestamp, in transaction: any Transaction) throws -> [StoredBreak] {
        try read(" AND wake_at <= \(now) ORDER BY wake_at, break_id", in: transaction)
    }

    private func read(_ condition: SQL, in transaction: any Transaction) throws -> [StoredBreak] {
        try transaction.rows(
            "SELECT " + BreakStore.columns + " FROM breaks WHERE account_id = \(account)" + condition
        ).map(BreakStore.read)
    }

    /// Both databases take more parameters, and few statements are enough.
    private static let idsPerStatement = 1_000

    /// Inserts or updates breaks, and appends the steps that made them what they are.
    ///
    /// - Parameter before: The breaks as they are stored, as far as they have been read. Of one that was only seen once
    ///   more no more than that is written, which touches no index.
    func write(
        _ breaks: [StoredBreak],
        over before: [StoredBreak] = [],
        _ steps: [BreakStep],
        in transaction: any Transaction
    ) throws {
        let known = Dictionary(before.map { ($0.id, $0) }) { first, _ in first }
        var (seenAgain, changed): ([[Value]], [[Value]]) = ([], [])
        for item in breaks {
            if let before = known[item.id], item.differsOnlyInSighting(from: before) {
                seenAgain.append(sighting(item))
            } else {
                changed.append(values(item))
            }
        }
        if !seenAgain.isEmpty { try transaction.executeMany(BreakStore.updateSighting, seenAgain) }
        if !changed.isEmpty { try transaction.executeMany(BreakStore.upsert, changed) }
        if !steps.isEmpty { try transaction.executeMany(BreakStore.insertStep, steps.map(values)) }
    }

    /// Removes pending breaks that never opened, with their steps.
    func drop(_ ids: [String], in transaction: any Transaction) throws {
        guard !ids.isEmpty else { return }
        let ids = ids.map { [Value.text($0)] }
        try transaction.executeMany("DELETE FROM break_events WHERE break_id = ?", ids)
        try transaction.executeMany("DELETE FROM breaks WHERE break_id = ?", ids)
    }

    private static let upsert = """
        INSERT INTO breaks (break_id, account_id, break_key, class, severity, severity_rank, status, resolution, symbol,
            trade_id, ticket, differences, first_seen_at, last_seen_at, times_seen, noticed_at, due_at, opened_at,
            resolved_at, acknowledged_until, snoozed_until, baseline_class, baseline_differences, wake_at,
            last_snapshot_id, events_total)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (break_id) DO UPDATE SET class = excluded.class, severity = excluded.severity,
            severity_rank = excluded.severity_rank, status = excluded.status, resolution = excluded.resolution,
            symbol = excluded.symbol, trade_id = excluded.trade_id, ticket = excluded.ticket,
            differences = excluded.differences, last_seen_at = excluded.last_seen_at, times_seen = excluded.times_seen,
            due_at = excluded.due_at, opened_at = excluded.opened_at, resolved_at = excluded.resolved_at,
            acknowledged_until = excluded.acknowledged_until, snoozed_until = excluded.snoozed_until,
            baseline_class = excluded.baseline_class, baseline_differences = excluded.baseline_differences,
            wake_at = excluded.wake_at, last_snapshot_id = excluded.last_snapshot_id,
            events_total = excluded.events_total
        """

    private static let updateSighting =
        "UPDATE breaks SET last_seen_at = ?, times_seen = ?, last_snapshot_id = ? WHERE break_id = ?"

    private func sighting(_ item: StoredBreak) -> [Value] {
        [.timestamp(item.lastSeenAt), .integer(item.timesSeen), .text(item.lastSnapshotID), .text(item.id)]
    }

    private static let insertStep = """
        INSERT INTO break_events (event_id, break_id, account_id, sequence, at, event, from_status, to_status, actor,
            note, run_id, resolution, valid_until)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """

    private func values(_ item: StoredBreak) -> [Value] {
        let severity = item.breakClass.severity
        return [
            .text(item.id), .text(account), .text(item.key), .text(item.breakClass.rawValue), .text(severity.rawValue),
            .integer(severity.rank), .text(item.status.rawValue), .text(item.resolution?.rawValue), .text(item.symbol),
            .text(item.tradeID), .integer(item.ticket), .text(item.differences), .timestamp(item.firstSeenAt),
            .timestamp(item.lastSeenAt), .integer(item.timesSeen), .timestamp(item.noticedAt), .timestamp(item.dueAt),
            .timestamp(item.openedAt), .timestamp(item.resolvedAt), .timestamp(item.acknowledgedUntil),
            .timestamp(item.snoozedUntil), .text(item.baseline?.breakClass.rawValue), .text(item.baseline?.differences),
            .timestamp(item.wakeAt), .text(item.lastSnapshotID), .integer(item.eventsTotal),
        ]
    }

    private func values(_ step: BreakStep) -> [Value] {
        [
            .text(BreakStep.id(account: account, breakID: step.breakID, sequence: step.sequence)),
            .text(step.breakID), .text(account), .integer(step.sequence), .timestamp(step.origin.at),
            .text(step.name.rawValue), .text(step.from?.rawValue), .text(step.to.rawValue), .text(step.origin.actor),
            .text(step.origin.note), .text(step.origin.runID), .text(step.resolution?.rawValue),
            .timestamp(step.until),
        ]
    }

    private static func read(_ row: Row) throws -> StoredBreak {
        guard let id = row.text(0), let key = row.text(1), let breakClass = row.text(2).flatMap(BreakClass.init),
            let status = row.text(3).flatMap(BreakStatus.init), let symbol = row.text(5),
            let differences = row.text(8), let firstSeen = row.timestamp(9), let lastSeen = row.timestamp(10),
            let timesSeen = row.integer(11), let noticed = row.timestamp(12), let due = row.timestamp(13),
            let snapshot = row.text(16), let events = row.integer(17)
        else { throw StorageError.statement("a stored break cannot be read") }
        var item = StoredBreak(
            id: id, breakClass: breakClass, status: status, resolution: row.text(4).flatMap(BreakResolution.init),
            symbol: symbol, tradeID: row.text(6), ticket: row.integer(7), key: key, differences: differences,
            firstSeenAt: firstSeen, lastSeenAt: lastSeen, timesSeen: timesSeen, noticedAt: noticed, dueAt: due,
            openedAt: row.timestamp(14), resolvedAt: row.timestamp(15), acknowledgedUntil: row.timestamp(18),
            snoozedUntil: row.timestamp(19), lastSnapshotID: snapshot, eventsTotal: events)
        if let noted = row.text(20).flatMap(BreakClass.init), let differences = row.text(21) {
            item.baseline = StoredBreak.Baseline(breakClass: noted, differences: differences)
        }
        return item
    }
}
