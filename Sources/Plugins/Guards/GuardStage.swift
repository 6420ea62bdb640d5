import PluginAPI
import TradingBook

/// Shows each complete snapshot to the guards, inside the transaction that stores it.
///
/// A partial snapshot proves nothing about the account as a whole and a late one is history: neither moves a guard. A
/// snapshot that is reconciled again has been seen already, so its flows, its rise and its trip count once.
struct GuardStage: IngestStage {
    let drawdownLimits: DrawdownLimits
    let marketGuard: MarketGuard
    let meters: GuardMeters

    func apply(_ change: IngestChange, outcome: inout IngestOutcome, in transaction: any Transaction) throws {
        guard change.snapshot.completeness != .failed, !change.isSuperseded else { return }
        guard change.snapshot.completeness == .complete else {
            try GuardRecord.copyPeak(of: change, in: transaction)
            return
        }
        var record = try GuardRecord.load(change.account.id, in: transaction)
        var symbols = try WatchedSymbols(of: change, in: transaction)
        if record?.snapshotID != change.snapshotID {
            record = try observe(change, known: record, run: outcome.run, in: transaction)
            let detected = symbols.observe(change, with: marketGuard)
            try symbols.store(account: change.account.id, in: transaction)
            try recordTrips(detected, change, run: outcome.run, in: transaction)
        }
        outcome.guardsJSON = record.map { summary($0.guardState, alerts: symbols.alertsCount) }
    }

    /// The drawdown guard after this snapshot, stored.
    private func observe(
        _ change: IngestChange,
        known: GuardRecord?,
        run: RunSummary?,
        in transaction: any Transaction
    ) throws -> GuardRecord {
        var record = known ?? GuardRecord(snapshotID: change.snapshotID, lastCheckedAt: change.now)
        let observation = DrawdownGuard.Observation(
            equity: change.snapshot.figures?.equity,
            asOf: change.snapshot.asOf,
            flows: try GuardRecord.unsettledFlows(of: change.account.id, in: transaction),
            hasCashMismatch: run?.hasCashMismatch ?? false,
            isStale: Freshness(interval: change.account.snapshotInterval)
                .isStale(change.snapshot.asOf, at: change.now),
            now: change.now)
        let events = record.guardState.observe(observation, limits: drawdownLimits)
        record.seen(change)
        for case .tripped(let trip) in events {
            record.tripID = DerivedID.make("trip", change.account.id, change.snapshotID)
            try TripRecord(trip, record, limits: drawdownLimits, change, run: run).insert(in: transaction)
            meters.drawdownTriggers.increment()
        }
        try record.store(events, for: change, in: transaction)
        return record
    }

    /// A market condition is a trip only where it is to close positions; otherwise it is just shown while it lasts.
    private func recordTrips(
        _ detected: [(quote: Quote, condition: MarketCondition)],
        _ change: IngestChange,
        run: RunSummary?,
        in transaction: any Transaction
    ) throws {
        guard marketGuard.limits.act == .close else { return }
        for (quote, condition) in detected {
            try TripRecord(condition, quote, limits: marketGuard.limits, change, run: run).insert(in: transaction)
        }
    }

    /// What stands under `guards` in the answer to the ingest.
    private func summary(_ drawdown: DrawdownGuard, alerts: Int) -> String {
        var json = JSONWriter()
        json.object { json in
            json.field("state", drawdown.state.rawValue)
            json.field("current_drawdown_pct", drawdown.drawdown(digits: 2), digits: 2)
            json.field("should_close_all", drawdown.trip != nil)
            json.field("liquidation_at", drawdown.trip?.liquidationAt)
            json.field("market_alerts", alerts)
        }
        return json.text
    }
}
