import PluginAPI
import TradingBook

/// Does to stored breaks what time alone causes: a grace that is over opens a pending break, an acknowledgement that has
/// expired reopens one, a snooze ends.
///
/// Each account is one transaction under its row's lock, which looks again at what is due: of two hosts that found the
/// same work the second finds nothing left to do. An account that fails or that somebody holds keeps nobody else from theirs.
struct DueBreaks: Sendable {
    let context: ModuleContext
    let outbox: Outbox
    let batchSize: Int
    let metrics: RunMetrics

    /// - Parameter deadline: Accounts that are not reached by then stay due.
    /// - Throws: The first failure, after everything that could be done has been done.
    func settle(at now: Timestamp, deadline: ContinuousClock.Instant) async throws {
        var last: Place?
        var settled: Set<String> = []
        var failure: (any Error)?
        repeat {
            let places = try await places(after: last, at: now, deadline: deadline)
            let accounts = places.map(\.account).filter { settled.insert($0).inserted }
            let failures = try await AccountRound.run(accounts, deadline: deadline) { account, patience, deadline in
                try await settle(account, at: now, patience, deadline: deadline)
            }
            for (account, error) in failures.map({ ($0.account, $0.error) }) {
                context.logger.error("breaks not settled", ["account_id": account, "error": "\(error)"])
                failure = failure ?? error
            }
            last = places.count == batchSize ? places.last : nil
        } while last != nil && ContinuousClock.now < deadline
        if let failure { throw failure }
    }

    /// When something of an account is due.
    struct Place: Sendable, Equatable {
        var wakeAt: Timestamp
        var account: String
    }

    /// What is due, longest due first: one look into an index that holds nothing else.
    private func places(
        after last: Place?,
        at now: Timestamp,
        deadline: ContinuousClock.Instant
    ) async throws -> [Place] {
        let statement = DueBreaks.places(after: last, at: now, limit: batchSize)
        return try await context.storage.rows(statement, deadline: deadline).compactMap { row in
            guard let wakeAt = row.timestamp(0), let account = row.text(1) else { return nil }
            return Place(wakeAt: wakeAt, account: account)
        }
    }

    static func places(after last: Place?, at now: Timestamp, limit: Int) -> SQL {
        "SELECT DISTINCT wake_at, account_id FROM breaks WHERE wake_at <= \(now)"
            + .when(last) { " AND (wake_at, account_id) > (\($0.wakeAt), \($0.account))" }
            + " ORDER BY wake_at, account_id LIMIT \(limit)"
    }

    /// - Returns: Whether nobody else held the account.
    private func settle(
        _ account: String,
        at now: Timestamp,
        _ patience: AccountLock.Patience,
        deadline: ContinuousClock.Instant
    ) async throws -> Bool {
        let settled = try await context.storage.transaction(deadline: deadline) { [outbox] transaction -> Settled? in
            guard let owner = try AccountLock.take(account, patience, in: transaction)?.account.user else { return nil }
            let due = try BreakStore(account: account).due(at: now, in: transaction)
            guard !due.isEmpty else { return Settled() }
            var changes = BreakChanges(account: account, at: now)
            for before in due {
                var item = before
                let steps = item.elapse(.time(now))
                changes.add(item, steps)
            }
            try changes.write(telling: outbox, in: transaction)
            return Settled(owners: [account: owner], openedReasons: changes.openedReasons, shift: changes.shift)
        }
        guard let settled else { return false }
        metrics.count(opened: settled.openedReasons, shift: settled.shift)
        await context.invalidator.invalidate(BookModule.tags(settled.owners))
        return true
    }

    /// What was done to an account; empty when somebody else had done it.
    private struct Settled: Sendable {
        var owners: [String: String] = [:]
        var openedReasons: [String] = []
        var shift = BreakShift()
    }
}
