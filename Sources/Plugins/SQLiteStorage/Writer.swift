import PluginAPI
import StorageWork
import Synchronization

/// The one thread's work that changes the database: transactions that queued up share a commit, and so a disk flush.
///
/// Each runs inside its own savepoint, so one that throws takes nothing of its neighbours with it. Callers hear of their
/// transaction, whichever way it ended, only after the commit has returned: a failure, too, may rest on what a
/// neighbour had written.
final class Writer: Sendable {
    /// How one attempt to commit a group ended.
    private enum Attempt {
        /// - Parameter changes: Whether a row was written at all.
        case committed(changes: Bool)
        /// Nothing of the group is stored, and each member alone would fare no better.
        case failed(StorageError)
        /// SQLite gave up the whole transaction for the fault of one member.
        case lost(member: Int, any Error)
        /// A deferred constraint spoke up at the commit, without saying whose it is.
        case refusedTogether(StorageError)
    }

    /// Transactions that share one commit at most.
    static let groupMax = 64

    private let connection: Connection
    private let meter: ConnectionMeter
    private let failure = Mutex<StorageError?>(nil)

    init(connection: Connection, meter: ConnectionMeter = ConnectionMeter(nil)) {
        self.connection = connection
        self.meter = meter
    }

    /// What kept the last commit from being stored, if it was a full or read-only medium.
    var lastFailure: StorageError? { failure.withLock { $0 } }

    /// Commits groups until the queue is closed and empty, then closes the connection.
    func work(through queue: JobQueue<any Write>) {
        let taker = JobTaker()
        while true {
            let group = queue.take(as: taker, atMost: Writer.groupMax)
            if group.isEmpty { break }
            meter.working { commitNow(group) }
        }
        connection.checkpoint()
        connection.close()
    }

    /// Commits one group, and answers every member of it.
    func commitNow(_ group: [any Write]) {
        commitThoseAwaited(group.filter { $0.begin() })
    }

    /// Commits the group without the members whose callers have given up.
    private func commitThoseAwaited(_ group: [any Write]) {
        let awaited = group.filter { write in
            let isOver = write.call.isOver
            if isOver { write.refuse(StorageError.timedOut) }
            return !isOver
        }
        if !awaited.isEmpty { commit(awaited) }
    }

    private func commit(_ group: [any Write]) {
        switch attempt(group) {
        case .committed(let changes):
            // A transaction that wrote nothing has not shown that writing works again.
            if changes { failure.withLock { $0 = nil } }
            for write in group { write.acknowledge() }
        case .failed(let error):
            note(error)
            for write in group { write.refuse(error) }
        case .lost(let member, let error):
            note(error)
            group[member].refuse(error)
            for (index, write) in group.enumerated() where index != member { commitThoseAwaited([write]) }
        case .refusedTogether(let error):
            guard group.count > 1 else { return group[0].refuse(error) }
            for write in group { commitThoseAwaited([write]) }
        }
    }

    private func attempt(_ group: [any Write]) -> Attempt {
        let changesBefore = connection.changesTotal
        do {
            try connection.control(.begin)
            for (index, write) in group.enumerated() {
                if let error = try run(write) { return .lost(member: index, error) }
            }
            try connection.control(.commit)
            return .committed(changes: connection.changesTotal != changesBefore)
        } catch {
            connection.rollBack()
            if case .constraint = error { return .refusedTogether(error) }
            return .failed(error)
        }
    }

    /// Runs one write inside a savepoint.
    /// - Returns: Why the whole transaction is gone, if it is.
    private func run(_ write: any Write) throws(StorageError) -> (any Error)? {
        try connection.control(.savepoint)
        connection.current = write.call
        var error = write.run(in: SQLiteTransaction(connection: connection))
        connection.current = nil
        guard connection.isInTransaction else {
            return error ?? StorageError.unavailable(reason: "the transaction was rolled back")
        }
        if error == nil, write.call.isOver {
            error = StorageError.timedOut
            write.refuse(StorageError.timedOut)
        }
        if error != nil { try connection.control(.rollBackToSavepoint) }
        try connection.control(.release)
        return nil
    }

    private func note(_ error: any Error) {
        guard case StorageError.full(let reason) = error else { return }
        failure.withLock { $0 = .full(reason) }
    }
}
