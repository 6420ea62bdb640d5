import PluginAPI

/// Stores a snapshot, brings the account's positions, flows, quotes and figures up to it, and lets the stages work on it:
/// all inside the caller's transaction, with the account's row locked.
///
/// | | positions | flows, quotes | figures | counted |
/// |---|---|---|---|---|
/// | complete | listed ones put, others closed | kept | current | yes |
/// | partial | listed ones put | kept | in the snapshot only | yes |
/// | failed | – | – | – | yes |
/// | late (before the current `as_of`) | – | – | – | yes |
/// | stored before | – | – | – | no: the stored answer |
struct SnapshotIngest: Sendable {
    let instruments: InstrumentStore
    let stages: [any IngestStage]
    let now: Timestamp
    /// When the host began to work on the request.
    let began: ContinuousClock.Instant

    /// How far ahead of the host's clock a time may be.
    static let aheadMax: Duration = .seconds(60)

    /// - Parameter alsoClosed: Tickets that the same import has closed before, for the stages.
    func store(
        _ canonical: CanonicalSnapshot,
        for state: AccountState,
        alsoClosed: [Int64] = [],
        in transaction: any Transaction
    ) throws -> IngestResult {
        let (snapshot, hash) = (canonical.snapshot, canonical.hash)
        let repeats = try transaction.rows(
            "SELECT answer FROM snapshots WHERE account_id = \(state.account.id) AND content_hash = \(hash)")
        if let answer = repeats.first?.json(0) { return IngestResult(answer: try IngestAnswer.repeated(answer)) }

        let id = DerivedID.snapshot(account: state.account.id, contentHash: hash)
        var change = try change(snapshot, id: id, state, in: transaction)
        if !change.isSuperseded, snapshot.completeness != .failed { try apply(&change, in: transaction) }
        change.closedTickets += alsoClosed
        try updateAccount(change, state, in: transaction)
        let outcome = try run(change, in: transaction)
        let result = result(of: outcome)
        try insert(change, canonical, outcome, answer: result.answer, in: transaction)
        return result
    }

    /// Runs the stages once more on a stored snapshot; positions, flows and quotes stay as they are.
    func rerun(
        _ snapshot: Snapshot,
        _ state: AccountState,
        _ place: StoredPlace,
        in transaction: any Transaction
    ) throws -> IngestResult {
        var change = try change(snapshot, id: place.snapshotID, state, in: transaction)
        change.sequence = place.sequence
        change.rerun = place.rerun
        change.openPositions = try OpenPosition.of(state.account.id, in: transaction)
        return result(of: try run(change, in: transaction))
    }

    /// Where a stored snapshot stands in its account's history.
    struct StoredPlace {
        var snapshotID: String
        var sequence: Int64
        var rerun: Int64
    }

    /// - Throws: 409 when the snapshot or one of its quotes is of a time that has not come yet.
    func checkClock(_ snapshot: Snapshot) throws(Problem) {
        let limit = now + Self.aheadMax
        var items: [Problem.Item] = []
        if snapshot.asOf > limit { items.append(.init(.pointer("/as_of"), "is after \(limit)")) }
        for quote in snapshot.quotes where quote.time > limit {
            items.append(.init(.pointer("/quotes"), "the quote of \(quote.symbol) is after \(limit)"))
        }
        guard items.isEmpty else {
            throw .conflict("The snapshot is more than 60 seconds ahead of the host's clock.", errors: items)
        }
    }

    private func run(_ change: IngestChange, in transaction: any Transaction) throws -> IngestOutcome {
        var outcome = IngestOutcome()
        for stage in stages { try stage.apply(change, outcome: &outcome, in: transaction) }
        return outcome
    }

    private func result(of outcome: IngestOutcome) -> IngestResult {
        let milliseconds = (ContinuousClock.now - began).wholeMicroseconds / 1_000
        let answer = IngestAnswer(
            run: outcome.run, guardsJSON: outcome.guardsJSON, durationMilliseconds: milliseconds)
        return IngestResult(answer: answer.bytes, afterCommit: outcome.afterCommit)
    }

    // MARK: What changes

    private func change(
        _ snapshot: Snapshot,
        id: String,
        _ state: AccountState,
        in transaction: any Transaction
    ) throws -> IngestChange {
        let isSuperseded = state.currentAsOf.map { snapshot.asOf < $0 } ?? false
        var symbols = Set(snapshot.positions.map(\.symbol) + snapshot.quotes.map(\.symbol))
        let isCompared = snapshot.completeness == .complete && !isSuperseded
        let trades = isCompared ? try OpenTrades.of(state.account.id, in: transaction) : []
        for trade in trades { symbols.insert(trade.instrument) }
        let book = try instruments.book(resolving: symbols, in: transaction)
        let valued = try SnapshotValuation(account: state.account, book: book).value(snapshot)
        return IngestChange(
            account: state.account, snapshot: valued, snapshotID: id, sequence: state.snapshotsTotal + 1,
            isSuperseded: isSuperseded,
            instruments: try described(
                valued, trades, symbols, by: book, keepsDigits: !isSuperseded, in: transaction),
            trades: trades, now: now)
    }

