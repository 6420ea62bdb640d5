import PluginAPI
import TradingBook

/// A trip on its way into the history: which limit was passed, by how much, on what evidence.
struct TripRecord {
    /// Derived from account, snapshot and what was passed.
    let id: String
    private let account: String
    private let kind: String
    private let reason: String
    private var symbol: String?
    private let act: GuardAct
    private var valuePercentage: FixedDecimal?
    private var limitPercentage: FixedDecimal?
    private var minEquity: FixedDecimal?
    private var equity: FixedDecimal?
    private var peak: FixedDecimal?
    private let trippedAt: Timestamp
    private var liquidationAt: Timestamp?
    /// When its close commands were written; `nil` while a countdown runs, and where the guard only reports.
    private var commandsAt: Timestamp?
    private let snapshotID: String
    private let runID: String?

    /// A trip of the drawdown guard.
    init(
        _ trip: DrawdownGuard.Trip,
        id: String,
        _ drawdown: DrawdownGuard,
        limits: DrawdownLimits,
        _ change: IngestChange,
        run: RunSummary?
    ) {
        self.id = id
        account = change.account.id
        kind = "drawdown"
        reason = trip.cause.rawValue
        act = limits.act
        valuePercentage = drawdown.drawdown(digits: 2)
        switch trip.cause {
        case .drawdown: limitPercentage = limits.max
        case .minEquity: minEquity = limits.minEquity
        }
        equity = drawdown.equity?.amount
        peak = drawdown.peak?.amount
        trippedAt = trip.at
        liquidationAt = trip.liquidationAt
        snapshotID = change.snapshotID
        runID = run?.runID
    }

    /// A market condition that is to close positions.
    init(
        _ condition: MarketCondition,
        _ quote: Quote,
        limits: MarketLimits,
        _ change: IngestChange,
        run: RunSummary?
    ) {
        id = DerivedID.make(
            "trip", change.account.id, change.snapshotID, quote.instrument, condition.kind.rawValue)
        account = change.account.id
        kind = "market"
        reason = condition.kind.rawValue
        symbol = quote.instrument
        act = limits.act
        switch condition.kind {
        case .priceGap: (valuePercentage, limitPercentage) = (quote.gapPercentage, limits.priceGap)
        case .liquidityCrisis: (valuePercentage, limitPercentage) = (quote.spreadPercentage, limits.spread)
        }
        // Two prices of opposite extremes are further apart than a stored number can say.
        if valuePercentage?.storedUnits == nil { valuePercentage = nil }
        trippedAt = change.now
        commandsAt = change.now
        snapshotID = change.snapshotID
        runID = run?.runID
    }

    func insert(in transaction: any Transaction) throws(StorageError) {
        try transaction.execute(
            """
            INSERT INTO guard_trips (trip_id, account_id, guard, reason, symbol, act, value_pct, limit_pct, min_equity,
                equity, peak, tripped_at, liquidation_at, commands_at, snapshot_id, run_id)
            VALUES (\(id), \(account), \(kind), \(reason), \(symbol), \(act.rawValue), \(valuePercentage),
                \(limitPercentage), \(minEquity), \(equity), \(peak), \(trippedAt), \(liquidationAt), \(commandsAt),
                \(snapshotID), \(runID))
            """)
    }
}
