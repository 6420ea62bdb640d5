public import PluginAPI

/// What people who write SQL see of breaks and runs.
extension ReconciliationModule: ViewProvider {
    public static let views: [StoredView] = [
        StoredView(
            "v_breaks", from: "breaks", "Breaks, each from when it was first seen to its end.",
            columns: [
                .init("account_id", .text),
                .init("id", .text, as: "break_id"),
                .init("class", .text),
                .init("severity", .text),
                .init("status", .text),
                .init("resolution", .text),
                .init("symbol", .text),
                .init("trade_id", .text),
                .init("ticket", .integer),
                .init("times_seen", .integer),
                .init("first_seen_at", .timestamp),
                .init("last_seen_at", .timestamp),
                .init("opened_at", .timestamp),
                .init("resolved_at", .timestamp),
                .init("snoozed_until", .timestamp),
                .init("acknowledged_until", .timestamp),
            ]),
        StoredView(
            "v_break_events", from: "break_events", "What happened to breaks.",
            columns: [
                .init("account_id", .text),
                .init("break_id", .text),
                .init("event", .text),
                .init("from_status", .text),
                .init("to_status", .text),
                .init("actor", .text),
                .init("note", .text),
                .init("run_id", .text),
                .init("at", .timestamp),
            ]),
        StoredView(
            "v_runs", from: "runs", "Runs of the reconciliation.",
            columns: [
                .init("account_id", .text),
                .init("id", .text, as: "run_id"),
                .init("completeness", .text),
                .init("verdict", .text),
                .init("as_of", .timestamp),
                .init("ran_at", .timestamp),
                .init("pairs", .integer),
                .init("breaks_opened", .integer),
                .init("breaks_still_open", .integer),
                .init("breaks_resolved", .integer),
                .init("duration_ms", .integer),
            ]),
    ]
}
