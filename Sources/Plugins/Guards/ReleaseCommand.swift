import PluginAPI
import TradingBook

/// Ends the latch of an account's drawdown guard for an operator who says why: the equity last seen is the peak, and
/// commands that are not confirmed expire.
struct ReleaseCommand: Sendable {
    let storage: any StorageBackend
    let limits: DrawdownLimits
    let outbox: Outbox

    /// - Returns: The drawdown as it now stands.
    /// - Throws: 404 for an unknown account, 409 when its guard is not tripped.
    func reply(to request: Request) async throws -> Reply {
        let account = request.account ?? ""
        let note = try Self.note(in: request.body)
        let key = try IdempotencyKey(request, route: "admin/guards/\(account)/release")
        let (answer, owner) = try await storage.transaction(deadline: request.deadline) {
            transaction -> ([UInt8], String?) in
            if let answer = try key?.replay(in: transaction) {
                return (answer, try BookModule.owners(of: [account], in: transaction)[account])
            }
            let state = try AccountLock.require(account, in: transaction)
            try release(account, note, request, in: transaction)
            let answer = try drawdown(account, of: state.account.user, at: request.now, in: transaction)
            try key?.keep(answer, in: transaction)
            return (answer, state.account.user)
        }
        return Reply(body: answer, invalidates: BookModule.tags(owner.map { [account: $0] } ?? [:]))
    }

    private func release(
        _ account: String,
        _ note: String,
        _ request: Request,
        in transaction: any Transaction
    ) throws {
        guard var record = try GuardRecord.load(account, in: transaction), record.guardState.trip != nil else {
            throw Problem.conflict("The drawdown guard of account \(account) is not tripped.")
        }
        let before = Self.json(record)
        let (trip, state) = (record.tripID, record.guardState.state)
        record.guardState.release()
        record.tripID = nil
        try record.write(account: account, in: transaction)
        try transaction.execute(
            """
            UPDATE guard_trips SET released_at = \(request.now), released_by = \(request.caller.subject),
                release_note = \(note)
            WHERE trip_id = \(trip)
            """)
        var events = outbox.drafts
        events.addDrawdown(
            .released, record.guardState, from: state, tripID: trip, of: account, because: trip ?? "", at: request.now)
        try outbox.append(events, in: transaction)
        let expired = try CloseCommandStore(account: account, now: request.now, transaction: transaction).expireAll()
        try AuditEntry(
            at: request.now, actor: request.caller.subject, action: "guard.release", object: "account:\(account)",
            before: before, after: Self.json(record, note: note, expired: expired), requestID: request.requestID
        ).append(in: transaction)
    }

    private func drawdown(
        _ account: String,
        of owner: String,
        at now: Timestamp,
        in transaction: any Transaction
    ) throws(StorageError) -> [UInt8] {
        let rows = try transaction.rows(
            """
            SELECT \(GuardsModule.drawdownColumns) FROM accounts a
            LEFT JOIN guard_states s ON s.account_id = a.account_id WHERE a.account_id = \(account)
            """)
        var json = JSONWriter()
        json.object { json in
            DrawdownReport.worst(of: rows.map { DrawdownReport($0, at: now) })
                .write(for: owner, limits: limits, at: now, to: &json)
        }
        return json.bytes
    }

    /// The guard for the audit log.
    private static func json(_ record: GuardRecord, note: String? = nil, expired: Int? = nil) -> [UInt8] {
        let drawdown = record.guardState
        var json = JSONWriter()
        json.object { json in
            json.field("state", drawdown.state.rawValue)
            json.field("current_equity", drawdown.equity?.amount)
            json.field("peak_equity", drawdown.peak?.amount)
            json.field("trip_id", record.tripID)
            json.field("tripped_at", drawdown.trip?.at)
            json.field("liquidation_at", drawdown.trip?.liquidationAt)
            if let note { json.field("note", note) }
            if let expired { json.field("commands_expired", expired) }
        }
        return json.bytes
    }

    static let noteBytesMax = 4_096

    private static func note(in body: [UInt8]) throws(Problem) -> String {
        try JSONBody.read(body, fields: ["note"], as: "release") { reader in
            reader.required("note", .note(bytesMax: noteBytesMax))
        }
    }

    static let body = BodySchema(schema: .object(["note": .text]))
}
