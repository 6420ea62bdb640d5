import PluginAPI
import TradingBook

/// Lists breaks, gravest first, and shows one with its history.
struct BreaksQuery: Sendable {
    let storage: any StorageBackend
    let book: BookModule
    private static let everyStatus = "all"

    func list(_ request: Request) async throws -> Reply {
        let statement: SQL =
            "SELECT " + BreakRow.columns + " FROM breaks WHERE account_id IN (\(request.accounts))"
            + status(request.choices["status"])
            + .when(request.text("class")) { " AND class = \($0)" }
            + .when(request.text("symbol")) { " AND symbol = \(book.canonicalSymbol($0))" }
            + .when(request.duration("min_age")) { " AND first_seen_at <= \(request.now - $0)" }
            + .when(request.cursor) {
                " AND (severity_rank, first_seen_at, break_id) > (\($0[0]), \($0[1]), \($0[2]))"
            }
            + " ORDER BY severity_rank, first_seen_at, break_id LIMIT \(request.limit + 1)"
        let rows = try await storage.rows(statement, deadline: request.deadline)
        let page = Page(rows, for: request) { row in
            [
                .integer(row.integer("severity_rank")), .timestamp(row.timestamp("first_seen_at")),
                .text(row.text("break_id")),
            ]
        }
        return page.reply("breaks") { json, row in BreakRow.write(row, to: &json) }
    }

    func one(_ request: Request) async throws -> Reply {
        let id = request.text("break_id") ?? ""
        let rows = try await storage.rows(
            "SELECT " + BreakRow.columns
                + " FROM breaks WHERE break_id = \(id) AND account_id IN (\(request.accounts))",
            deadline: request.deadline)
        guard let row = rows.first else { throw BreaksQuery.unknown(id) }
        var json = JSONWriter()
        BreakRow.write(row, to: &json)
        return Reply(body: json.bytes)
    }

    func events(_ request: Request) async throws -> Reply {
        let id = request.text("break_id") ?? ""
        let rows = try await storage.rows(
            """
            SELECT e.at, e.event, e.from_status, e.to_status, e.actor, e.note, e.run_id, e.resolution, e.valid_until
            FROM break_events e
            WHERE e.break_id = \(id) AND EXISTS (
                SELECT 1 FROM breaks b WHERE b.break_id = \(id) AND b.account_id IN (\(request.accounts)))
            ORDER BY e.sequence
            """, deadline: request.deadline)
        // A break has at least the event that began it.
        guard !rows.isEmpty else { throw BreaksQuery.unknown(id) }
        return Reply { json in
            json.arrayField("events", of: rows) { json, row in
                json.object {
                    $0.field("at", row.timestamp("at"))
                    $0.field("event", row.text("event"))
                    $0.field("from", row.text("from_status"))
                    $0.field("to", row.text("to_status"))
                    $0.field("actor", row.text("actor"))
                    $0.field("note", row.text("note"))
                    $0.field("run_id", row.text("run_id"))
                    $0.field("resolution", row.text("resolution"))
                    $0.field("until", row.timestamp("valid_until"))
                }
            }
        }
    }

    private func status(_ chosen: [String]?) -> SQL {
        guard let chosen else { return " AND status <> 'resolved'" }
        return chosen.contains(BreaksQuery.everyStatus) ? "" : " AND status IN (\(chosen))"
    }

    static func unknown(_ id: String) -> Problem { .notFound("There is no break \(id).") }

    static let parameters: [Parameter] = [
        Parameter(
            "status", .choices(BreakStatus.allCases.map(\.rawValue) + [everyStatus]),
            "Only breaks in these states; by default all that are not resolved"),
        Parameter("class", .choice(BreakClass.allCases.map(\.rawValue)), "Only breaks of this class"),
        .symbol,
        Parameter("min_age", .duration, "Only breaks first seen at least so long ago"),
        .limit(default: 50),
    ]
    static let idParameter = Parameter("break_id", .id, "The break")
    static let listSchema = Page.schema("breaks", BreakRow.members)
    static let eventsSchema: Schema = .object([
        "events": .array(
            .object([
                "at": .timestamp, "event": .text, "from": .optional(.text), "to": .text, "actor": .text,
                "note": .optional(.text), "run_id": .optional(.text),
                "resolution": .optional(.choice(BreakResolution.allCases.map(\.rawValue))),
                "until": .optional(.timestamp),
            ]))
    ])
}
