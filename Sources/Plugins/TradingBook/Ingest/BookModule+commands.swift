public import PluginAPI

/// The commands behind the HTTP operations and the command line. Who may call an operation is the host's question; whose
/// data is touched is checked here.
extension BookModule {
    /// Creates or replaces an account, for the caller of `request`.
    ///
    /// - Returns: The account as `GET /accounts/{id}` answers it.
    public func putAccount(_ account: Account, _ request: Request) async throws -> Reply {
        let writer = AccountWriter(caller: request.caller, requestID: request.requestID, now: request.now)
        let outcome = try await context.storage.transaction(deadline: request.deadline) {
            try writer.put(account, in: $0)
        }
        let owners = Set([account.user, outcome.formerOwner ?? account.user]).sorted()
        return Reply(
            body: outcome.state.json, invalidates: [.account(account.id)] + owners.map { .user($0) })
    }

    func putInstrument(_ described: DescribedInstrument, _ request: Request) async throws -> Reply {
        let writer = InstrumentWriter(
            store: instruments, caller: request.caller, requestID: request.requestID, now: request.now)
        try await context.storage.transaction(deadline: request.deadline) { try writer.put(described, in: $0) }
        // Any answer may hold one of its prices.
        return Reply(body: described.json, invalidates: [.everything])
    }

    /// Upserts trades, whole or not at all, for the caller of `request`. Nothing is reconciled by it.
    ///
    /// - Returns: ``IngestCounts`` as JSON.
    public func importTrades(_ trades: [Trade], _ request: Request) async throws -> Reply {
        try await upsert(trades, request, key: nil)
    }

    func upsert<Entry: BookRow>(_ rows: [Entry], _ request: Request, key: IdempotencyKey?) async throws -> Reply {
        let pointers = Dictionary(
            rows.enumerated().map { ($1.key.account, "/\($0)/account_id") }, uniquingKeysWith: { first, _ in first })
        let uncovered = pointers.keys.sorted().filter { !request.caller.mayWrite(account: $0) }
        guard uncovered.isEmpty else { throw Self.unknown(uncovered, at: pointers) }

        let (instruments, now) = (instruments, request.now)
        return try await context.storage.transaction(deadline: request.deadline) { transaction in
            if let answer = try key?.replay(in: transaction) {
                return Reply(body: answer, invalidates: Self.tags(try Self.owners(of: pointers.keys, in: transaction)))
            }
            let owners = try Self.lock(pointers, in: transaction)
            let resolved = try rows.resolved(by: instruments, in: transaction)
            let counts = try BookUpsert(now: now).write(resolved, in: transaction)
            try key?.keep(counts.json, in: transaction)
            return Reply(body: counts.json, invalidates: Self.tags(owners))
        }
    }

    /// Stores a snapshot and runs the stages on it, for the caller of `request`.
    ///
    /// - Returns: The run in a few figures.
    func storeSnapshot(_ snapshot: Snapshot, _ request: Request, key: IdempotencyKey?) async throws -> Reply {
        guard request.caller.mayWrite(account: snapshot.account) else {
            throw AccountLock.unknown(snapshot.account, pointer: "/account_id")
        }
        let (ingest, canonical) = (ingest(request), CanonicalSnapshot(snapshot))
        let ahead = ingest.workOut(canonical)
        return try await self.ingest(into: snapshot.account, pointer: "/account_id", request, key: key) {
            try ingest.checkClock(canonical.snapshot)
            return try ingest.store(canonical, workedOut: ahead, for: $0, in: $1)
        }
    }

    /// Reconciles an account's latest complete or partial snapshot again: the stages run on it with a new rerun number, while
    /// positions, flows and quotes stay as they are.
    ///
    /// - Throws: 404 when there is no such account or the token does not cover it, 409 when it has no snapshot yet.
    public func rerun(account: String, request: Request) async throws -> Reply {
        guard request.caller.mayWrite(account: account) else { throw AccountLock.unknown(account) }
        let ingest = ingest(request)
        let key = try IdempotencyKey(request, route: "reconciliation/runs?account_id=\(account)")
        return try await self.ingest(into: account, request, key: key) {
            try SnapshotRerun(ingest: ingest).run($0, in: $1)
        }
    }

    /// Runs `work` on an account in one transaction, its row locked, and once that is stored what the stages left to do.
    ///
    /// - Parameters:
    ///   - pointer: Where the request names the account.
    ///   - first: What comes before the account is looked for.
    /// - Throws: 404 when there is no such account.
    func ingest(
        into account: String,
        pointer: String? = nil,
        _ request: Request,
        key: IdempotencyKey?,
        first: @escaping @Sendable (any Transaction) throws -> Void = { _ in },
        _ work: @escaping @Sendable (AccountState, any Transaction) throws -> IngestResult
    ) async throws -> Reply {
        let (result, owners) = try await context.storage.transaction(deadline: request.deadline) {
            transaction -> (IngestResult, [String: String]) in
            if let answer = try key?.replay(in: transaction) {
                return (IngestResult(answer: answer), try Self.owners(of: [account], in: transaction))
            }
            try first(transaction)
            let state = try AccountLock.require(account, pointer: pointer, in: transaction)
            let result = try work(state, transaction)
            try key?.keep(result.answer, in: transaction)
            return (result, [account: state.account.user])
        }
        for effect in result.afterCommit { effect() }
        return Reply(body: result.answer, invalidates: Self.tags(owners))
    }

    func ingest(_ request: Request) -> SnapshotIngest {
        SnapshotIngest(
            instruments: instruments, stages: stages, memory: memory, outbox: outbox, now: request.now, began: .now)
    }

    /// The tags that a write for these accounts of these owners makes stale.
    public static func tags(_ owners: [String: String]) -> [CacheTag] {
        owners.keys.sorted().map { .account($0) } + Set(owners.values).sorted().map { .user($0) }
    }

    /// Who owns these accounts, for a repeated call: the host that carried the first one out may have died before it told the
    /// others, so that it is the repeat which makes their answers stale.
    public static func owners(
        of accounts: some Sequence<String>,
        in transaction: any Transaction
    ) throws(StorageError) -> [String: String] {
        let rows = try transaction.rows(
            "SELECT account_id, user_id FROM accounts WHERE account_id IN (\(accounts.sorted()))")
        var owners: [String: String] = [:]
        for row in rows { owners[row.text(0) ?? ""] = row.text(1) }
        return owners
    }

    /// Locks accounts in the order of their IDs, so that two requests never wait for each other.
    private static func lock(
        _ pointers: [String: String],
        in transaction: any Transaction
    ) throws -> [String: String] {
        var owners: [String: String] = [:]
        for account in pointers.keys.sorted() {
            owners[account] = try AccountLock.take(account, in: transaction)?.account.user
        }
        let unknown = pointers.keys.sorted().filter { owners[$0] == nil }
        guard unknown.isEmpty else { throw Self.unknown(unknown, at: pointers) }
        return owners
    }

    private static func unknown(_ accounts: [String], at pointers: [String: String]) -> Problem {
        var problem = Problem.notFound(
            accounts.count == 1 ? "There is no account \(accounts[0])." : "Some of the accounts do not exist.")
        problem.errors = accounts.prefix(BodyProblems.listedMax).map { account in
            Problem.Item(.pointer(pointers[account] ?? ""), "there is no account \(account)")
        }
        return problem
    }
}
