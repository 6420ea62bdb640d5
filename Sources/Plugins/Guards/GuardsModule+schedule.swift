public import PluginAPI
import Synchronization
import TradingBook

extension GuardsModule: ScheduledModule {
    public var scheduleInterval: Duration { .seconds(1) }

    /// Writes the commands of countdowns that are over, takes back leases that are over, expires commands that are too old,
    /// and makes answers about sources that have gone stale be built anew.
    ///
    /// One account that fails or that somebody holds keeps no other from its turn; the first failure is thrown in the end.
    public func runDue(at now: Timestamp, deadline: ContinuousClock.Instant) async throws {
        let writesCommands = drawdownLimits.act == .close
        let due = try await DueAccounts.find(
            at: now, since: lastLook.time, writesCommands: writesCommands, in: storage, deadline: deadline)
        await announce(due.stale)
        lastLook.set(now)

        let failures = try await AccountRound.run(due.toSettle.keys.sorted(), deadline: deadline) {
            account, patience, deadline in
            let work = DueWork(
                account: account, now: now, writesCommands: writesCommands, outbox: book.outbox, patience: patience)
            guard let done = try await storage.transaction(deadline: deadline, { try work.run(in: $0) }) else {
                return false
            }
            meters.leftOpen.increment(by: done.leftOpen)
            if done.isChanged { await announce(due.toSettle.filter { $0.key == account }) }
            return true
        }
        if let failure = failures.first { throw failure.error }
    }

    private func announce(_ owners: [String: String]) async {
        guard !owners.isEmpty else { return }
        await invalidator.invalidate(BookModule.tags(owners))
    }
}

/// When this host last looked for what is due; a source that has been stale since before is not announced again.
final class LastLook: Sendable {
    private let moment = Mutex<Timestamp?>(nil)

    var time: Timestamp? { moment.withLock { $0 } }

    func set(_ time: Timestamp) { moment.withLock { $0 = time } }
}
