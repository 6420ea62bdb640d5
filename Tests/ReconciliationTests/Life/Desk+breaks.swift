import PluginAPI
import PluginTesting
import TradingBook

@testable import Reconciliation

/// What is done to a break of the desk's account `acc`, and what becomes of it.
extension Desk {
    /// The ID of the break on ticket 1 of an account.
    static func breakID(_ account: String = "acc") -> String { BreakLife.id(account: account, key: "ticket:1") }

    static let ann = Caller(subject: "ann", role: .user)
    static let root = Caller(subject: "root", role: .operator)

    /// A trade of some volume on ticket 1, where the broker has 0.1.
    func expect(volume: String, in account: String = "acc") async throws {
        try await post(
            trades: """
                [{"trade_id":"t1","account_id":"\(account)","symbol":"EURUSD","direction":"buy","volume":\(volume),
                  "entry_price":1.1,"entry_time":"2026-01-05T08:00:00Z","status":"open","ticket":1}]
                """)
    }

    /// A complete snapshot of the host's time with 0.1 lots on ticket 1.
    @discardableResult
    func see(_ account: String = "acc") async throws -> JSONValue {
        clock.advance(by: .seconds(1))
        return try await post(
            snapshot: """
                {"account_id":"\(account)","as_of":"\(clock.now)","completeness":"complete","positions":
                [{"ticket":1,"symbol":"EURUSD","direction":"buy","volume":0.1,"entry_price":1.1,
                  "entry_time":"2026-01-05T08:00:00Z","current_price":1.1,"profit":0}]}
                """)
    }

    /// Acts on a break as the host would let the caller.
    @discardableResult
    func act(
        _ kind: String,
        _ body: String = "",
        on breakID: String = Desk.breakID(),
        by caller: Caller = Desk.ann,
        account: String? = nil,
        key: String? = nil
    ) async throws -> JSONValue {
        guard let operation = module.operations.first(where: { $0.name == "\(kind)Break" }) else {
            throw ModuleError.unavailable(reason: "nobody can \(kind) a break")
        }
        var parameters: [String: Value] = ["break_id": .text(breakID)]
        if let account { parameters["account_id"] = .text(account) }
        let reply = try await operation.handler(
            Request(
                caller: caller, parameters: parameters, body: Array(body.utf8), contentType: "application/json",
                idempotencyKey: key, requestID: "request-1", now: clock.now, cursors: NoCursor()))
        await announced.invalidate(reply.invalidates)
        return try JSONValue(parsing: reply.body)
    }

    /// The status with which an act is refused; 0 when it is not.
    func refusal(_ act: () async throws -> JSONValue) async throws -> Problem? {
        do {
            _ = try await act()
            return nil
        } catch let problem as Problem {
            return problem
        }
    }

    /// The steps of a break as `from event to`.
    func history(_ account: String = "acc") async throws -> [String] {
        try await events(account).map {
            "\($0["from"]?.text ?? "") \($0["event"]?.text ?? "") \($0["to"]?.text ?? "")"
        }
    }

    func events(_ account: String = "acc") async throws -> [JSONValue] {
        try await ask("breakEvents", ["break_id": .text(Desk.breakID(account))], accounts: [account])["events"]?
            .elements
            ?? []
    }

    /// Descriptions of the log's divergences, newest first.
    func notices(_ account: String = "acc") async throws -> [String] {
        let parameters: [String: Value] = ["limit": .integer(100), "event_type": .text("divergence_detected")]
        return try await ask("logs", parameters, accounts: [account])["logs"]?.elements
            .map { $0["description"]?.text ?? "" } ?? []
    }

    /// The account's counts of pending, open and acknowledged breaks as runs, acts and time have kept them, and as they are.
    func counters(_ account: String = "acc") async throws -> (kept: [Int64?], real: [Int64?]) {
        let kept = try await storage.rows(
            """
            SELECT pending_breaks, open_breaks, acknowledged_breaks FROM reconciliation_accounts
            WHERE account_id = \(account)
            """)
        let real = try await storage.rows(
            """
            SELECT count(*) FILTER (WHERE status = 'pending'), count(*) FILTER (WHERE status = 'open'),
                count(*) FILTER (WHERE status = 'acknowledged') FROM breaks WHERE account_id = \(account)
            """)
        return ((0..<3).map { kept.first?.integer($0) ?? 0 }, (0..<3).map { real.first?.integer($0) })
    }

    /// Lets time do its work, as the host's scheduler does.
    func schedule(_ module: ReconciliationModule? = nil) async throws {
        try await (module ?? self.module).runDue(at: clock.now, deadline: .now + .seconds(60))
    }
}

private struct NoCursor: CursorSigner {
    func sign(_ lastRow: [Value]) -> String { "" }
}
