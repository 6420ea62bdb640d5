import PluginAPI

/// One page of close commands, newest first, then by ticket.
struct CloseCommandList {
    let storage: any StorageBackend

    func reply(to request: Request) async throws -> Reply {
        var conditions: SQL = "c.account_id IN (\(request.accounts))"
        if let statuses = request.choices["status"] { conditions = conditions + " AND c.status IN (\(statuses))" }
        if let place = request.cursor, place.count == 3 {
            conditions =
                conditions + """
                     AND c.created_at <= \(place[0]) AND (c.created_at < \(place[0]) OR c.ticket > \(place[1])
                     OR (c.ticket = \(place[1]) AND c.command_id > \(place[2])))
                    """
        }
        let rows = try await storage.rows(
            """
            SELECT \(CloseCommandRow.selection) FROM \(CloseCommandRow.source) WHERE \(conditions)
            ORDER BY c.created_at DESC, c.ticket, c.command_id LIMIT \(request.limit + 1)
            """, deadline: request.deadline)
        let page = Array(rows.prefix(request.limit))
        let next = rows.count > request.limit ? page.last.map { request.cursor(after: Self.place(of: $0)) } : nil
        return Reply(validUntil: page.compactMap(Self.nextChange).min()) { (json: inout JSONWriter) in
            json.arrayField("commands", of: page) { CloseCommandRow.write($1, to: &$0) }
            json.field("next_cursor", next)
        }
    }

    /// When time alone changes a command: its lease ends, or it becomes too old.
    private static func nextChange(of row: Row) -> Timestamp? {
        guard row.timestamp("ended_at") == nil else { return nil }
        return row.timestamp("leased_until") ?? row.timestamp("expires_at")
    }

    /// A command's place in the list.
    private static func place(of row: Row) -> [Value] {
        [.timestamp(row.timestamp("created_at")), .integer(row.integer("ticket")), .text(row.text("command_id"))]
    }

    static let parameters: [Parameter] = [
        Parameter(
            "status", .choices(CloseCommand.Status.allCases.map(\.rawValue)), "Only commands in one of these states"),
        .limit(default: 50),
    ]
}
