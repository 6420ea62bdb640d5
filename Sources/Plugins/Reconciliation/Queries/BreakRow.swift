import PluginAPI
import TradingBook

/// A break as clients see it.
enum BreakRow {
    static let columns: SQL = """
        break_id, account_id, class, severity, severity_rank, status, symbol, trade_id, ticket, differences,
        first_seen_at, last_seen_at, times_seen, snoozed_until, acknowledged_until, resolution
        """

    static func write(_ row: Row, to json: inout JSONWriter) {
        json.object { json in
            json.field("id", row.text("break_id"))
            json.field("account_id", row.text("account_id"))
            json.field("class", row.text("class"))
            json.field("severity", row.text("severity"))
            json.field("status", row.text("status"))
            json.field("symbol", row.text("symbol"))
            json.field("trade_id", row.text("trade_id"))
            json.field("ticket", row.integer("ticket"))
            writeDifferences(row.text("differences") ?? "[]", to: &json)
            json.field("first_seen_at", row.timestamp("first_seen_at"))
            json.field("last_seen_at", row.timestamp("last_seen_at"))
            json.field("times_seen", row.integer("times_seen"))
            json.field("snoozed_until", row.timestamp("snoozed_until"))
            json.field("acknowledged_until", row.timestamp("acknowledged_until"))
            json.field("resolution", row.text("resolution"))
        }
    }

    /// The first difference's field and values are the break's own; all of them follow.
    private static func writeDifferences(_ text: String, to json: inout JSONWriter) {
        let first = (try? StoredDifference.list(text))?.first
        json.field("field", first?.field)
        json.cell("ours", first?.ours)
        json.cell("broker", first?.broker)
        json.cell("delta", first?.delta)
        json.key("differences")
        json.raw(text.utf8)
    }

    /// A number or a word: the schema language has no name for either, so documentation shows the usual one.
    private static let value: Schema = .optional(.decimal)
    /// The direction is that of a row that stands alone; the repeats are those of a duplicate; others have none.
    private static let differenceMembers = Schema.Fields(
        dictionaryLiteral: ("field", .optional(.text)), ("class", .choice(BreakClass.allCases.map(\.rawValue))),
        ("ours", value),
        ("broker", value), ("delta", .optional(.decimal)), ("direction", .choice(Direction.allCases.map(\.rawValue))),
        ("repeats", .integer)
    ).allowingAbsence(of: ["direction", "repeats"])
    static let members: Schema.Fields = [
        "id": .text, "account_id": .text, "class": .choice(BreakClass.allCases.map(\.rawValue)),
        "severity": .choice(Severity.allCases.map(\.rawValue)), "status": .choice(BreakStatus.allCases.map(\.rawValue)),
        "symbol": .text, "trade_id": .optional(.text), "ticket": .optional(.integer), "field": .optional(.text),
        "ours": value, "broker": value, "delta": .optional(.decimal),
        "differences": .array(.object(differenceMembers)),
        "first_seen_at": .timestamp, "last_seen_at": .timestamp, "times_seen": .integer,
        "snoozed_until": .optional(.timestamp), "acknowledged_until": .optional(.timestamp),
        "resolution": .optional(.choice(BreakResolution.allCases.map(\.rawValue))),
    ]
}
