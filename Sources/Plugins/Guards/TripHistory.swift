import PluginAPI

/// One page of trips, newest first.
struct TripHistory {
    private let rows: ArraySlice<Row>
    private let hasMore: Bool

    /// - Parameter rows: Up to one row more than `limit`.
    init(_ rows: Rows, limit: Int) {
        self.rows = Array(rows.prefix(limit))[...]
        hasMore = rows.count > limit
    }

    func reply(for request: Request) -> Reply {
        Reply { (json: inout JSONWriter) in
            json.arrayField("trips", of: rows) { json, row in
                json.object { Self.write(row, to: &$0) }
            }
            json.field("next_cursor", hasMore ? rows.last.map { request.cursor(after: Self.place(of: $0)) } : nil)
        }
    }

    /// A trip's place in the list: time, then ID.
    private static func place(of row: Row) -> [Value] {
        [.timestamp(row.timestamp("tripped_at")), .text(row.text("trip_id"))]
    }

    private static func write(_ row: Row, to json: inout JSONWriter) {
        let currencyDigits = Int(row.integer("currency_digits") ?? 0)
        json.field("id", row.text("trip_id"))
        json.field("account_id", row.text("account_id"))
        json.field("guard", row.text("guard"))
        json.field("reason", row.text("reason"))
        json.field("symbol", row.text("symbol"))
        json.field("act", row.text("act"))
        json.field("value_pct", row.decimal("value_pct"), digits: 2)
        json.field("limit_pct", row.decimal("limit_pct"), digits: 2)
        json.field("min_equity", row.decimal("min_equity"), digits: currencyDigits)
        json.field("equity", row.decimal("equity"), digits: currencyDigits)
        json.field("peak_equity", row.decimal("peak"), digits: currencyDigits)
        json.field("tripped_at", row.timestamp("tripped_at"))
        json.field("liquidation_at", row.timestamp("liquidation_at"))
        json.field("commands_at", row.timestamp("commands_at"))
        json.field("released_at", row.timestamp("released_at"))
        json.field("released_by", row.text("released_by"))
        json.field("note", row.text("release_note"))
        json.field("run_id", row.text("run_id"))
        json.field("positions_left_open", row.integer("left_open") ?? 0)
    }

    static let schema: Schema = .object([
        "trips": .array(
            .object([
                "id": .text, "account_id": .text, "guard": .choice(["drawdown", "market"]),
                "reason": .choice(["drawdown", "min_equity", "price_gap", "liquidity_crisis"]),
                "symbol": .optional(.text), "act": .choice(["report", "close"]), "value_pct": .optional(.decimal),
                "limit_pct": .optional(.decimal), "min_equity": .optional(.decimal), "equity": .optional(.decimal),
                "peak_equity": .optional(.decimal), "tripped_at": .timestamp,
                "liquidation_at": .optional(.timestamp), "commands_at": .optional(.timestamp),
                "released_at": .optional(.timestamp), "released_by": .optional(.text), "note": .optional(.text),
                "run_id": .optional(.text), "positions_left_open": .integer,
            ])),
        "next_cursor": .optional(.text),
    ])
}
