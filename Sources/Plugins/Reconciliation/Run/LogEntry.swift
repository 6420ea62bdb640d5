import PluginAPI
import TradingBook

/// One line of the reconciliation log, which is only ever added to.
struct LogEntry: Sendable {
    var kind: Kind
    var symbol: String?
    var ticket: Int64?
    var tradeID: String?
    var breakID: String?
    var divergenceReason: String?
    /// A sentence for people.
    var description: String
    /// A JSON object.
    var metadata: String

    enum Kind: String, Sendable, CaseIterable {
        case sync, match, divergence, close
        case guardTrigger = "guard_trigger"
        case warning

        /// The name clients know it by.
        var eventType: String {
            switch self {
            case .sync: "position_synced"
            case .match: "position_matched"
            case .divergence: "divergence_detected"
            case .close: "position_closed"
            case .guardTrigger: "drawdown_alert"
            case .warning: "market_condition_alert"
            }
        }
    }

    /// Every `event_type` there is.
    static let eventTypes = Kind.allCases.map(\.eventType)

    /// Writes a run's entries, numbered from 1 in their order.
    static func write(_ entries: [LogEntry], of run: RunRecord, in transaction: any Transaction) throws {
        try write(entries, of: run.account, at: run.ranAt, runID: run.id, cause: run.id, in: transaction)
    }

    /// Writes entries that belong together, numbered from 1 in their order.
    ///
    /// - Parameters:
    ///   - runID: The run they belong to; `nil` for what time or somebody did.
    ///   - cause: What caused them, and nothing else: their IDs are derived from it.
    static func write(
        _ entries: [LogEntry],
        of account: String,
        at time: Timestamp,
        runID: String?,
        cause: String,
        in transaction: any Transaction
    ) throws {
        guard !entries.isEmpty else { return }
        let rows = entries.enumerated().map { index, entry -> [Value] in
            let sequence = Int64(index + 1)
            return [
                .text(DerivedID.make("log", account, cause, String(sequence))), .text(account), .timestamp(time),
                .text(runID), .integer(sequence), .text(entry.kind.rawValue), .text(entry.kind.eventType),
                .text(entry.divergenceReason), .text(entry.symbol),
                .integer(entry.ticket), .text(entry.tradeID), .text(entry.breakID), .text(entry.description),
                .json(entry.metadata),
            ]
        }
        try transaction.executeMany(
            """
            INSERT INTO reconciliation_logs (log_id, account_id, at, run_id, sequence, kind, event_type,
                divergence_reason, symbol, ticket, trade_id, break_id, description, metadata)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """, rows)
    }
}

extension LogEntry {
    static func sync(_ run: RunRecord) -> LogEntry {
        let metadata = object {
            $0.field("verdict", run.verdict.rawValue)
            $0.field("as_of", run.asOf)
            $0.field("completeness", run.completeness.rawValue)
            $0.field("positions", run.broker.rows)
            $0.field("matched", run.pairs)
            $0.field("opened", run.opened)
            $0.field("still_open", run.stillOpen)
            $0.field("resolved", run.resolved)
        }
        let text =
            switch run.verdict {
            case .superseded: "snapshot of \(run.asOf) came late and is not compared"
            case .incomplete: "snapshot of \(run.asOf) is \(run.completeness.rawValue) and is not compared"
            case .reconciled, .reconciledWithPending, .breaks:
                "snapshot of \(run.asOf) compared: \(run.verdict.rawValue)"
            }
        return LogEntry(kind: .sync, description: text, metadata: metadata)
    }

    static func match(_ pair: MatchPair, ticket: Int64) -> LogEntry {
        let trade = pair.tradeIDs.first
        let metadata = object {
            $0.field("trade_id", trade)
            $0.field("grade", pair.grade.rawValue)
        }
        return LogEntry(
            kind: .match, symbol: pair.symbol, ticket: ticket, tradeID: trade,
            description: "\(pair.symbol) ticket \(ticket) is trade \(trade ?? "")", metadata: metadata)
    }

    static func divergence(_ item: StoredBreak) throws -> LogEntry {
        let first = try StoredDifference.list(item.differences).first
        let metadata = object {
            $0.field("break_id", item.id)
            $0.field("class", item.breakClass.rawValue)
            $0.field("severity", item.breakClass.severity.rawValue)
            $0.field("trade_id", item.tradeID)
            $0.field("field", first?.field)
            $0.cell("ours", first?.ours)
            $0.cell("broker", first?.broker)
            $0.cell("delta", first?.delta)
        }
        return LogEntry(
            kind: .divergence, symbol: item.symbol, ticket: item.ticket, tradeID: item.tradeID, breakID: item.id,
            divergenceReason: item.breakClass.divergenceReason, description: sentence(item, first),
            metadata: metadata)
    }

    static func close(ticket: Int64, symbol: String, tradeID: String?, at: Timestamp) -> LogEntry {
        let metadata = object {
            $0.field("closed_at", at)
            $0.field("trade_id", tradeID)
        }
        return LogEntry(
            kind: .close, symbol: symbol, ticket: ticket, tradeID: tradeID,
            description: "\(symbol) ticket \(ticket) is no longer open at the broker", metadata: metadata)
    }

    private static func object(_ members: (inout JSONWriter) -> Void) -> String {
        var json = JSONWriter(reservingCapacity: 192)
        json.object(members)
        return json.text
    }

    /// What differs, on what: `XAUUSD ticket 12345: partial_fill, volume 0.2 in the book, 0.1 at the broker`.
    private static func sentence(_ item: StoredBreak, _ first: StoredDifference?) -> String {
        let object = item.ticket.map { "ticket \($0)" } ?? item.tradeID.map { "trade \($0)" } ?? "account"
        let start = "\(item.symbol) \(object): \(item.breakClass.rawValue)"
        guard let first, let field = first.field else { return start }
        return "\(start), \(field) \(text(first.ours)) in the book, \(text(first.broker)) at the broker"
    }

    private static func text(_ value: JSONValue?) -> String {
        switch value {
        case .number(let digits)?: digits
        case .string(let word)?: word
        default: "none"
        }
    }
}
