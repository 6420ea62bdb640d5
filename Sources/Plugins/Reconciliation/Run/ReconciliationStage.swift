import PluginAPI
import TradingBook

/// The run: compares the book with a snapshot, both sides frozen. That is done inside the transaction that stores the
/// snapshot, or ahead of it on a book of which the transaction then shows that it is still the same.
///
/// Only a complete snapshot that did not come late is compared; any other is recorded with its verdict and opens, closes
/// and resolves nothing.
struct ReconciliationStage: IngestStage {
    let settings: ReconciliationSettings
    let clock: any HostClock
    let logger: any Logger
    let metrics: RunMetrics
    /// The comparison, where it has been made before the transaction.
    private var comparedAhead: BookComparison?

    init(settings: ReconciliationSettings, clock: any HostClock, logger: any Logger, metrics: RunMetrics) {
        (self.settings, self.clock, self.logger, self.metrics) = (settings, clock, logger, metrics)
    }

    /// Compares the two books, unless earlier snapshots have a say in it: those have to be asked in the transaction.
    func workedOut(_ change: IngestChange) -> any IngestStage {
        let input = MatchInput(change)
        guard input.mode == .netting || !EarlierTickets.areNeeded(change.snapshot.positions) else { return self }
        var stage = self
        // What cannot be compared is refused in the transaction, where the same is found again.
        stage.comparedAhead = try? BookComparison(
            input, of: change.account.id, before: change.openPositions, settings: settings)
        return stage
    }

    func apply(_ change: IngestChange, outcome: inout IngestOutcome, in transaction: any Transaction) throws {
        var state = try AccountState.of(change.account.id, in: transaction)
        state.runsTotal += 1
        var run = record(of: change, number: state.runsTotal)
        var opened: [StoredBreak] = []
        var shift = BreakShift()
        var hasCashMismatch = false
        if run.verdict == .reconciled {
            let comparison = try compare(change, runID: run.id, state: state, in: transaction)
            run.take(comparison)
            hasCashMismatch = comparison.books.result.breaks.contains { $0.breakClass == .cashMismatch }
            try finish(change, &run, comparison, &state, in: transaction)
            opened = comparison.life.opened
            shift = comparison.shift
            outcome.events.add(comparison.life.steps, of: comparison.life.changed, account: change.account.id)
        } else {
            run.policyRevision = settings.policy.revision(grace: settings.grace, instruments: [:])
            run.durationMilliseconds = duration(since: change.now)
            try LogEntry.write([.sync(run)] + closings(change, in: transaction), of: run, in: transaction)
        }
        note(change, run, &state)
        try run.write(in: transaction)
        try state.write(change.account.id, in: transaction)
        outcome.events.addRunFinished(run, of: change)
        outcome.run = run.summary(hasCashMismatch: hasCashMismatch)
        let (metrics, stored, reasons) = (metrics, run, opened.map(\.breakClass.divergenceReason))
        outcome.afterCommit.append { [shift] in
            metrics.count(stored, opened: reasons, shift: shift, isRepeat: change.rerun > 0)
        }
    }

    /// The run before anything is compared; its verdict is `reconciled` when something will be. The policy's revision is
    /// not known yet, because it names the instruments that are used.
    private func record(of change: IngestChange, number: Int64) -> RunRecord {
        let verdict: RunSummary.Verdict =
            change.isSuperseded ? .superseded : change.snapshot.completeness == .complete ? .reconciled : .incomplete
        return RunRecord(
            id: DerivedID.make("run", change.account.id, change.snapshotID, String(change.rerun)),
            account: change.account.id, number: number, snapshotID: change.snapshotID,
            snapshotSequence: change.sequence, rerun: change.rerun, asOf: change.snapshot.asOf, ranAt: change.now,
            completeness: change.snapshot.completeness, verdict: verdict,
            policyRevision: "")
    }

    private func compare(
        _ change: IngestChange,
        runID: String,
        state: AccountState,
        in transaction: any Transaction
    ) throws -> RunComparison {
        let books = try completed(try comparedAhead ?? booksCompared(change, in: transaction), change, in: transaction)
        return try carryOn(books, change, runID: runID, state: state, in: transaction)
    }

    private func booksCompared(_ change: IngestChange, in transaction: any Transaction) throws -> BookComparison {
        var input = MatchInput(change)
        if input.mode != .netting {
            input.earlierTickets = try EarlierTickets.behind(
                change.snapshot.positions, of: change.account.id, in: transaction)
        }
        return try compared(input, change)
    }

