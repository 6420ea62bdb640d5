import PluginAPI
import TradingBook

/// The run: compares the book with a snapshot inside the transaction that stores it, so that both sides are frozen.
///
/// Only a complete snapshot that did not come late is compared; any other is recorded with its verdict and opens, closes
/// and resolves nothing.
struct ReconciliationStage: IngestStage {
    let settings: ReconciliationSettings
    let clock: any HostClock
    let logger: any Logger
    let metrics: RunMetrics

    func apply(_ change: IngestChange, outcome: inout IngestOutcome, in transaction: any Transaction) throws {
        var state = try AccountState.of(change.account.id, in: transaction)
        state.runsTotal += 1
        var run = record(of: change, number: state.runsTotal)
        var opened: [StoredBreak] = []
        var shift = BreakShift()
        var hasCashMismatch = false
        if run.verdict == .reconciled {
            let comparison = try compare(change, state: state, in: transaction)
            run.take(comparison)
            hasCashMismatch = comparison.result.breaks.contains { $0.breakClass == .cashMismatch }
            try finish(change, &run, comparison, &state, in: transaction)
            opened = comparison.life.opened
            shift = comparison.shift
        } else {
            run.policyRevision = settings.policy.revision(grace: settings.grace, instruments: [:])
            run.durationMilliseconds = duration(since: change.now)
            try LogEntry.write([.sync(run)] + closings(change, in: transaction), of: run, in: transaction)
        }
        note(change, run, &state)
        try run.write(in: transaction)
        try state.write(change.account.id, in: transaction)
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
        state: AccountState,
        in transaction: any Transaction
    ) throws -> RunComparison {
        let account = change.account
        var input = MatchInput(
            mode: account.mode, trades: change.trades,
            positions: listed(change), instruments: change.instruments,
            cash: cash(change), currency: account.currency, currencyDigits: account.currencyDigits,
            earlierTickets: account.mode == .netting
                ? [:] : try EarlierTickets.behind(change.snapshot.positions, of: account.id, in: transaction))
        var result = try match(input, change)
        let doubtful = result.doubtfulTickets
        if !doubtful.isEmpty {
            input.closed = try ClosedTrades.naming(
                input.positions.filter { doubtful.contains($0.ticket) }, earlier: input.earlierTickets, of: account.id,
                in: transaction)
            if !input.closed.isEmpty { result = try match(input, change) }
        }
        let life = BreakLife(
            account: account.id, runID: DerivedID.make("run", account.id, change.snapshotID, String(change.rerun)),
            snapshotID: change.snapshotID, asOf: change.snapshot.asOf, now: change.now, grace: settings.grace)
        let store = BreakStore(account: account.id)
        var stored = state.hasLiveBreaks ? try store.live(in: transaction) : []
        let known = Set(stored.map(\.key))
        let unknown = result.breaks.filter { !known.contains($0.key) }
        stored += try store.resolved(
            unknown.map { BreakLife.id(account: account.id, key: $0.key) }, in: transaction)
        let lifeOutcome = try life.advance(result.breaks, stored: stored)
        try store.drop(lifeOutcome.dropped, in: transaction)
        try store.write(lifeOutcome.changed, over: stored, lifeOutcome.steps, in: transaction)
        return RunComparison(
            result: result, life: lifeOutcome, shift: BreakShift(from: stored, to: lifeOutcome.changed),
            positions: change.openPositions,
            policyRevision: settings.policy.revision(grace: settings.grace, instruments: input.instrumentsUsed))
    }

    /// A netting account is compared by sums, which a row that stands twice must not enter twice.
    private func listed(_ change: IngestChange) -> [BrokerPosition] {
        change.account.mode == .netting ? change.snapshot.distinctPositions : change.snapshot.positions
    }

    private func match(_ input: MatchInput, _ change: IngestChange) throws -> MatchResult {
        do {
            return try PositionMatcher(policy: settings.policy).match(input)
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

    /// All from the snapshot itself, whatever has become of its positions since.
    private func cash(_ change: IngestChange) -> CashFigures? {
        guard let figures = change.snapshot.figures, let balance = figures.balance, let equity = figures.equity else {
            return nil
        }
        let floating = change.snapshot.distinctPositions.reduce(FixedDecimal.zero) { $0 + $1.unrealizedPnL }
        return CashFigures(balance: balance, credit: figures.credit ?? .zero, floating: floating, equity: equity)
    }

    /// Writes pairs and log, and brings the account's figures up to date.
    private func finish(
        _ change: IngestChange,
        _ run: inout RunRecord,
        _ comparison: RunComparison,
        _ state: inout AccountState,
        in transaction: any Transaction
    ) throws {
        let pairing = comparison.pairing
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
