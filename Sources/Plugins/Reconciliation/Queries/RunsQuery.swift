import PluginAPI
import TradingBook

/// Lists runs, newest first, and shows one.
struct RunsQuery: Sendable {
    let storage: any StorageBackend

    func list(_ request: Request) async throws -> Reply {
        let statement: SQL =
            "SELECT * FROM runs WHERE account_id IN (\(request.accounts))"
            + .when(request.cursor) { " AND (ran_at, run_number, run_id) < (\($0[0]), \($0[1]), \($0[2]))" }
            + " ORDER BY ran_at DESC, run_number DESC, run_id DESC LIMIT \(request.limit + 1)"
        let rows = try await storage.rows(statement, deadline: request.deadline)
        let page = Page(rows, for: request) { row in
            [.timestamp(row.timestamp("ran_at")), .integer(row.integer("run_number")), .text(row.text("run_id"))]
        }
        return page.reply("runs") { json, row in RunsQuery.write(row, to: &json) }
    }

    func one(_ request: Request) async throws -> Reply {
        let id = request.text("run_id") ?? ""
        let rows = try await storage.rows(
            "SELECT * FROM runs WHERE run_id = \(id) AND account_id IN (\(request.accounts))",
            deadline: request.deadline)
        guard let row = rows.first else { throw Problem.notFound("There is no run \(id).") }
        var json = JSONWriter()
        RunsQuery.write(row, to: &json)
        return Reply(body: json.bytes)
    }

    private static func write(_ row: Row, to json: inout JSONWriter) {
        json.object { json in
            json.field("run_id", row.text("run_id"))
            json.field("account_id", row.text("account_id"))
            json.field("snapshot_id", row.text("snapshot_id"))
            json.field("rerun", row.integer("rerun"))
            json.field("as_of", row.timestamp("as_of"))
            json.field("ran_at", row.timestamp("ran_at"))
            json.field("completeness", row.text("completeness"))
            json.field("verdict", row.text("verdict"))
            json.field("matched", row.integer("pairs"))
            json.objectField("breaks") {
                $0.field("opened", row.integer("breaks_opened"))
                $0.field("still_open", row.integer("breaks_still_open"))
                $0.field("resolved", row.integer("breaks_resolved"))
                $0.field("pending", row.integer("breaks_pending"))
            }
            json.objectField("counts") { json in
                for side in ["ours", "broker"] {
                    json.objectField(side) { json in
                        for part in countParts { json.field(part, row.integer("\(side)_\(part)")) }
                    }
                }
            }
            json.field("duration_ms", row.integer("duration_ms"))
            json.field("digest", row.text("digest"))
            json.field("policy_revision", row.text("policy_revision"))
        }
    }

    private static let countParts = ["rows", "matched", "unmatched", "pending", "duplicate"]
    private static let side: Schema = .object([
        "rows": .integer, "matched": .integer, "unmatched": .integer, "pending": .integer, "duplicate": .integer,
    ])
    static let idParameter = Parameter("run_id", .id, "The run")
    static let members: Schema.Fields = [
        "run_id": .text, "account_id": .text, "snapshot_id": .text, "rerun": .integer, "as_of": .timestamp,
        "ran_at": .timestamp, "completeness": .choice(Snapshot.Completeness.allCases.map(\.rawValue)),
        "verdict": .choice(RunSummary.Verdict.allCases.map(\.rawValue)), "matched": .integer,
        "breaks": .object(["opened": .integer, "still_open": .integer, "resolved": .integer, "pending": .integer]),
        "counts": .object(["ours": side, "broker": side]), "duration_ms": .integer, "digest": .optional(.text),
        "policy_revision": .text,
    ]
    static let listSchema = Page.schema("runs", members)
}
