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
    let memory: BookMemory
    let outbox: Outbox
    let now: Timestamp
    /// When the host began to work on the request.
    let began: ContinuousClock.Instant

    /// How far ahead of the host's clock a time may be.
    static let aheadMax: Duration = .seconds(60)

    /// A snapshot worked out before its transaction, with the stages that have done their part of it.
    struct Ahead: Sendable {
        var draft: SnapshotDraft
        var stages: [any IngestStage]
    }

    /// Works out a complete snapshot on the account's book as this host remembers it. Nothing is decided by it: ``store``
    /// takes it only if the book is still the same.
    ///
    /// - Returns: `nil` when the book is not remembered, or the snapshot is for some reason not to be compared with it.
    func workOut(_ canonical: CanonicalSnapshot) -> Ahead? {
        let snapshot = canonical.snapshot
        guard snapshot.completeness == .complete, let book = memory.recall(snapshot.account, at: now),
            snapshot.symbols.isSubset(of: book.symbols),
            let draft = try? SnapshotDraft(canonical, on: book, at: now)
        else { return nil }
        return Ahead(draft: draft, stages: stages.map { $0.workedOut(draft.change) })
    }

    /// - Parameters:
    ///   - ahead: What has been worked out before.
    ///   - alsoClosed: Tickets that the same import has closed before, for the stages.
    func store(
        _ canonical: CanonicalSnapshot,
        workedOut ahead: Ahead? = nil,
        for state: AccountState,
        alsoClosed: [Int64] = [],
        in transaction: any Transaction
    ) throws -> IngestResult {
        let repeats = try transaction.rows(
            "SELECT answer FROM snapshots WHERE account_id = \(state.account.id) AND content_hash = \(canonical.hash)")
        if let answer = repeats.first?.json(0) { return IngestResult(answer: try IngestAnswer.repeated(answer)) }

        if let ahead, ahead.draft.holds(for: state) {
            return try store(canonical, ahead.draft, ahead.stages, state, alsoClosed, in: transaction)
        }
        let draft = try draft(canonical, state, in: transaction)
        var result = try store(canonical, draft, stages, state, alsoClosed, in: transaction)
        if draft.change.isCompared, !draft.positions.changesBook {
            result.afterCommit.append { [memory, now] in memory.remember(draft.book, at: now) }
        }
        return result
    }

    /// Runs the stages once more on a stored snapshot; positions, flows and quotes stay as they are.
    func rerun(
        _ snapshot: Snapshot,
        _ state: AccountState,
        _ place: StoredPlace,
        in transaction: any Transaction
    ) throws -> IngestResult {
        let draft = try draft(CanonicalSnapshot(snapshot), state, in: transaction)
        try draft.digits.save(account: state.account.id, in: transaction)
        var change = draft.change
        (change.snapshotID, change.sequence, change.rerun) = (place.snapshotID, place.sequence, place.rerun)
        (change.openPositions, change.closedTickets) = (draft.book.positions.open, [])
        return result(of: try run(stages, change, in: transaction))
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

    private func draft(
        _ canonical: CanonicalSnapshot,
        _ state: AccountState,
        in transaction: any Transaction
    ) throws -> SnapshotDraft {
        let snapshot = canonical.snapshot
        let isSuperseded = state.currentAsOf.map { snapshot.asOf < $0 } ?? false
        let isCompared = snapshot.completeness == .complete && !isSuperseded
        let book = try KnownBook.read(
            for: snapshot, of: state, isCompared: isCompared, instruments, in: transaction)
        return try SnapshotDraft(canonical, on: book, isSuperseded: isSuperseded, at: now)
    }

    private func run(
        _ stages: [any IngestStage],
        _ change: IngestChange,
        in transaction: any Transaction
    ) throws -> IngestOutcome {
        var outcome = IngestOutcome(events: outbox.drafts)
        if change.rerun == 0 { outcome.events.addSnapshotStored(change) }
        for stage in stages { try stage.apply(change, outcome: &outcome, in: transaction) }
        try outbox.append(outcome.events, in: transaction)
        return outcome
    }

    private func result(of outcome: IngestOutcome) -> IngestResult {
        let milliseconds = (ContinuousClock.now - began).wholeMicroseconds / 1_000
        let answer = IngestAnswer(
            run: outcome.run, guardsJSON: outcome.guardsJSON, durationMilliseconds: milliseconds)
        return IngestResult(answer: answer.bytes, afterCommit: outcome.afterCommit)
    }

    // MARK: Writing

    private func store(
        _ canonical: CanonicalSnapshot,
        _ draft: SnapshotDraft,
        _ stages: [any IngestStage],
        _ state: AccountState,
        _ alsoClosed: [Int64],
        in transaction: any Transaction
    ) throws -> IngestResult {
        var change = draft.change
        change.sequence = state.snapshotsTotal + 1
        if !change.isSuperseded {
            try draft.digits.save(account: state.account.id, in: transaction)
            if change.snapshot.completeness != .failed { try apply(change, draft, in: transaction) }
        }
        change.closedTickets += alsoClosed
        try updateAccount(change, state, in: transaction)
        let outcome = try run(stages, change, in: transaction)
        let result = result(of: outcome)
        try insert(change, canonical, outcome, answer: result.answer, in: transaction)
        return result
    }

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
        try transaction.executeMany(
            Self.insertSnapshot,
            [
                [
                    .text(change.snapshotID), .text(snapshot.account), .integer(change.sequence),
                    .timestamp(snapshot.asOf), .timestamp(now), .text(snapshot.completeness.rawValue),
                    .boolean(change.isSuperseded), .text(canonical.hash), .json(canonical.content),
                    .integer(Int64(snapshot.distinctPositions.count)), .decimal(figures?.balance),
                    .decimal(figures?.equity), .decimal(figures?.margin), .decimal(figures?.credit),
                    .decimal(outcome.peak), .text(snapshot.error), .json(String(decoding: answer, as: UTF8.self)),
                ]
            ])
    }

    /// Brings positions, flows and quotes up to the snapshot.
    private func apply(
        _ change: IngestChange,
        _ draft: SnapshotDraft,
        in transaction: any Transaction
    ) throws {
        let snapshot = change.snapshot
        let digits = { [instruments = change.instruments] (symbol: String) in instruments[symbol]?.digits ?? 0 }
        let positions = PositionStore(account: snapshot.account, transaction: transaction)
        if change.isCompared {
            try positions.bringUp(to: draft.positions, moves: draft.moves, digits: digits, at: snapshot.asOf)
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
        try transaction.executeMany(
            Self.updateAccount,
            [
                [
                    .integer(change.sequence), .text(isCurrent ? change.snapshotID : state.currentSnapshotID),
                    .timestamp(isCurrent ? snapshot.asOf : state.currentAsOf),
                    .decimal(figures?.equity ?? state.equity), .decimal(figures?.balance ?? state.balance),
                    .text((isNewest ? snapshot.completeness : state.newestCompleteness)?.rawValue),
                    .timestamp(isNewest ? snapshot.asOf : state.newestAsOf),
                    .text(isNewest ? snapshot.error : state.newestError),
                    .timestamp(isNewest ? now : state.newestReceivedAt), .text(snapshot.account),
                ]
            ])
    }

    private static let insertSnapshot = """
        INSERT INTO snapshots (snapshot_id, account_id, sequence, as_of, received_at, completeness, is_superseded,
            content_hash, content, positions_count, balance, equity, margin, credit, peak, error, answer)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """
    private static let updateAccount = """
        UPDATE accounts SET snapshots_total = ?, current_snapshot_id = ?, current_as_of = ?, current_equity = ?,
            current_balance = ?, newest_completeness = ?, newest_as_of = ?, newest_error = ?, newest_received_at = ?
        WHERE account_id = ?
        """
}
