/// Durable state. A write that has been acknowledged survives a power cut.
///
/// Implementations run their blocking calls on threads of their own and observe cancellation and deadlines.
public protocol StorageBackend: Module {
    /// Which SQL it speaks.
    var dialect: SQLDialect { get }

    /// Runs one reading statement outside any transaction, on a consistent snapshot of committed data.
    ///
    /// - Parameters:
    ///   - sql: The statement.
    ///   - deadline: When to give up; the running statement is interrupted, not abandoned.
    func rows(_ sql: SQL, deadline: ContinuousClock.Instant?) async throws(StorageError) -> Rows

    /// Runs `body` in one transaction and commits it, or rolls all of it back when `body` throws.
    ///
    /// The body is synchronous and runs on the backend's own thread, so it may call the transaction without suspension
    /// but must not block on anything else. Writers see each other's committed data; a body may be run again from its
    /// start when the backend met a serialisation conflict, so it must have no effect outside the transaction.
    ///
    /// - Throws: What `body` threw, or ``StorageError``.
    @discardableResult
    func transaction<Result: Sendable>(
        deadline: ContinuousClock.Instant?,
        _ body: @escaping @Sendable (any Transaction) throws -> Result
    ) async throws -> Result

    /// Runs `body` in a transaction that excludes every other migration, on this host or another.
    @discardableResult
    func migrationTransaction<Result: Sendable>(
        _ body: @escaping @Sendable (any Transaction) throws -> Result
    ) async throws -> Result
}

extension StorageBackend {
    /// Runs one reading statement without a deadline.
    public func rows(_ sql: SQL) async throws(StorageError) -> Rows { try await rows(sql, deadline: nil) }

    /// Runs a transaction without a deadline.
    @discardableResult
    public func transaction<Result: Sendable>(
        _ body: @escaping @Sendable (any Transaction) throws -> Result
    ) async throws -> Result {
        try await transaction(deadline: nil, body)
    }
}

/// One open transaction, valid only inside the body it was given to.
public protocol Transaction {
    /// Which SQL the storage speaks.
    var dialect: SQLDialect { get }

    /// Runs one reading statement within the transaction.
    func rows(_ sql: SQL) throws(StorageError) -> Rows

    /// Runs a writing statement. - Returns: How many rows it changed.
    @discardableResult
    func execute(_ sql: SQL) throws(StorageError) -> Int

    /// Runs one prepared statement for each row of parameters, in order. `statement` has one `?` a parameter.
    func executeMany(_ statement: String, _ rows: [[Value]]) throws(StorageError)

    /// Runs statements without parameters, as migrations need.
    func executeScript(_ script: String) throws(StorageError)
}

/// Why storage gave no answer.
public enum StorageError: Error, Equatable, Sendable {
    /// It cannot be reached or is not started. Try again after the duration, if one is known.
    case unavailable(reason: String)
    /// The deadline passed or the task was cancelled; nothing was changed.
    case timedOut
    /// A unique, foreign-key or check constraint refused the write; nothing was changed.
    case constraint(String)
    /// The medium is full or read-only; nothing was changed.
    case full(String)
    /// The statement is wrong: a mistake of the program.
    case statement(String)
}
