import PluginAPI
import TradingBook

/// Lists the reconciliation log, newest first.
struct LogsQuery: Sendable {
    let storage: any StorageBackend
    let book: BookModule

    func reply(to request: Request) async throws -> Reply {
        let since = request.now - .seconds(3_600 * (request.integer("hours") ?? 24))
        let statement: SQL =
            "SELECT a.user_id, " + LogRow.columns
                + """
                 FROM reconciliation_logs l JOIN accounts a ON a.account_id = l.account_id
                WHERE l.account_id IN (\(request.accounts)) AND l.at >= \(since)
                """
            + .when(request.text("event_type")) { " AND l.event_type = \($0)" }
            + .when(request.text("symbol")) { " AND l.symbol = \(book.canonicalSymbol($0))" }
            + .when(request.cursor) { " AND (l.at, l.sequence, l.log_id) < (\($0[0]), \($0[1]), \($0[2]))" }
            + " ORDER BY l.at DESC, l.sequence DESC, l.log_id DESC LIMIT \(request.limit + 1)"
        let rows = try await storage.rows(statement, deadline: request.deadline)
        let page = Page(rows, for: request) { row in
            [.timestamp(row.timestamp("at")), .integer(row.integer("sequence")), .text(row.text("log_id"))]
        }
        return page.reply("logs") { json, row in
            LogRow.write(row, user: row.text("user_id"), isListed: true, to: &json)
        }
    }

    static let parameters: [Parameter] = [
        .limit(default: 10),
        Parameter("hours", .integer(1...720), default: .value(.integer(24)), "How far back to look"),
        Parameter("event_type", .choice(LogEntry.eventTypes), "Only events of this type"),
        .symbol,
    ]
    static let schema = Page.schema("logs", LogRow.listedMembers)
}