    /// Every instrument involved; those that nobody has described have the most digits seen.
    private func described(
        _ snapshot: Snapshot,
        _ trades: [Trade],
        _ symbols: Set<String>,
        by book: InstrumentBook,
        keepsDigits: Bool,
        in transaction: any Transaction
    ) throws -> [String: Instrument] {
        let canonical = Set(symbols.map(book.canonical))
        let unknown = canonical.filter { book.known($0) == nil }
        var seen = try ObservedDigits(account: snapshot.account, symbols: unknown, in: transaction)
        for position in snapshot.positions where unknown.contains(position.instrument) {
            for price in [position.entryPrice, position.currentPrice, position.takeProfit, position.stopLoss] {
                seen.see(position.instrument, price)
            }
        }
        for trade in trades where unknown.contains(trade.instrument) {
            // Storage keeps every price with the same number of decimals; those that were written are not known.
            for price in [trade.entryPrice, trade.takeProfit, trade.stopLoss] {
                seen.see(trade.instrument, price?.normalized)
            }
        }
        for quote in snapshot.quotes where unknown.contains(quote.instrument) {
            for price in [quote.bid, quote.ask, quote.open, quote.previousClose] { seen.see(quote.instrument, price) }
        }
        if keepsDigits { try seen.save(account: snapshot.account, in: transaction) }
        return Dictionary(
            uniqueKeysWithValues: canonical.map { ($0, book.instrument($0, digitsSeen: seen.bySymbol[$0] ?? 0)) })
    }

    // MARK: Writing

    /// Writes the snapshot's row once, when everything in it is known: its content makes it a long one.
    private func insert(
        _ change: IngestChange,
        _ canonical: CanonicalSnapshot,
        _ outcome: IngestOutcome,
        answer: [UInt8],
        in transaction: any Transaction
    ) throws {
        let snapshot = change.snapshot
        let figures = snapshot.figures
        try transaction.execute(
            """
            INSERT INTO snapshots (snapshot_id, account_id, sequence, as_of, received_at, completeness, is_superseded,
            content_hash, content, positions_count, balance, equity, margin, credit, peak, error, answer)
            VALUES (\(change.snapshotID), \(snapshot.account), \(change.sequence), \(snapshot.asOf), \(now),
            \(snapshot.completeness.rawValue), \(change.isSuperseded), \(canonical.hash),
            \(json: String(decoding: canonical.content, as: UTF8.self)), \(snapshot.distinctPositions.count),
            \(figures?.balance), \(figures?.equity), \(figures?.margin), \(figures?.credit), \(outcome.peak),
            \(snapshot.error), \(json: String(decoding: answer, as: UTF8.self)))
            """)
    }

    /// Brings positions, flows and quotes up to the snapshot, and notes which positions are open and closed now.
    private func apply(_ change: inout IngestChange, in transaction: any Transaction) throws {
        let snapshot = change.snapshot
        let digits = { [instruments = change.instruments] (symbol: String) in instruments[symbol]?.digits ?? 0 }
        let positions = PositionStore(account: snapshot.account, transaction: transaction)
        if snapshot.completeness == .complete {
            (change.openPositions, change.closedTickets) = try positions.bringUp(
                to: snapshot.distinctPositions, digits: digits, at: snapshot.asOf)
        } else {
            try positions.putOpen(snapshot.distinctPositions, digits: digits, at: snapshot.asOf)
        }
        try FlowStore(account: snapshot.account, transaction: transaction).put(snapshot.flows)
        try QuoteStore(account: snapshot.account, transaction: transaction).put(snapshot.quotes, digits: digits)
    }

    private func updateAccount(_ change: IngestChange, _ state: AccountState, in transaction: any Transaction) throws {
        let snapshot = change.snapshot
        let isCurrent = !change.isSuperseded && snapshot.completeness != .failed
        let figures = isCurrent && snapshot.completeness == .complete ? snapshot.figures : nil
        let isNewest = !change.isSuperseded && state.newestAsOf.map { snapshot.asOf >= $0 } ?? true
        try transaction.execute(
            """
            UPDATE accounts SET snapshots_total = \(change.sequence),
            current_snapshot_id = \(isCurrent ? change.snapshotID : state.currentSnapshotID),
            current_as_of = \(isCurrent ? snapshot.asOf : state.currentAsOf),
            current_equity = \(figures?.equity ?? state.equity), current_balance = \(figures?.balance ?? state.balance),
            newest_completeness = \((isNewest ? snapshot.completeness : state.newestCompleteness)?.rawValue),
            newest_as_of = \(isNewest ? snapshot.asOf : state.newestAsOf),
            newest_error = \(isNewest ? snapshot.error : state.newestError),
            newest_received_at = \(isNewest ? now : state.newestReceivedAt)
            WHERE account_id = \(snapshot.account)
            """)
    }
}
