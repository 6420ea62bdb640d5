import PluginAPI

/// An account's reconciliation as text: where it stands, then its breaks, most severe first.
struct AccountReport {
    /// The body of `/reconciliation/status`.
    var status: JSONValue
    /// The rows of `/reconciliation/breaks`.
    var breaks: [JSONValue]
    var account: String

    var text: String {
        var lines = [
            "Account \(account): \(status.shown("status")), as of \(status.shown("last_sync_at"))",
            "\(status.shown("open_positions_count")) open positions, \(status.shown("matched_positions")) matched, "
                + "\(status.shown("divergences_detected")) differences",
        ]
        if case .string(let message)? = status["error_message"] { lines.append("The source says: \(message)") }
        if !breaks.isEmpty { lines += ["", table.text] }
        return lines.joined(separator: "\n")
    }

    private var table: TextTable {
        var table = TextTable(header: [
            "severity", "class", "symbol", "ticket", "trade", "field", "ours", "broker", "seen",
        ])
        for each in breaks {
            table.append([
                each.shown("severity"), each.shown("class"), each.shown("symbol"), each.shown("ticket"),
                each.shown("trade_id"), each.shown("field"), each.shown("ours"), each.shown("broker"),
                each.shown("times_seen"),
            ])
        }
        return table
    }
}
