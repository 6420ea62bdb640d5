public import PluginAPI

/// Work that another module does inside the transaction that stores a snapshot, in the order the modules depend on each
/// other. A stage that throws rolls everything back.
public protocol IngestStage: Sendable {
    /// Runs after the snapshot's positions, flows and quotes have been written, with the account's row locked. The row of
    /// the snapshot itself is written after the last stage, with what they have found.
    ///
    /// Not called for a repeat of a stored snapshot. Called for `superseded`, `partial` and `failed` ones too, so that a
    /// run can be recorded; the stage must change nothing else then, as the change's fields say.
    func apply(_ change: IngestChange, outcome: inout IngestOutcome, in transaction: any Transaction) throws

    /// Does what it can of its work before the transaction begins: what follows from the change alone.
    ///
    /// - Parameter change: A complete snapshot that comes in time, as it will be applied; its `sequence` is not known yet.
    /// - Returns: The stage to apply to this change, and to no other. It is not used when the account's book, an instrument
    ///   or the account itself turns out to be another one by then.
    func workedOut(_ change: IngestChange) -> any IngestStage
}

extension IngestStage {
    public func workedOut(_ change: IngestChange) -> any IngestStage { self }
}

/// A snapshot that has just been stored, or is being reconciled again, and the state around it.
public struct IngestChange: Sendable, Equatable {
    public var account: Account
    public var snapshot: Snapshot
    public var snapshotID: String
    /// Counts this account's stored snapshots from 1; repeats are not counted.
    public var sequence: Int64
    /// How many times this snapshot has been run before: 0 for the ingest itself.
    public var rerun: Int64
    /// It arrived with an `as_of` before the current snapshot's: it moves nothing.
    public var isSuperseded: Bool
    /// Instruments of every position, quote and open trade involved, by canonical symbol.
    public var instruments: [String: Instrument]
    /// The account's open trades, in order of ID; none unless the snapshot is complete and came in time.
    public var trades: [Trade]
    /// The account's open positions, in order of ticket; none unless the snapshot is complete and came in time.
    public var openPositions: [OpenPosition]
    /// Positions that were open and are closed now: a complete snapshot no longer lists them, or the statement that the
    /// snapshot is of has them closed, late or not.
    public var closedTickets: [Int64]
    /// The host's clock when the request came in.
    public var now: Timestamp

    /// Whether the snapshot is held against the book: only a complete one that came in time is.
    public var isCompared: Bool { snapshot.completeness == .complete && !isSuperseded }

    public init(
        account: Account,
        snapshot: Snapshot,
        snapshotID: String,
        sequence: Int64,
        rerun: Int64 = 0,
        isSuperseded: Bool = false,
        instruments: [String: Instrument] = [:],
        trades: [Trade] = [],
        openPositions: [OpenPosition] = [],
        closedTickets: [Int64] = [],
        now: Timestamp
    ) {
        self.account = account
        self.snapshot = snapshot
        self.snapshotID = snapshotID
        self.sequence = sequence
        self.rerun = rerun
        self.isSuperseded = isSuperseded
        self.instruments = instruments
        self.trades = trades
        self.openPositions = openPositions
        self.closedTickets = closedTickets
        self.now = now
    }
}

/// What the stages have found so far; becomes the answer to the ingest.
public struct IngestOutcome: Sendable {
    /// Set by the reconciliation; `nil` when that module is not loaded.
    public var run: RunSummary?
    /// Set by the guards: the object that stands under `guards` in the answer, as JSON.
    public var guardsJSON: String?
    /// Set by the guards: the account's highest equity as the drawdown is measured from it, kept with the snapshot.
    public var peak: FixedDecimal?
    /// What is to happen outside the storage once the transaction is stored, in this order: metrics, above all. Of a
    /// transaction that fails, or is run again from its start, nothing of it happens.
    public var afterCommit: [@Sendable () -> Void]
    /// What observers are to be told, in this order.
    public var events: EventDrafts

    public init(
        run: RunSummary? = nil,
        guardsJSON: String? = nil,
        peak: FixedDecimal? = nil,
        afterCommit: [@Sendable () -> Void] = [],
        events: EventDrafts = EventDrafts()
    ) {
        self.events = events
        self.run = run
        self.guardsJSON = guardsJSON
        self.peak = peak
        self.afterCommit = afterCommit
    }
}

/// One run in a few figures.
public struct RunSummary: Sendable, Equatable {
    public var runID: String
    public var verdict: Verdict
    /// Pairs, equal or not.
    public var matched: Int64
    public var opened: Int64
    public var stillOpen: Int64
    public var resolved: Int64
    /// Whether the run found a `cash_mismatch`: equity that does not follow from balance, credit and floating P/L.
    public var hasCashMismatch: Bool

    public enum Verdict: String, Sendable, CaseIterable {
        case reconciled
        case reconciledWithPending = "reconciled_with_pending"
        case breaks
        /// The snapshot was partial or failed.
        case incomplete
        /// The snapshot came late.
        case superseded
    }

    public init(
        runID: String,
        verdict: Verdict,
        matched: Int64 = 0,
        opened: Int64 = 0,
        stillOpen: Int64 = 0,
        resolved: Int64 = 0,
        hasCashMismatch: Bool = false
    ) {
        self.runID = runID
        self.verdict = verdict
        self.matched = matched
        self.opened = opened
        self.stillOpen = stillOpen
        self.resolved = resolved
        self.hasCashMismatch = hasCashMismatch
    }
}
