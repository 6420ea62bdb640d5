import PluginAPI
import TradingBook

extension EventDrafts {
    /// How the drawdown guard judges an account otherwise than before.
    enum DrawdownChange: String {
        /// Another state; a trip that was latched is so still.
        case state
        case tripped
        case released
    }

    /// - Parameter object: What it follows from: the snapshot, or the trip that is released.
    mutating func addDrawdown(
        _ change: DrawdownChange,
        _ guardState: DrawdownGuard,
        from before: GuardState,
        tripID: String?,
        of account: String,
        because object: String,
        at now: Timestamp
    ) {
        add(.guardChanged, of: account, ["drawdown", object, change.rawValue], at: now) { json in
            json.field("guard", "drawdown")
            json.field("change", change.rawValue)
            json.field("from", before.rawValue)
            json.field("to", guardState.state.rawValue)
            json.field("trip_id", tripID)
            json.field("reason", guardState.trip?.cause.rawValue)
            json.field("symbol", nil as String?)
            json.field("value_pct", guardState.drawdown(digits: 2), digits: 2)
            json.field("equity", guardState.equity?.amount)
            json.field("peak_equity", guardState.peak?.amount)
            json.field("liquidation_at", guardState.trip?.liquidationAt)
            json.field("commands", nil as Int64?)
        }
    }

    /// A symbol's market has a condition that it had not before. A trip where positions are to be closed for it.
    mutating func addMarket(
        _ condition: MarketCondition,
        _ quote: Quote,
        tripID: String?,
        of change: IngestChange
    ) {
        let percentage = condition.kind == .priceGap ? quote.gapPercentage : quote.spreadPercentage
        let parts = ["market", change.snapshotID, quote.instrument, condition.kind.rawValue]
        add(.guardChanged, of: change.account.id, parts, at: change.now) { json in
            json.field("guard", "market")
            json.field("change", tripID == nil ? "state" : "tripped")
            json.field("from", GuardState.ok.rawValue)
            json.field("to", tripID == nil ? GuardState.warning.rawValue : GuardState.tripped.rawValue)
            json.field("trip_id", tripID)
            json.field("reason", condition.kind.rawValue)
            json.field("symbol", quote.instrument)
            json.field("value_pct", percentage, digits: 2)
            json.field("equity", nil as FixedDecimal?)
            json.field("peak_equity", nil as FixedDecimal?)
            json.field("liquidation_at", tripID == nil ? nil : change.now)
            json.field("commands", nil as Int64?)
        }
    }

    /// Close commands are written: from the commit of the same transaction on agents can lease them.
    mutating func addLiquidation(
        trip: String,
        guard name: String,
        reason: String,
        symbol: String? = nil,
        commands: Int64,
        of account: String,
        at now: Timestamp
    ) {
        add(.guardChanged, of: account, ["liquidation", trip], at: now) { json in
            json.field("guard", name)
            json.field("change", "liquidation")
            json.field("from", GuardState.tripped.rawValue)
            json.field("to", GuardState.tripped.rawValue)
            json.field("trip_id", trip)
            json.field("reason", reason)
            json.field("symbol", symbol)
            json.field("value_pct", nil as FixedDecimal?)
            json.field("equity", nil as FixedDecimal?)
            json.field("peak_equity", nil as FixedDecimal?)
            json.field("liquidation_at", now)
            json.field("commands", commands)
        }
    }
}
