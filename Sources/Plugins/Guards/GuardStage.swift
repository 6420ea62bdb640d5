import PluginAPI
import TradingBook

/// Shows each snapshot to the guards, inside the transaction that stores it.
///
/// Only a complete one moves the drawdown guard, because a partial one proves nothing about the account as a whole; its
/// quotes are judged all the same. A failed or a late one moves nothing. A snapshot that is reconciled again has been
/// seen already, so its flows, its rise and its trip count once.
struct GuardStage: IngestStage {
    let book: BookModule
    let drawdownLimits: DrawdownLimits
    let marketGuard: MarketGuard
    let meters: GuardMeters

    func apply(_ change: IngestChange, outcome: inout IngestOutcome, in transaction: any Transaction) throws {
        try settleCommands(of: change, in: transaction)
        guard change.snapshot.completeness != .failed, !change.isSuperseded else {
            if !change.closedTickets.isEmpty { try noteLeftOpen(change, &outcome, in: transaction) }
            return
        }
        let known = try GuardRecord.load(change.account.id, in: transaction)
        var record = known ?? GuardRecord(snapshotID: change.snapshotID)
        var symbols = try WatchedSymbols(of: change, in: transaction)
        if known?.snapshotID != change.snapshotID {
            var log = try observe(change, &record, &outcome, in: transaction)
            let detected = symbols.observe(change, with: marketGuard)
            try symbols.store(account: change.account.id, in: transaction)
            try recordTrips(detected, change, &outcome, in: transaction)
            log += detected.map { GuardLogEntry($0.condition, $0.quote, act: marketGuard.limits.act) }
            if let run = outcome.run { try GuardLogEntry.append(log, to: run, of: change, in: transaction) }
        }
        if record.guardState.trip != nil { try noteLeftOpen(change, &outcome, in: transaction) }
        outcome.guardsJSON = summary(record.guardState, alerts: symbols.alertsCount)
    }

    private func noteLeftOpen(
        _ change: IngestChange,
        _ outcome: inout IngestOutcome,
        in transaction: any Transaction
    ) throws {
        let left = try LeftOpenPositions(account: change.account.id, now: change.now, transaction: transaction)
            .refresh()
        outcome.afterCommit.append { [meters] in meters.leftOpen.increment(by: left) }
    }

    /// Brings the drawdown guard up to this snapshot and stores it.
    ///
    /// - Returns: What the log is to say of it.
    private func observe(
        _ change: IngestChange,
        _ record: inout GuardRecord,
        _ outcome: inout IngestOutcome,
        in transaction: any Transaction
    ) throws -> [GuardLogEntry] {
        var events: [DrawdownGuard.Event] = []
        let before = record.guardState.state
        let flows = try GuardRecord.unsettledFlows(of: change.account.id, in: transaction)
        try record.checkRange(of: flows)
        if change.snapshot.completeness == .complete {
            let observation = observation(of: change, flows: flows, run: outcome.run)
            events = record.guardState.observe(observation, limits: drawdownLimits)
        }
        record.see(change)
        for case .tripped(let trip) in events {
            let tripID = DerivedID.make("trip", change.account.id, change.snapshotID)
            record.tripID = tripID
            try TripRecord(trip, id: tripID, record.guardState, limits: drawdownLimits, change, run: outcome.run)
                .insert(in: transaction)
            outcome.afterCommit.append { [meters] in meters.drawdownTriggers.increment() }
        }
        if record.guardState.state != before {
            let hasTripped = events.contains { if case .tripped = $0 { true } else { false } }
            outcome.events.addDrawdown(
                hasTripped ? .tripped : .state, record.guardState, from: before, tripID: record.tripID,
                of: change.account.id,
                because: change.snapshotID, at: change.now)
        }
        try record.store(events, for: change, in: transaction)
        outcome.peak = record.guardState.peak?.amount
        return events.compactMap { GuardLogEntry($0, record.guardState) }
    }

    private func observation(
        of change: IngestChange,
        flows: [Flow],
        run: RunSummary?
    ) -> DrawdownGuard.Observation {
        let freshness = Freshness(interval: change.account.snapshotInterval)
        return DrawdownGuard.Observation(
            equity: change.snapshot.figures?.equity,
            asOf: change.snapshot.asOf,
            flows: flows,
            hasCashMismatch: run?.hasCashMismatch ?? false,
            isStale: freshness.isStale(change.snapshot.asOf, at: change.now),
            now: change.now)
    }

    /// Positions that are gone need no closing any more; one that was closed on command keeps what its agent reported,
    /// although a snapshot of before has shown it open once more.
    private func settleCommands(of change: IngestChange, in transaction: any Transaction) throws {
        guard !change.closedTickets.isEmpty else { return }
        let store = CloseCommandStore(account: change.account.id, now: change.now, transaction: transaction)
        for closing in try store.reported(among: change.closedTickets) {
            _ = try book.close(closing, of: change.account, at: change.now, in: transaction)
        }
        try store.settle()
    }

    /// A market condition is a trip only where it is to close positions; otherwise it is just shown while it lasts.
    private func recordTrips(
        _ detected: [(quote: Quote, condition: MarketCondition)],
        _ change: IngestChange,
        _ outcome: inout IngestOutcome,
        in transaction: any Transaction
    ) throws {
        guard marketGuard.limits.act == .close else {
            for (quote, condition) in detected { outcome.events.addMarket(condition, quote, tripID: nil, of: change) }
            return
        }
        let store = CloseCommandStore(account: change.account.id, now: change.now, transaction: transaction)
        for (quote, condition) in detected {
            let trip = TripRecord(condition, quote, limits: marketGuard.limits, change, run: outcome.run)
            try trip.insert(in: transaction)
            outcome.events.addMarket(condition, quote, tripID: trip.id, of: change)
            let commands = try store.write(
                trip: trip.id, reason: condition.kind.closeReason, symbol: quote.instrument)
            guard commands > 0 else { continue }
            outcome.events.addLiquidation(
                trip: trip.id, guard: "market", reason: condition.kind.rawValue, symbol: quote.instrument,
                commands: commands, of: change.account.id, at: change.now)
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
