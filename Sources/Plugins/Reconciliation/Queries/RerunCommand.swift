import PluginAPI
import TradingBook

/// Runs an account's latest snapshot again, against the book and the settings as they are now.
struct RerunCommand: Sendable {
    let book: BookModule

    func reply(to request: Request) async throws -> Reply {
        try await book.rerun(account: try RerunCommand.account(in: request.body), request: request)
    }

    /// The body is an object with one member, the account's ID.
    static func account(in body: [UInt8]) throws(Problem) -> String {
        try JSONBody.read(body, fields: ["account_id"], as: "command") { $0.required("account_id", .id) }
    }

    static let body = BodySchema(schema: .object(["account_id": .text]))
    static let schema: Schema = .object([
        "run_id": .optional(.text), "verdict": .optional(.choice(RunSummary.Verdict.allCases.map(\.rawValue))),
        "matched": .integer,
        "breaks": .object(["opened": .integer, "still_open": .integer, "resolved": .integer]),
        "guards": .optional(.anyObject), "duplicate": .boolean, "duration_ms": .integer,
    ])
}
