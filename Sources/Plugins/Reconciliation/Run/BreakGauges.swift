import PluginAPI
import Synchronization

/// The figures that are read from storage, at most every ten seconds.
final class BreakGauges: Sendable {
    private let storage: any StorageBackend
    private let clock: any HostClock
    private let breaks: [String: any Gauge]
    private let oldest: any Gauge
    private let snapshotAge: any Gauge
    private let readAt = Mutex<Timestamp?>(nil)
    private static let interval: Duration = .seconds(10)
    private static let statuses: [BreakStatus] = [.pending, .open, .acknowledged]

    init(_ context: ModuleContext) {
        storage = context.storage
        clock = context.clock
        var gauges: [String: any Gauge] = [:]
        for breakClass in BreakClass.allCases {
            for status in BreakGauges.statuses {
                gauges["\(breakClass.rawValue) \(status.rawValue)"] = context.metrics.gauge(
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

    /// - Throws: ``StorageError`` when the figures cannot be read; the gauges keep what they showed.
    func refreshIfDue() async throws(StorageError) {
        let now = clock.now
        let isDue = readAt.withLock { last in
            if let last, now.since(last) < BreakGauges.interval, now >= last { return false }
            last = now
            return true
        }
        guard isDue else { return }
        let rows = try await storage.rows(
            """
            SELECT class, status, count(*) AS number, min(first_seen_at) AS since
            FROM breaks WHERE status <> 'resolved' GROUP BY class, status
            UNION ALL
            SELECT 'snapshot', '', count(*), min(s.last_sync_at)
            FROM reconciliation_accounts s JOIN accounts a ON a.account_id = s.account_id
            WHERE a.snapshot_interval IS NOT NULL
            """)
        show(rows, now)
    }

    private func show(_ rows: Rows, _ now: Timestamp) {
        var counts: [String: Int64] = [:]
        var oldestBreak = now
        var oldestSnapshot = now
        for row in rows {
            guard let name = row.text(0), let status = row.text(1), let since = row.timestamp(3) else { continue }
            if name == "snapshot" {
                oldestSnapshot = min(oldestSnapshot, since)
            } else {
                counts["\(name) \(status)"] = row.integer(2)
                if status != BreakStatus.pending.rawValue { oldestBreak = min(oldestBreak, since) }
            }
        }
        for (name, gauge) in breaks { gauge.set(Double(counts[name] ?? 0)) }
        oldest.set(BreakGauges.seconds(now.since(oldestBreak)))
        snapshotAge.set(BreakGauges.seconds(now.since(oldestSnapshot)))
    }

    private static func seconds(_ duration: Duration) -> Double { Double(duration.wholeMicroseconds) / 1_000_000 }
}
