public import PluginAPI

extension Outbox {
    /// Rows that a claim looks at. Those behind another one of their account are parked on the way, so that the next look does
    /// not meet them again.
    private static let lookedAtMax = 100
    /// Events of one account that are delivered one after the other under one claim.
    static let eventsPerClaimMax = 20

    /// Whether there may be something to claim; one look into an index.
    public func isDue(_ subscription: String, at now: Timestamp) async throws(StorageError) -> Bool {
        try await !storage.rows(
            "SELECT 1 FROM event_outbox WHERE subscription = \(subscription) AND due_at <= \(now) LIMIT 1"
        ).isEmpty
    }

    /// What a look at the outbox came to.
    public struct Look: Sendable {
        public var claimed: [ClaimedEvents] = []
        /// Whether there may be more where that came from.
        public var sawAll = true
    }

    /// Claims the queues of accounts whose first event is due. What another host is claiming, or has claimed, is left alone.
    ///
    /// - Parameters:
    ///   - limit: How many accounts at most.
    ///   - token: One that no other claim has.
    ///   - lease: For how long nobody else delivers these accounts' events.
    public func claim(
        _ subscription: String,
        limit: Int,
        token: String,
        lease: Duration,
        at now: Timestamp,
        in transaction: any Transaction
    ) throws -> Look {
        let select: SQL = """
            SELECT number, account_id FROM event_outbox WHERE subscription = \(subscription) AND due_at <= \(now)
            ORDER BY due_at, number LIMIT \(Self.lookedAtMax)
            """
        let due = try transaction.rows(SQL(sqlite: select, postgres: select + " FOR UPDATE SKIP LOCKED"))
        guard !due.isEmpty else { return Look() }
        let firsts = try firsts(behind: due.compactMap { $0.integer(0) }, subscription, in: transaction)
        let parked = due.compactMap { row -> Int64? in
            guard let number = row.integer(0), let first = firsts[row.text(1) ?? ""] else { return nil }
            return number == first ? nil : number
        }
        try park(parked, in: transaction)

        let ready = due.filter { row in firsts[row.text(1) ?? ""] == row.integer(0) }
        let mine = ready.prefix(limit)
        let isShort = due.count < Self.lookedAtMax
        guard !mine.isEmpty else { return Look(sawAll: isShort || parked.isEmpty) }
        try transaction.execute(
            """
            UPDATE event_outbox SET due_at = \(now + lease), holder = \(token)
            WHERE number IN (\(mine.compactMap { $0.integer(0) }))
            """)
        var look = Look(sawAll: isShort && mine.count == ready.count)
        for row in mine {
            let account = row.text(1) ?? ""
            let events = try events(of: account, subscription, in: transaction)
            look.claimed.append(
                ClaimedEvents(subscription: subscription, account: account, events: events, token: token))
        }
        return look
    }

    /// The first row of each account that one of these rows is of, held until the transaction ends.
    ///
    /// One that is just being settled is missing: it may be gone in a moment, when it is too late to wake whoever was parked
    /// behind it meanwhile. While it is held here, its settlement comes afterwards, and sees the parked.
    private func firsts(
        behind numbers: [Int64],
        _ subscription: String,
        in transaction: any Transaction
    ) throws(StorageError) -> [String: Int64] {
        let select: SQL = """
            SELECT h.account_id, h.number FROM event_outbox h WHERE h.number IN (
                SELECT (SELECT min(p.number) FROM event_outbox p
                    WHERE p.subscription = \(subscription) AND p.account_id = d.account_id)
                FROM (SELECT DISTINCT account_id FROM event_outbox WHERE number IN (\(numbers))) AS d)
            """
        let rows = try transaction.rows(SQL(sqlite: select, postgres: select + " FOR SHARE OF h SKIP LOCKED"))
        return Dictionary(rows.map { ($0.text(0) ?? "", $0.integer(1) ?? 0) }) { first, _ in first }
    }

    private func park(_ numbers: [Int64], in transaction: any Transaction) throws(StorageError) {
        guard !numbers.isEmpty else { return }
        try transaction.execute("UPDATE event_outbox SET due_at = NULL WHERE number IN (\(numbers))")
    }

    private func events(
        of account: String,
        _ subscription: String,
        in transaction: any Transaction
    ) throws -> [Event] {
        try transaction.rows(
            """
            SELECT event_id, kind, number, at, data, attempts FROM event_outbox
            WHERE subscription = \(subscription) AND account_id = \(account)
            ORDER BY number LIMIT \(Self.eventsPerClaimMax)
            """
        ).map { row in
            guard let id = row.text(0), let kind = row.text(1).flatMap(Event.Kind.init), let number = row.integer(2),
                let at = row.timestamp(3), let data = row.json(4), let attempts = row.integer(5)
            else { throw StoredRowDamaged(table: "event_outbox", column: "kind") }
            return Event(
                id: id, kind: kind, account: account, number: number, at: at, data: data, attempt: attempts + 1)
        }
    }

    /// Writes what became of a claim, and lets the account's next event be claimed.
    ///
    /// - Returns: `false` when the claim was not held any more: its lease had ended, and another host has the account, or had.
    ///   Nothing is changed then, so that what was taken comes again.
    @discardableResult
    public func settle(
        _ claim: ClaimedEvents,
        _ outcome: ClaimedEvents.Outcome,
        module: ModuleDescriptor.ModuleID,
        at now: Timestamp,
        in transaction: any Transaction
    ) throws -> Bool {
        let held: SQL = """
            SELECT 1 FROM event_outbox WHERE number = \(claim.events[0].number) AND holder = \(claim.token)
            """
        guard try !transaction.rows(SQL(sqlite: held, postgres: held + " FOR UPDATE")).isEmpty else { return false }
        // Retention may have removed any but the first meanwhile; then the queue waits for nobody.
        var isWaiting = false
        var gone = claim.events.prefix(outcome.taken).map(\.number)
        switch outcome.ending {
        case .untried: break
        case .failed(let time, let reason):
            let event = claim.events[outcome.taken]
            isWaiting =
                try transaction.execute(
                    """
                    UPDATE event_outbox SET attempts = \(event.attempt), last_error = \(reason), due_at = \(time),
                        holder = NULL
                    WHERE number = \(event.number)
                    """) > 0
        case .givenUp(let reason):
            let event = claim.events[outcome.taken]
            try DeadLetters.bury(event, of: claim.subscription, in: module, reason: reason, at: now, in: transaction)
            gone.append(event.number)
        }
        if !gone.isEmpty { try transaction.execute("DELETE FROM event_outbox WHERE number IN (\(gone))") }
        if isWaiting { return true }
        try Self.wakeFirst(of: claim.account, claim.subscription, at: now, in: transaction)
        return true
    }

    /// Lets the account's first event be claimed. A later one that is due is not claimed before it all the same.
    static func wakeFirst(
        of account: String,
        _ subscription: String,
        at now: Timestamp,
        in transaction: any Transaction
    ) throws(StorageError) {
        try transaction.execute(
            """
            UPDATE event_outbox SET due_at = \(now), holder = NULL WHERE number = (
                SELECT min(number) FROM event_outbox WHERE subscription = \(subscription) AND account_id = \(account))
            """)
    }
}
