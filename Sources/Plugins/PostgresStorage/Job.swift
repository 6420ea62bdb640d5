import PluginAPI
import StorageWork
import Synchronization

/// Something to be done on a connection.
protocol Job: Sendable {
    var caller: any Interruptible { get }
    /// When it joined the queue.
    var queuedAt: ContinuousClock.Instant { get }
    /// Itself, when it is a read, which can travel with others.
    var asRead: ReadJob? { get }

    /// Whether somebody still waits; otherwise the call has been answered.
    func begin() -> Bool

    /// Does it and answers the caller. May be called again when it did not.
    /// - Returns: What kept it from being done, if the same again may go well; the caller has no answer then.
    func attempt(on connection: Connection) -> ServerFailure?

    /// Tells the caller that nothing was changed.
    func refuse(_ error: StorageError)
}

/// One reading statement. An object, because a queue of `any Job` would copy all of it into a box of its own.
final class ReadJob: Job {
    typealias Caller = Call<Result<Rows, StorageError>>

    let statement: StatementText
    let call: Caller
    let queuedAt = ContinuousClock.now

    init(statement: StatementText, call: Caller) {
        self.statement = statement
        self.call = call
    }

    var asRead: ReadJob? { self }

    var caller: any Interruptible { call }

    func begin() -> Bool { call.begin() }

    func attempt(on connection: Connection) -> ServerFailure? {
        answer(call.finish) { () throws(ServerFailure) in try connection.read(statement) }
    }

    /// Answers the caller, by `finish`, with what `read` returns. - Returns: What went wrong, if the same again may go well.
    func answer(
        _ finish: (Result<Rows, StorageError>) -> Void, _ read: () throws(ServerFailure) -> Rows
    ) -> ServerFailure? {
        do {
            finish(.success(try read()))
        } catch {
            if error.remedy != .none { return error }
            finish(.failure(error.error))
        }
        return nil
    }

    func refuse(_ error: StorageError) { call.refuse(error) }
}

/// One transaction whose body returns `Output`.
struct BodyJob<Output: Sendable>: Job {
    enum Kind {
        /// With the moment the caller gives up.
        case ordinary(deadline: ContinuousClock.Instant?)
        /// With the advisory lock that keeps others of its kind out.
        case exclusive(lock: Int64)
        /// Reads only, and finds views first.
        case scoped(searchPath: String, deadline: ContinuousClock.Instant?)
    }

    let kind: Kind
    let body: @Sendable (any Transaction) throws -> Output
    let call: Call<Result<Output, any Error>>
    let queuedAt = ContinuousClock.now

    var asRead: ReadJob? { nil }

    var caller: any Interruptible { call }

    func begin() -> Bool { call.begin() }

    func attempt(on connection: Connection) -> ServerFailure? {
        do {
            try begin(on: connection)
        } catch {
            connection.rollBack()
            return orAnswer(error)
        }
        let result = Result { try body(PostgresTransaction(connection: connection)) }
        if case .success = result, !connection.hasFailedTransaction, !connection.isBroken {
            return finish(result, on: connection)
        }
        connection.rollBack()
        if let failure = connection.failure, failure.remedy != .none { return failure }
        if case .failure(let error) = result {
            call.finish(.failure(error))
        } else {
            // Without a failure the connection was given up because a cancellation came too late for its last statement.
            call.refuse(connection.failure?.error ?? .timedOut)
        }
        return nil
    }

    func refuse(_ error: StorageError) { call.refuse(error) }

    private func begin(on connection: Connection) throws(ServerFailure) {
        switch kind {
        case .ordinary(let deadline): try connection.begin(timeout: deadline.map { $0 - .now })
        case .exclusive(let lock): try connection.begin(lock: lock)
        case .scoped(let path, let deadline):
            try connection.begin(searchPath: path, timeout: deadline.map { $0 - .now })
        }
    }

    /// Commits what the body did, unless its caller has gone meanwhile.
    private func finish(_ result: Result<Output, any Error>, on connection: Connection) -> ServerFailure? {
        if call.isOver {
            connection.rollBack()
            call.refuse(.timedOut)
            return nil
        }
        do {
            try connection.commit()
        } catch {
            connection.rollBack()
            return orAnswer(error)
        }
        call.finish(result)
        return nil
    }

    private func orAnswer(_ failure: ServerFailure) -> ServerFailure? {
        if failure.remedy != .none { return failure }
        call.refuse(failure.error)
        return nil
    }
}
