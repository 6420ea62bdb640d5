import PluginAPI
import TradingBook

/// What the end of a countdown, of a lease, or of a command's life does to one account, in one transaction.
///
/// Whoever comes first to the account's row does it; a second host, or the same one after a restart, finds it done, or held
/// and goes on to the next account.
struct DueWork: Sendable {
    let account: String
    /// The host's clock.
    let now: Timestamp
    /// Whether positions are closed at all.
    let writesCommands: Bool
    let outbox: Outbox
    /// What to do when somebody else holds the account.
    var patience = AccountLock.Patience.waiting

    /// What was done.
    struct Outcome: Sendable {
        var isChanged = false
        /// Positions that nobody is told to close any more.
        var leftOpen = 0
    }

    /// - Returns: `nil` when somebody else held the account.
    func run(in transaction: any Transaction) throws -> Outcome? {
        guard try AccountLock.take(account, patience, in: transaction) != nil else { return nil }
        let store = CloseCommandStore(account: account, now: now, transaction: transaction)
        let isSettled = try store.settle()
        let trips = writesCommands ? try endCountdowns(in: transaction) : []
        var events = outbox.drafts
        for (trip, cause) in trips {
            let commands = try store.write(trip: trip, reason: .drawdown)
            events.addLiquidation(
                trip: trip, guard: "drawdown", reason: cause, commands: commands, of: account, at: now)
            try GuardLogEntry(countdownOf: trip, commands: commands)
                .append(about: trip, of: account, at: now, in: transaction)
        }
        try outbox.append(events, in: transaction)
        guard isSettled || !trips.isEmpty else { return Outcome() }
        let left = try LeftOpenPositions(account: account, now: now, transaction: transaction).refresh()
        return Outcome(isChanged: true, leftOpen: left)
    }

    /// Claims the trips whose countdown is over and that are neither released nor claimed, each with its cause.
    private func endCountdowns(
        in transaction: any Transaction
    ) throws(StorageError) -> [(trip: String, cause: String)] {
        try transaction.rows(
            """
            UPDATE guard_trips SET commands_at = \(now)
            WHERE account_id = \(account) AND commands_at IS NULL AND released_at IS NULL AND liquidation_at <= \(now)
            RETURNING trip_id, reason
            """
        ).compactMap { row in row.text(0).map { ($0, row.text(1) ?? "") } }
    }
}
