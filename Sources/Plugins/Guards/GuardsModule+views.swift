public import PluginAPI

/// What people who write SQL see of guards.
extension GuardsModule: ViewProvider {
    public static let views: [StoredView] = [
        StoredView(
            "v_guards", from: "guard_states", "What the drawdown guard knows of each account.",
            columns: [
                .init("account_id", .text),
                .init("state", .text),
                .init("equity", .decimal),
                .init("peak", .decimal),
                .init("tripped_at", .timestamp),
                .init("liquidation_at", .timestamp),
                .init("last_checked_at", .timestamp),
            ]),
        StoredView(
            "v_trips", from: "guard_trips", "Trips of the guards.",
            columns: [
                .init("account_id", .text),
                .init("id", .text, as: "trip_id"),
                .init("guard", .text),
                .init("reason", .text),
                .init("symbol", .text),
                .init("act", .text),
                .init("value_pct", .decimal),
                .init("limit_pct", .decimal),
                .init("equity", .decimal),
                .init("peak", .decimal),
                .init("tripped_at", .timestamp),
                .init("liquidation_at", .timestamp),
                .init("released_at", .timestamp),
                .init("released_by", .text),
                .init("release_note", .text),
            ]),
        StoredView(
            "v_close_commands", from: "close_commands", "Positions that guards ordered to be closed.",
            columns: [
                .init("account_id", .text),
                .init("id", .text, as: "command_id"),
                .init("trip_id", .text),
                .init("reason", .text),
                .init("status", .text),
                .init("ticket", .integer),
                .init("volume", .decimal),
                .init("close_price", .decimal),
                .init("realized_pnl", .decimal),
                .init("created_at", .timestamp),
                .init("ended_at", .timestamp),
                .init("closed_at", .timestamp),
            ]),
    ]
}
