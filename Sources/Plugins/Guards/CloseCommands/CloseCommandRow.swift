import PluginAPI
import TradingBook

/// A close command as clients see it.
enum CloseCommandRow {
    /// What a statement must select, from `close_commands c`, `positions p` and `accounts a`.
    static let selection: SQL = """
        c.command_id, c.account_id, c.trip_id, c.ticket, p.position_id, p.symbol, p.broker_symbol, p.direction, c.volume, \
        c.reason, c.status, c.created_at, c.leased_until, c.expires_at, c.ended_at, c.close_price, c.closed_at, \
        c.realized_pnl, c.detail, p.digits, a.currency_digits
        """

    static let source: SQL = """
        close_commands c JOIN positions p ON p.account_id = c.account_id AND p.ticket = c.ticket \
        JOIN accounts a ON a.account_id = c.account_id
        """

    static func write(_ row: Row, to json: inout JSONWriter) {
        json.object { json in
            json.field("id", row.text("command_id"))
            json.field("account_id", row.text("account_id"))
            json.field("ticket", row.integer("ticket"))
            json.field("symbol", row.text("symbol"))
            json.field("direction", row.text("direction"))
            json.field("volume", row.decimal("volume"))
            json.field("reason", row.text("reason"))
            json.field("status", row.text("status"))
            json.field("created_at", row.timestamp("created_at"))
            json.field("leased_until", row.timestamp("leased_until"))
            json.field("expires_at", row.timestamp("expires_at"))
            json.field("broker_symbol", row.text("broker_symbol"))
            json.field("position_id", row.text("position_id"))
            json.field("trip_id", row.text("trip_id"))
            json.field("ended_at", row.timestamp("ended_at"))
            json.field("close_price", row.decimal("close_price"), digits: Int(row.integer("digits") ?? 0))
            json.field("closed_at", row.timestamp("closed_at"))
            json.field("realized_pnl", row.decimal("realized_pnl"), digits: Int(row.integer("currency_digits") ?? 0))
            json.field("detail", row.text("detail"))
        }
    }

    static let schema: Schema = .object([
        "id": .text, "account_id": .text, "ticket": .integer, "symbol": .text, "direction": .choice(["buy", "sell"]),
        "volume": .decimal, "reason": .choice(ReportedClosing.Reason.allCases.map(\.rawValue)),
        "status": .choice(CloseCommand.Status.allCases.map(\.rawValue)), "created_at": .timestamp,
        "leased_until": .optional(.timestamp), "expires_at": .timestamp, "broker_symbol": .text,
        "position_id": .text, "trip_id": .text, "ended_at": .optional(.timestamp),
        "close_price": .optional(.decimal), "closed_at": .optional(.timestamp), "realized_pnl": .optional(.decimal),
        "detail": .optional(.text),
    ])

    static let listSchema: Schema = .object(["commands": .array(schema), "next_cursor": .optional(.text)])
}
