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
        let json: JSONValue
        do {
            json = try JSONValue(parsing: body)
        } catch {
            throw .badRequest("The body \(error.detail), at line \(error.line), column \(error.column).")
        }
        guard case .object(let members) = json else {
            throw refusal("", "is \(json.kindName); an object with account_id is needed")
        }
        for member in members where !member.name.utf8.elementsEqual("account_id".utf8) {
            throw refusal("/\(pointerToken(member.name))", "is not a field of this command; the nearest is account_id")
        }
        switch json["account_id"] {
        case .string(let id)? where isID(id): return id
        case .string?: throw refusal("/account_id", "must be 1 to 128 bytes of printable ASCII without space")
        case nil, .null?: throw refusal("/account_id", "is missing")
        case let other?: throw refusal("/account_id", "is \(other.kindName); a string is needed")
        }
    }

    private static func isID(_ text: String) -> Bool {
        (1...128).contains(text.utf8.count) && text.utf8.allSatisfy { (0x21...0x7E).contains($0) }
    }

    private static func pointerToken(_ name: String) -> String {
        name.split(separator: "~", omittingEmptySubsequences: false).joined(separator: "~0")
            .split(separator: "/", omittingEmptySubsequences: false).joined(separator: "~1")
    }

    private static func refusal(_ pointer: String, _ detail: String) -> Problem {
        .unprocessable(
            "The command cannot be carried out as it stands.", errors: [.init(.pointer(pointer), detail)])
    }

    static let body = BodySchema(schema: .object(["account_id": .text]))
    static let schema: Schema = .object([
        "run_id": .optional(.text), "verdict": .optional(.choice(RunSummary.Verdict.allCases.map(\.rawValue))),
        "matched": .integer,
        "breaks": .object(["opened": .integer, "still_open": .integer, "resolved": .integer]),
        "guards": .optional(.anyObject), "duplicate": .boolean, "duration_ms": .integer,
    ])
}
