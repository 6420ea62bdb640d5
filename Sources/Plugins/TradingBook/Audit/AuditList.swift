import PluginAPI

/// One page of the audit log, newest first.
struct AuditList {
    static let parameters: [Parameter] = [
        Parameter("actor", .id, "Only what this user, agent or operator did"),
        Parameter("action", .text(maxBytes: 64), "Only this: `account.put`"),
        Parameter("object", .text(maxBytes: 256), "Only to this: `account:acc-1`"),
        Parameter("request_id", .text(maxBytes: 128), "Only by this request"),
        .time("from", "From this time"), .time("to", "Up to but without this time"), .limit(default: 50),
    ]

    static let schema: Schema = .object([
        "entries": .array(
            .object([
                "id": .text, "at": .timestamp, "actor": .text, "action": .text, "object": .text,
                "before": .optional(.anyObject), "after": .optional(.anyObject), "request_id": .text, "digest": .text,
                "seal": .optional(.integer),
            ])),
        "next_cursor": .optional(.text),
    ])

    static func reply(to request: Request, from storage: any StorageBackend) async throws -> Reply {
        let found = try await storage.rows(statement(for: request), deadline: request.deadline)
        let rows = found.prefix(request.limit)
        let more = found.count > request.limit ? rows.last : nil
        return Reply { (json: inout JSONWriter) in
            json.arrayField("entries", of: rows) { json, row in json.object { write(row, to: &$0) } }
            json.field("next_cursor", more.map { request.cursor(after: place(of: $0)) })
        }
    }

    /// One row more than the page has, to see whether there is another page.
    private static func statement(for request: Request) -> SQL {
        var conditions: SQL = ""
        for (name, column) in [
            ("actor", "actor"), ("action", "action"), ("object", "object"), ("request_id", "request_id"),
        ] {
            guard let text = request.text(name) else { continue }
            conditions = conditions + SQL(parts: [.text(" AND \(column) = "), .value(.text(text))])
        }
        if let from = request.time("from") { conditions = conditions + " AND at >= \(from)" }
        if let to = request.time("to") { conditions = conditions + " AND at < \(to)" }
        if let place = request.cursor, place.count == 2 {
            conditions = conditions + " AND at <= \(place[0]) AND (at < \(place[0]) OR audit_id < \(place[1]))"
        }
        return """
            SELECT audit_id, at, actor, action, object, before, after, request_id, digest, seal FROM audit_logs
            WHERE 1 = 1\(conditions) ORDER BY at DESC, audit_id DESC LIMIT \(request.limit + 1)
            """
    }

    private static func place(of row: Row) -> [Value] {
        [.timestamp(row.timestamp("at")), .text(row.text("audit_id"))]
    }

    private static func write(_ row: Row, to json: inout JSONWriter) {
        json.field("id", row.text("audit_id"))
        json.field("at", row.timestamp("at"))
        for name in ["actor", "action", "object"] { json.field(name, row.text(name)) }
        for name in ["before", "after"] {
            json.key(name)
            json.value(row.json(name).map { .json($0) } ?? .null)
        }
        json.field("request_id", row.text("request_id"))
        json.field("digest", row.text("digest"))
        json.field("seal", row.integer("seal"))
    }
}
