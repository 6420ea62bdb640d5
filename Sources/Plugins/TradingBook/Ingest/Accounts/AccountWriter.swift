import PluginAPI

/// Creates and changes accounts, inside the caller's transaction.
struct AccountWriter: Sendable {
    let caller: Caller
    let requestID: String
    let now: Timestamp

    /// What a put has changed: the account as it now stands, and whose it was before.
    struct Outcome: Sendable {
        var state: AccountState
        var formerOwner: String?
    }

    /// Puts the account in the place of what is stored under its ID, and makes its owner known.
    ///
    /// - Throws: 404 when the caller's token does not cover the account, 409 when an agent gives it to another owner, or
    ///   when the currency changes although figures in it are stored.
    func put(_ account: Account, in transaction: any Transaction) throws -> Outcome {
        guard caller.mayWrite(account: account.id) else { throw AccountLock.unknown(account.id) }
        let before = try AccountLock.take(account.id, in: transaction)
        if let before { try check(before, becomes: account) }
        try transaction.execute(
            "INSERT INTO users (user_id, created_at) VALUES (\(account.user), \(now)) ON CONFLICT (user_id) DO NOTHING")
        if before?.account != account { try write(account, in: transaction) }
        let after = try AccountLock.require(account.id, in: transaction)
        if before?.account != account { try audit(before, after, in: transaction) }
        return Outcome(state: after, formerOwner: before?.account.user)
    }

    private func check(_ before: AccountState, becomes account: Account) throws(Problem) {
        let isOwnerKept = before.account.user.utf8.elementsEqual(account.user.utf8)
        guard isOwnerKept || caller.role == .operator else {
            throw .conflict(
                "The account \(account.id) has another owner; only an operator may change it.",
                errors: [Problem.Item(.pointer("/user_id"), "is not the account's owner")])
        }
        guard before.account.currency == account.currency || before.snapshotsTotal == 0 else {
            throw .conflict(
                "The account \(account.id) has figures in \(before.account.currency); its currency cannot change.",
                errors: [Problem.Item(.pointer("/currency"), "is not the account's currency")])
        }
    }

    private func write(_ account: Account, in transaction: any Transaction) throws {
        try transaction.execute(
            """
            INSERT INTO accounts (account_id, user_id, mode, currency, currency_digits, time_zone, broker, login,
            snapshot_interval, created_at, updated_at)
            VALUES (\(account.id), \(account.user), \(account.mode.rawValue), \(account.currency),
            \(account.currencyDigits), \(account.timeZone), \(account.broker), \(account.login),
            \(account.snapshotInterval?.wholeMicroseconds), \(now), \(now))
            ON CONFLICT (account_id) DO UPDATE SET user_id = excluded.user_id, mode = excluded.mode,
            currency = excluded.currency, currency_digits = excluded.currency_digits, time_zone = excluded.time_zone,
            broker = excluded.broker, login = excluded.login, snapshot_interval = excluded.snapshot_interval,
            updated_at = excluded.updated_at
            """)
    }

    private func audit(_ before: AccountState?, _ after: AccountState, in transaction: any Transaction) throws {
        let entry = AuditEntry(
            at: now, actor: caller.subject, action: "account.put", object: "account:\(after.account.id)",
            before: before.map(\.json), after: after.json, requestID: requestID)
        try entry.append(in: transaction)
    }
}

extension AccountState {
    /// The object that `GET /accounts/{id}` answers.
    var json: [UInt8] {
        var json = JSONWriter()
        write(to: &json)
        return json.bytes
    }
}
