import PluginAPI
import TradingBook

/// A line about a guard in the reconciliation log: behind the lines of the run it belongs to, or by itself when an agent or
/// time alone has caused it.
struct GuardLogEntry: Sendable {
    let kind: String
    let eventType: String
    var symbol: String?
    var ticket: Int64?
    var tradeID: String?
    /// A sentence for people.
    let description: String
    /// A JSON object.
    let metadata: String

    /// Appends entries to the lines of a run, in their order.
    static func append(
        _ entries: [GuardLogEntry],
        to run: RunSummary,
        of change: IngestChange,
        in transaction: any Transaction
    ) throws(StorageError) {
        guard !entries.isEmpty else { return }
        let account = change.account.id
        // A run's lines all have its time, which is where the index finds them.
        let last = try transaction.rows(
            """
            SELECT max(sequence) AS last FROM reconciliation_logs
            WHERE account_id = \(account) AND at = \(change.now) AND run_id = \(run.runID)
            """
        ).first?.integer("last")
        let rows = entries.enumerated().map { index, entry -> [Value] in
            let sequence = (last ?? 0) + Int64(index) + 1
            let id = DerivedID.make("log", account, run.runID, String(sequence))
            return entry.values(id: id, account: account, at: change.now, run: run.runID, sequence: sequence)
        }
        try transaction.executeMany(insert, rows)
    }

    /// Appends an entry of no run.
    ///
    /// - Parameter object: The ID of what it is about; the log has one line a kind about each.
    func append(
        about object: String,
        of account: String,
        at now: Timestamp,
        in transaction: any Transaction
    ) throws(StorageError) {
        let id = DerivedID.make("log", account, object, kind)
        try transaction.executeMany(
            Self.insert, [values(id: id, account: account, at: now, run: nil, sequence: 1)])
    }

    private static let insert = """
        INSERT INTO reconciliation_logs (log_id, account_id, at, run_id, sequence, kind, event_type, symbol, ticket,
            trade_id, description, metadata)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """

    private func values(id: String, account: String, at now: Timestamp, run: String?, sequence: Int64) -> [Value] {
        [
            .text(id), .text(account), .timestamp(now), .text(run), .integer(sequence), .text(kind), .text(eventType),
            .text(symbol), .integer(ticket), .text(tradeID), .text(description), .json(metadata),
        ]
    }

    private static func text(_ percentage: FixedDecimal?) -> String { percentage.map { "\($0)" } ?? "unknown" }

    static func object(_ members: (inout JSONWriter) -> Void) -> String {
        var json = JSONWriter(reservingCapacity: 192)
        json.object(members)
        return json.text
    }
}

extension GuardLogEntry {
    /// The drawdown guard has begun to warn, or has tripped.
    init?(_ event: DrawdownGuard.Event, _ drawdown: DrawdownGuard) {
        switch event {
        case .settled: return nil
        case .warned:
            kind = "warning"
            description = "equity is \(Self.text(drawdown.drawdown(digits: 2)))% below its peak"
        case .tripped(let trip):
            kind = "guard_trigger"
            description =
                trip.cause == .drawdown
                ? "drawdown guard tripped: equity is \(Self.text(drawdown.drawdown(digits: 2)))% below its peak"
                : "drawdown guard tripped: equity is below the minimum"
        }
        eventType = "drawdown_alert"
        metadata = Self.object { json in
            json.field("state", drawdown.state.rawValue)
            json.field("equity", drawdown.equity?.amount)
            json.field("peak_equity", drawdown.peak?.amount)
            json.field("drawdown_pct", drawdown.drawdown(digits: 2), digits: 2)
            json.field("liquidation_at", drawdown.trip?.liquidationAt)
        }
    }

    /// A market condition was not there before.
    init(_ condition: MarketCondition, _ quote: Quote, act: GuardAct) {
        kind = act == .close ? "guard_trigger" : "warning"
        eventType = "market_condition_alert"
        symbol = quote.instrument
        let percentage = condition.kind == .priceGap ? quote.gapPercentage : quote.spreadPercentage
        let what = condition.kind == .priceGap ? "price gap" : "spread"
        description = "\(quote.instrument): \(what) of \(Self.text(percentage))%"
        metadata = Self.object { json in
            json.field("condition_type", condition.kind.rawValue)
            json.field("alert_type", condition.severity.rawValue)
            json.field("value_pct", percentage, digits: 2)
            json.field("quote_time", quote.time)
        }
    }
}
