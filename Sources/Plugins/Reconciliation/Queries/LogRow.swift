import PluginAPI

/// One line of the log as clients see it, under `recent_events` and in the list of logs.
enum LogRow {
    /// What a statement must select from `reconciliation_logs`.
    static let columns: SQL = """
        l.log_id, l.event_type, l.at, l.divergence_reason, l.description, l.metadata, l.account_id AS log_account,
        l.symbol, l.ticket, l.run_id, l.sequence
        """

    static func write(_ row: Row, user: String?, isListed: Bool, to json: inout JSONWriter) {
        json.object { json in
            json.field("event_id", row.text("log_id"))
            json.field("event_type", row.text("event_type"))
            json.field("user_id", user)
            json.field("created_at", row.timestamp("at"))
            json.field("divergence_reason", row.text("divergence_reason"))
            json.field("description", row.text("description"))
            json.key("metadata")
            json.raw((row.json("metadata") ?? "{}").utf8)
            if isListed {
                json.field("account_id", row.text("log_account"))
                json.field("symbol", row.text("symbol"))
                json.field("ticket", row.integer("ticket"))
                json.field("run_id", row.text("run_id"))
            }
        }
    }

    static let members: Schema.Fields = [
        "event_id": .text, "event_type": .choice(LogEntry.eventTypes), "user_id": .text, "created_at": .timestamp,
        "divergence_reason": .optional(.text), "description": .text, "metadata": .anyObject,
    ]
    static let listedMembers: Schema.Fields = [
        "event_id": .text, "event_type": .choice(LogEntry.eventTypes), "user_id": .text, "created_at": .timestamp,
        "divergence_reason": .optional(.text), "description": .text, "metadata": .anyObject, "account_id": .text,
        "symbol": .optional(.text), "ticket": .optional(.integer), "run_id": .optional(.text),
    ]
}
