import BuiltIn
import PluginAPI
import PluginTesting
import Testing

@testable import Host

/// The same services on two storages, to which the same is done.
struct TwinDesks {
    let first: Desk
    private(set) var second: Desk
    let clock: ManualClock

    init(on first: any StorageBackend, _ second: any StorageBackend, clock: ManualClock) throws {
        self.first = try Desk(on: first, clock: clock)
        self.second = try Desk(on: second, clock: clock)
        self.clock = clock
    }

    /// The second host remembers nothing any more.
    mutating func startSecondAgain() throws { second = try Desk(on: second.storage, clock: clock) }

    func prepare(accounts: [String]) async throws {
        for desk in [first, second] {
            try await Migrator(storage: desk.storage, clock: clock, modules: BuiltInModules.all).up()
        }
        for account in accounts {
            let mode = account == "net" ? "netting" : "hedging"
            let body = #"{"user_id": "ann", "currency": "USD", "mode": "\#(mode)", "snapshot_interval": "10s"}"#
            try await send(.init(name: "putAccount", body: body, values: ["id": .text(account)]))
        }
    }

    /// Gives both the same command and holds their answers against each other.
    @discardableResult
    func send(_ step: History.Step) async throws -> String {
        let answers = [
            try await first.send(step.name, step.body, step.values),
            try await second.send(step.name, step.body, step.values),
        ]
        #expect(answers[0] == answers[1], "\(step)")
        return answers[0]
    }

    func runDue() async throws {
        for desk in [first, second] { try await desk.runDue() }
    }

    /// An agent takes close commands, and with `ends` confirms the first and fails the second.
    func handOut(limit: Int, seconds: Int, ends: Bool = false) async throws {
        let body = #"{"account_id": "acc", "limit": \#(limit), "seconds": \#(seconds)}"#
        try await send(.init(name: "leaseCloseCommands", body: body))
        let leased = try await column("close_commands", "command_id", where: "status = 'leased'")
        guard ends, leased.count > 1 else { return }
        let closing = #"{"close_price": 1.5, "closed_at": "\#(clock.now)"}"#
        try await send(.init(name: "confirmCloseCommand", body: closing, values: ["id": .text(leased[0])]))
        let failing = #"{"reason": "the market is closed"}"#
        try await send(.init(name: "failCloseCommand", body: failing, values: ["id": .text(leased[1])]))
    }

    /// What a column of the first storage holds, sorted.
    func column(_ table: String, _ name: String, where condition: String = "1 = 1") async throws -> [String] {
        try await first.storage.rows(
            SQL(stringLiteral: "SELECT \(name) FROM \(table) WHERE \(condition) ORDER BY \(name)")
        ).compactMap { $0.text(0) }
    }
}

extension Desk {
    /// Every page of a query's answer, each asked for with the cursor of the one before.
    func pages(of operation: PluginAPI.Operation, _ query: QueryCase, accounts: [String]) async throws -> [String] {
        var pages: [String] = []
        var cursor: String?
        repeat {
            let answer = try await answer(
                to: operation, values: query.values, choices: query.choices, accounts: accounts,
                cursor: try cursor.map(HostCursors().open))
            pages.append(answer)
            let next = operation.isPaged ? Self.nextCursor(in: answer) : nil
            if let next, next == cursor { throw ProgramFailed(what: "\(operation.path) \(query) stays at one page") }
            cursor = next
        } while cursor != nil
        return pages
    }

    /// The last member of a page, which is looked for without reading all of it.
    private static func nextCursor(in answer: String) -> String? {
        let name = #""next_cursor":""#
        guard answer.hasSuffix(#""}"#) else { return nil }
        let end = answer.utf8.suffix(400)
        return String(Substring(end)).split(separator: name).last.map { String($0.dropLast(2)) }
    }
}

/// The host's own page positions, as it signs and opens them.
struct HostCursors: CursorSigner {
    private let codec = CursorCodec(secret: Array("a secret of thirty-two characters".utf8))
    private let binding = [UInt8](repeating: 0, count: 16)

    func sign(_ lastRow: [Value]) -> String { codec.sign(lastRow, operation: "query", binding: binding) }

    func open(_ cursor: String) throws -> [Value] { try codec.open(cursor, operation: "query", binding: binding) }
}
