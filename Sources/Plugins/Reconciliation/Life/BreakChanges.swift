import PluginAPI
import TradingBook

/// What time or somebody changes about an account's breaks outside of any run, and everything that follows from it: the
/// steps, the account's counts and the log.
struct BreakChanges: Sendable {
    let account: String
    let at: Timestamp
    private var changed: [StoredBreak] = []
    private var steps: [BreakStep] = []
    private var noticed: [StoredBreak] = []

    init(account: String, at time: Timestamp) {
        self.account = account
        at = time
    }

    /// The `divergence_reason` of each break that was opened or reopened, for the metrics.
    private(set) var openedReasons: [String] = []
    /// What it all does to the numbers of breaks, likewise.
    private(set) var shift = BreakShift()

    /// - Parameter item: The break as the steps have left it.
    mutating func add(_ item: StoredBreak, _ steps: [BreakStep]) {
        changed.append(item)
        self.steps += steps
        shift.follow(item, steps)
        if steps.contains(where: \.opens) { openedReasons.append(item.breakClass.divergenceReason) }
        if item.isNoticed(after: steps) { noticed.append(item) }
    }

    /// Writes all of it, inside a transaction that holds the account's row.
    ///
    /// - Parameter outbox: Where observers are told of it.
    func write(telling outbox: Outbox, in transaction: any Transaction) throws {
        try BreakStore(account: account).write(changed, steps, in: transaction)
        var events = outbox.drafts
        events.add(steps, of: changed, account: account)
        try outbox.append(events, in: transaction)
        var state = try AccountState.of(account, in: transaction)
        state.follow(steps)
        try state.write(account, in: transaction)
        let gravestLast = noticed.sorted {
            ($1.breakClass.severity, $0.id) < ($0.breakClass.severity, $1.id)
        }
        guard let first = gravestLast.first else { return }
        try LogEntry.write(
            try gravestLast.map { try LogEntry.divergence($0) }, of: account, at: at, runID: nil,
            cause: BreakStep.id(account: account, breakID: first.id, sequence: first.eventsTotal), in: transaction)
    }
}
