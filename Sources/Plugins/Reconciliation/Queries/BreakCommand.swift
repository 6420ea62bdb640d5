import PluginAPI
import TradingBook

/// Lets the owner of an account, or an operator, act on one of its breaks.
///
/// The account's row is locked as a snapshot's ingest does, so that a run sees the break before or after, never half-way.
/// What time had left to do to the break is done first. Every act is in the audit log.
struct BreakCommand: Sendable {
    let kind: BreakAct.Kind
    let storage: any StorageBackend
    let settings: ReconciliationSettings
    let metrics: RunMetrics
    let outbox: Outbox

    private struct Done: Sendable {
        var answer: [UInt8]
        var owners: [String: String] = [:]
        var openedReasons: [String] = []
        var shift = BreakShift()
    }

    /// - Returns: The break as it now stands.
    /// - Throws: 422 for a bad body, 404 when there is no such break or it is not the caller's, 409 when it cannot take the
    ///   step from where it stands.
    func reply(to request: Request) async throws -> Reply {
        let act = try BreakAct.parse(kind, request.body, now: request.now)
        let id = request.text("break_id") ?? ""
        let key = try IdempotencyKey(request, route: "reconciliation/breaks/\(id)/\(kind.rawValue)")
        let done = try await storage.transaction(deadline: request.deadline) { transaction in
            let account = try lock(id, request, in: transaction)
            if let answer = try key?.replay(in: transaction) {
                return Done(answer: answer, owners: [account.id: account.user])
            }
            var done = try carryOut(act, on: id, of: account.id, request, in: transaction)
            done.owners = [account.id: account.user]
            try key?.keep(done.answer, in: transaction)
            return done
        }
        metrics.count(opened: done.openedReasons, shift: done.shift)
        return Reply(body: done.answer, invalidates: BookModule.tags(done.owners))
    }

    /// The break's account, its row locked. One that the caller may not know of is refused like one that is not there.
    private func lock(_ id: String, _ request: Request, in transaction: any Transaction) throws -> Account {
        let rows = try transaction.rows("SELECT account_id FROM breaks WHERE break_id = \(id)")
        guard let account = rows.first?.text(0), request.text("account_id").map({ $0 == account }) ?? true,
            let state = try AccountLock.take(account, in: transaction),
            request.caller.mayAccess(account: account, ownedBy: state.account.user)
        else { throw BreaksQuery.unknown(id) }
        return state.account
    }

    private func carryOut(
        _ act: BreakAct,
        on id: String,
        of account: String,
        _ request: Request,
        in transaction: any Transaction
    ) throws -> Done {
        let before = try shown(id, in: transaction)
        guard var item = try BreakStore(account: account).one(id, in: transaction) else {
            throw BreaksQuery.unknown(id)
        }
        var steps = item.elapse(.time(request.now))
        do throws(BreakRefusal) {
            let origin = BreakStep.Origin.hand(request.caller.subject, note: act.note, at: request.now)
            steps.append(try act.apply(to: &item, origin, acknowledgeFor: settings.acknowledgeFor))
        } catch {
            throw Problem.conflict("The break \(id) \(error.detail).")
        }
        var changes = BreakChanges(account: account, at: request.now)
        changes.add(item, steps)
        try changes.write(telling: outbox, in: transaction)
        let after = try shown(id, in: transaction)
        try AuditEntry(
            at: request.now, actor: request.caller.subject, action: "break.\(kind.rawValue)", object: "break:\(id)",
            before: before, after: after, requestID: request.requestID
        ).append(in: transaction)
        return Done(answer: after, openedReasons: changes.openedReasons, shift: changes.shift)
    }

    /// The break as the API shows it.
    private func shown(_ id: String, in transaction: any Transaction) throws -> [UInt8] {
        let rows = try transaction.rows("SELECT " + BreakRow.columns + " FROM breaks WHERE break_id = \(id)")
        guard let row = rows.first else { throw BreaksQuery.unknown(id) }
        var json = JSONWriter()
        BreakRow.write(row, to: &json)
        return json.bytes
    }
}
