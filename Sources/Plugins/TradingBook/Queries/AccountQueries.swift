import PluginAPI

/// Reads accounts and their equity over time.
struct AccountQueries: Sendable {
    let storage: any StorageBackend

    /// The accounts that the caller may read, by ID.
    func list(_ caller: Caller, deadline: ContinuousClock.Instant?) async throws -> Reply {
        let states = try await storage.rows(Self.select(visibleTo: caller), deadline: deadline).map(
            AccountState.init(stored:))
        return Reply { (json: inout JSONWriter) in
            json.arrayField("accounts", of: states) { $1.write(to: &$0) }
        }
    }

    func account(_ id: String, deadline: ContinuousClock.Instant?) async throws -> Reply {
        Reply(body: try await state(id, deadline: deadline).json)
    }

    /// - Throws: 404 when there is no such account.
    func state(_ id: String, deadline: ContinuousClock.Instant? = nil) async throws -> AccountState {
        guard let state = try await stored(id, deadline: deadline) else { throw AccountLock.unknown(id) }
        return state
    }

    /// `nil` when there is no such account.
    func stored(_ id: String, deadline: ContinuousClock.Instant?) async throws -> AccountState? {
        let rows = try await storage.rows(Self.select + " WHERE account_id = \(id)", deadline: deadline)
        return try rows.first.map(AccountState.init(stored:))
    }

    /// Equity, balance and peak at the snapshots from `from` up to but without `to`, thinned to `points` by taking the
    /// last of equally many neighbours.
    func equity(
        _ id: String,
        from: Timestamp?,
        to: Timestamp?,
        points: Int64,
        deadline: ContinuousClock.Instant?
    ) async throws -> Reply {
        if let from, let to, to <= from { throw Problem.badParameter("to", "must be after from") }
        let rows = try await storage.rows(
            """
            SELECT r.as_of, r.equity, r.balance, r.peak, a.currency_digits FROM (
                SELECT as_of, equity, balance, peak, sequence, row_number() OVER
                    (PARTITION BY bucket ORDER BY as_of DESC, sequence DESC) AS place
                FROM (
                    SELECT as_of, equity, balance, peak, sequence,
                        ntile(CAST(\(points) AS INTEGER)) OVER (ORDER BY as_of, sequence) AS bucket
                    FROM snapshots
                    WHERE account_id = \(id) AND NOT is_superseded AND equity IS NOT NULL
                        AND as_of >= \(from ?? Timestamp(microseconds: 0))
                        AND as_of < \(to ?? Timestamp(seconds: 253_370_764_800))
                ) AS bucketed
            ) AS r JOIN accounts a ON a.account_id = \(id)
            WHERE r.place = 1 ORDER BY r.as_of, r.sequence
            """, deadline: deadline)
        return Reply { (json: inout JSONWriter) in
            json.arrayField("points", of: rows) { json, row in
                let digits = Int(row.integer(4) ?? 2)
                json.object { json in
                    json.field("time", row.timestamp(0))
                    json.field("equity", row.decimal(1), digits: digits)
                    json.field("balance", row.decimal(2), digits: digits)
                    json.field("peak", row.decimal(3), digits: digits)
                }
            }
        }
    }

    private static let select = SQL(parts: [.text("SELECT \(AccountState.columns) FROM accounts")])

    private static func select(visibleTo caller: Caller) -> SQL {
        let filter: SQL =
            switch (caller.role, caller.grant) {
            case (.user, _): " WHERE user_id = \(caller.subject)"
            case (.operator, _), (.agent, .all): ""
            case (.agent, .accounts(let accounts)): " WHERE account_id IN (\(accounts.sorted()))"
            @unknown default: " WHERE account_id IS NULL"
            }
        return select + filter + " ORDER BY account_id"
    }
}
