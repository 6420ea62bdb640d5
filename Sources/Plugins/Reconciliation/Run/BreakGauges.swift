import PluginAPI
import Synchronization

/// How many breaks there are, how old the oldest is and how old the oldest snapshot.
///
/// All are read from storage, at most every ten seconds: that is the truth, whatever other hosts have done. In between the
/// numbers follow what this host stores, so that a run is seen at once.
final class BreakGauges: Sendable {
    private let storage: any StorageBackend
    private let clock: any HostClock
    private let breaks: [BreakShift.Place: any Gauge]
    private let shown = Mutex(Shown())
    private let oldest: any Gauge
    private let snapshotAge: any Gauge
    private let readAt = Mutex<Timestamp?>(nil)
    /// What the gauges of breaks show.
    private struct Shown {
        var numbers: [BreakShift.Place: Int64] = [:]
        /// How often they have followed this host.
        var changes = 0
        /// Whether storage has been read at all.
        var isRead = false
    }

    private static let interval: Duration = .seconds(10)
    private static let statuses: [BreakStatus] = [.pending, .open, .acknowledged]

    init(_ context: ModuleContext) {
        storage = context.storage
        clock = context.clock
        var gauges: [BreakShift.Place: any Gauge] = [:]
        for breakClass in BreakClass.allCases {
            for status in BreakGauges.statuses {
                gauges[BreakShift.Place(breakClass: breakClass, status: status)] = context.metrics.gauge(
                    "recon_breaks", help: "Breaks that are not resolved",
                    labels: [
                        (name: "class", value: breakClass.rawValue),
                        (name: "severity", value: breakClass.severity.rawValue),
                        (name: "status", value: status.rawValue),
                    ])
            }
        }
        breaks = gauges
        oldest = context.metrics.gauge(
            "recon_oldest_break_seconds", help: "Age of the oldest open or acknowledged break", labels: [])
        snapshotAge = context.metrics.gauge(
            "recon_snapshot_age_seconds", help: "Age of the oldest current snapshot that has an interval", labels: [])
        for gauge in gauges.values { gauge.set(0) }
        oldest.set(0)
        snapshotAge.set(0)
    }

    /// Called when a transaction that changed breaks is stored. Before the first reading there is nothing to follow from.
    func follow(_ shift: BreakShift) {
        shown.withLock { shown in
            shown.changes += 1
            guard shown.isRead else { return }
            for (place, amount) in shift.amounts where amount != 0 {
                // Storage may have been read between the transaction and this: nothing is counted below zero.
                let number = max(0, shown.numbers[place, default: 0] + amount)
                shown.numbers[place] = number
                breaks[place]?.set(Double(number))
            }
        }
    }

    /// - Throws: ``StorageError`` when the figures cannot be read; the gauges keep what they showed.
    func refreshIfDue() async throws(StorageError) {
        let now = clock.now
        let isDue = readAt.withLock { last in
            if let last, now.since(last) < BreakGauges.interval, now >= last { return false }
            last = now
            return true
        }
        guard isDue else { return }
        let changes = shown.withLock { $0.changes }
        let rows = try await storage.rows(BreakGauges.numbers)
        show(rows, now, since: changes)
    }

    /// Breaks are counted along an index in this order, so that nothing is sorted however many there are.
    static let numbers: SQL = """
        SELECT class, status, count(*) AS number, min(first_seen_at) AS since
        FROM breaks WHERE status <> 'resolved' GROUP BY class, status
        UNION ALL
        SELECT 'snapshot', '', count(*), min(s.last_sync_at)
        FROM reconciliation_accounts s JOIN accounts a ON a.account_id = s.account_id
        WHERE a.snapshot_interval IS NOT NULL
        """

    /// - Parameter changes: How often this host had changed breaks when the reading began. What it has stored meanwhile may
    ///   or may not be in the rows, so that the next reading comes at once then.
    private func show(_ rows: Rows, _ now: Timestamp, since changes: Int) {
        var counts: [BreakShift.Place: Int64] = [:]
        var oldestBreak = now
        var oldestSnapshot = now
        for row in rows {
            guard let name = row.text(0), let status = row.text(1), let since = row.timestamp(3) else { continue }
            if name == "snapshot" {
                oldestSnapshot = min(oldestSnapshot, since)
            } else if let breakClass = BreakClass(rawValue: name), let status = BreakStatus(rawValue: status) {
                counts[BreakShift.Place(breakClass: breakClass, status: status)] = row.integer(2)
                if status != .pending { oldestBreak = min(oldestBreak, since) }
            }
        }
        let isOvertaken = shown.withLock { [counts] shown in
            (shown.numbers, shown.isRead) = (counts, true)
            for (place, gauge) in breaks { gauge.set(Double(counts[place] ?? 0)) }
            return shown.changes != changes
        }
        if isOvertaken { readAt.withLock { $0 = nil } }
        oldest.set(BreakGauges.seconds(now.since(oldestBreak)))
        snapshotAge.set(BreakGauges.seconds(now.since(oldestSnapshot)))
    }

    private static func seconds(_ duration: Duration) -> Double { Double(duration.wholeMicroseconds) / 1_000_000 }
}