    /// Compares once more with the closed trades that some positions may be of, if there are any.
    private func completed(
        _ books: BookComparison,
        _ change: IngestChange,
        in transaction: any Transaction
    ) throws -> BookComparison {
        let doubtful = books.result.doubtfulTickets
        guard !doubtful.isEmpty else { return books }
        var input = books.input
        input.closed = try ClosedTrades.naming(
            input.positions.filter { doubtful.contains($0.ticket) }, earlier: input.earlierTickets,
            of: change.account.id, in: transaction)
        return input.closed.isEmpty ? books : try compared(input, change)
    }

    /// Leads the account's breaks on to what was found.
    private func carryOn(
        _ books: BookComparison,
        _ change: IngestChange,
        runID: String,
        state: AccountState,
        in transaction: any Transaction
    ) throws -> RunComparison {
        let life = BreakLife(
            account: change.account.id, runID: runID, snapshotID: change.snapshotID, asOf: change.snapshot.asOf,
            now: change.now, grace: settings.grace)
        let store = BreakStore(account: change.account.id)
        var stored = state.hasLiveBreaks ? try store.live(in: transaction) : []
        let known = Set(stored.map(\.id))
        stored += try store.resolved(books.findings.map(\.id).filter { !known.contains($0) }, in: transaction)
        let lifeOutcome = try life.advance(books.findings, stored: stored)
        try store.drop(lifeOutcome.dropped, in: transaction)
        try store.write(lifeOutcome.changed, over: stored, lifeOutcome.steps, in: transaction)
        return RunComparison(
            books: books, life: lifeOutcome, shift: BreakShift(from: stored, to: lifeOutcome.changed))
    }

    private func compared(_ input: MatchInput, _ change: IngestChange) throws -> BookComparison {
        do {
            return try BookComparison(
                input, of: change.account.id, before: change.openPositions, settings: settings)
        } catch MatchFailure.outOfRange(let name) {
            throw Problem.unprocessable(
                "The books cannot be compared exactly.",
                errors: [Problem.Item(.pointer("/positions"), "\(name) is beyond what can be kept exactly")])
        } catch MatchFailure.notConserved(let ours, let broker) {
            logger.log(
                .critical, "rows of a run do not add up",
                [
                    "account_id": change.account.id, "snapshot_id": change.snapshotID, "ours": "\(ours)",
                    "broker": "\(broker)", "input": "\(input)",
                ])
            throw MatchFailure.notConserved(ours: ours, broker: broker)
        }
    }

    /// Writes pairs and log, and brings the account's figures up to date.
    private func finish(
        _ change: IngestChange,
        _ run: inout RunRecord,
        _ comparison: RunComparison,
        _ state: inout AccountState,
        in transaction: any Transaction
    ) throws {
        let pairing = comparison.books.pairing
        try OpenPosition.pair(run.account, pairing.changed, in: transaction)
        let closings = try closings(change, in: transaction)
        run.durationMilliseconds = duration(since: change.now)
        let entries =
            [.sync(run)] + pairing.formed.map { LogEntry.match($0.pair, ticket: $0.ticket) } + closings
            + (try comparison.divergences)
        try LogEntry.write(entries, of: run, in: transaction)
        state.pendingBreaks = comparison.life.count(.pending)
        state.acknowledgedBreaks = comparison.life.count(.acknowledged)
        state.openBreaks = comparison.life.count(.open)
    }

    private func closings(_ change: IngestChange, in transaction: any Transaction) throws -> [LogEntry] {
        try ClosedTicket.of(change.account.id, change.closedTickets, in: transaction).map {
            .close(ticket: $0.ticket, symbol: $0.symbol, tradeID: $0.tradeID, at: change.snapshot.asOf)
        }
    }

    /// A late snapshot and a failed one say nothing about when the source was last heard.
    private func note(_ change: IngestChange, _ run: RunRecord, _ state: inout AccountState) {
        guard !change.isSuperseded, change.snapshot.completeness != .failed else { return }
        state.lastSyncAt = change.snapshot.asOf
        state.lastDurationMilliseconds = run.durationMilliseconds
    }

    /// Whole milliseconds since the request came in.
    private func duration(since start: Timestamp) -> Int64 {
        max(0, clock.now.microseconds - start.microseconds) / 1_000
    }
}
