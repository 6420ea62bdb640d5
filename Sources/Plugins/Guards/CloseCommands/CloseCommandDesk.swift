import PluginAPI
import TradingBook

/// Hands close commands out to an account's agents and takes back what became of them, each call in one transaction.
struct CloseCommandDesk: Sendable {
    let storage: any StorageBackend
    let book: BookModule
    let meters: GuardMeters

    /// What a call has done to commands.
    private struct Outcome: Sendable {
        /// JSON.
        var answer: [UInt8]
        var owner: String?
        /// Set when a position was closed by the call.
        var closed: ReportedClosing.Reason?
        /// Positions that nobody is told to close any more.
        var leftOpen = 0
    }

    /// - Throws: 404 for an account that does not exist or that the token does not cover.
    func lease(_ request: Request) async throws -> Reply {
        let body = try LeaseBody.parse(request.body)
        let key = try IdempotencyKey(request, route: "close-commands/lease")
        guard request.caller.mayWrite(account: body.account) else {
            throw AccountLock.unknown(body.account, pointer: "/account_id")
        }
        let (agent, now) = (request.caller.subject, request.now)
        return try await carryOut(body.account, pointer: "/account_id", request, key) { state, transaction in
            let store = CloseCommandStore(account: state.account.id, now: now, transaction: transaction)
            let ids = try store.lease(to: agent, limit: body.limit, for: body.time)
            let left = try LeftOpenPositions(account: state.account.id, now: now, transaction: transaction).refresh()
            return Outcome(answer: Self.list(try store.rows(ids)), owner: state.account.user, leftOpen: left)
        }
    }

    /// - Throws: 404 for a command of an account that the token does not cover, 409 without the lease or with other content.
    func confirm(_ request: Request) async throws -> Reply {
        let body = try ConfirmBody.parse(request.body)
        let book = book
        return try await end(request, "confirm") { command, state, now, transaction in
            let step = try command.confirm(
                price: body.closePrice, closedAt: body.closedAt, by: request.caller.subject, at: now)
            guard step == .changed else { return nil }
            let closing = ReportedClosing(
                ticket: command.ticket, closedAt: body.closedAt, closePrice: body.closePrice, reason: command.reason)
            let position = try book.close(closing, of: state.account, at: now, in: transaction)
            return Ended(
                entry: GuardLogEntry(confirmed: command, position, currencyDigits: state.account.currencyDigits),
                realizedPnL: position.realizedPnL, closed: command.reason)
        }
    }

    /// - Throws: As ``confirm(_:)``.
    func fail(_ request: Request) async throws -> Reply {
        let body = try FailBody.parse(request.body)
        return try await end(request, "fail") { command, _, now, _ in
            let step = try command.fail(reason: body.reason, by: request.caller.subject, at: now)
            return step == .changed ? Ended(entry: GuardLogEntry(failed: command)) : nil
        }
    }

    /// What the end of a command brings with it.
    private struct Ended {
        var entry: GuardLogEntry
        var realizedPnL: FixedDecimal?
        var closed: ReportedClosing.Reason?
    }

    /// Ends a command by `step`, which gives `nil` when the command had ended so before.
    private func end(
        _ request: Request,
        _ verb: String,
        _ step: @escaping @Sendable (inout CloseCommand, AccountState, Timestamp, any Transaction) throws -> Ended?
    ) async throws -> Reply {
        let id = request.text("id") ?? ""
        let key = try IdempotencyKey(request, route: "close-commands/\(id)/\(verb)")
        let account = try await account(of: id, request)
        let now = request.now
        return try await carryOut(account, request, key) { state, transaction in
            let store = CloseCommandStore(account: account, now: now, transaction: transaction)
            guard var command = try store.load(id) else { throw Self.unknown(id) }
            let ended = try step(&command, state, now, transaction)
            var left = 0
            if let ended {
                try store.end(command, realizedPnL: ended.realizedPnL)
                try ended.entry.append(about: command.id, of: account, at: now, in: transaction)
                left = try LeftOpenPositions(account: account, now: now, transaction: transaction)
                    .refresh(exceptLine: command.ticket)
            }
            return Outcome(
                answer: Self.one(try store.rows([id])), owner: state.account.user,
                closed: ended?.closed, leftOpen: left)
        }
    }

    /// The account of a command, for the caller of `request`: 404 when it may not know of it.
    private func account(of id: String, _ request: Request) async throws -> String {
        let rows = try await storage.rows(
            "SELECT account_id FROM close_commands WHERE command_id = \(id)", deadline: request.deadline)
        guard let account = rows.first?.text(0), request.caller.mayWrite(account: account) else {
            throw Self.unknown(id)
        }
        return account
    }

    private func carryOut(
        _ account: String,
        pointer: String? = nil,
        _ request: Request,
        _ key: IdempotencyKey?,
        _ work: @escaping @Sendable (AccountState, any Transaction) throws -> Outcome
    ) async throws -> Reply {
        let outcome = try await storage.transaction(deadline: request.deadline) { transaction -> Outcome in
            if let answer = try key?.replay(in: transaction) {
                return Outcome(answer: answer, owner: try BookModule.owners(of: [account], in: transaction)[account])
            }
            let outcome = try work(try AccountLock.require(account, pointer: pointer, in: transaction), transaction)
            try key?.keep(outcome.answer, in: transaction)
            return outcome
        }
        meters.leftOpen.increment(by: outcome.leftOpen)
        if let reason = outcome.closed { meters.autoclosed[reason.rawValue]?.increment() }
        let owners = outcome.owner.map { [account: $0] } ?? [:]
        return Reply(body: outcome.answer, invalidates: BookModule.tags(owners))
    }

    private static func unknown(_ id: String) -> Problem { .notFound("There is no close command \(id).") }

    private static func one(_ rows: Rows) -> [UInt8] {
        var json = JSONWriter()
        if let row = rows.first { CloseCommandRow.write(row, to: &json) }
        return json.bytes
    }

    private static func list(_ rows: Rows) -> [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.arrayField("commands", of: rows) { CloseCommandRow.write($1, to: &$0) }
            json.field("next_cursor", nil as String?)
        }
        return json.bytes
    }
}
