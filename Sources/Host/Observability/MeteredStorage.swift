import PluginAPI

/// The storage in use as modules get it: every statement is counted and timed, slow ones are logged, and while storage is
/// down calls are refused at once instead of queueing up behind it.
struct MeteredStorage: StorageBackend {
    static let descriptor = ModuleDescriptor(id: "metered_storage", summary: "Counts and times the storage in use")

    private let base: any StorageBackend
    private let meters: StorageMeters
    private let status: @Sendable () -> ModuleStatus

    /// - Parameter status: How storage is now; asked on every call.
    init(_ base: any StorageBackend, meters: StorageMeters, status: @escaping @Sendable () -> ModuleStatus) {
        self.base = base
        self.meters = meters
        self.status = status
    }

    /// There is nothing to configure: the host wraps the storage it has made.
    init(configuration: ModuleConfiguration, context: ModuleContext) throws(ModuleError) {
        throw .misconfigured(key: "", detail: "the host puts it around the storage in use; it cannot be chosen")
    }

    var dialect: SQLDialect { base.dialect }

    func start() async throws { try await base.start() }
    func health() async -> ModuleHealth { await base.health() }
    func drain() async { await base.drain() }
    func stop() async { await base.stop() }

    func rows(_ sql: SQL, deadline: ContinuousClock.Instant?) async throws(StorageError) -> Rows {
        try refuseWhenDown()
        let start = ContinuousClock.now
        defer { meters.finished(sql, in: dialect, since: start) }
        return try await base.rows(sql, deadline: deadline)
    }

    func transaction<Result: Sendable>(
        deadline: ContinuousClock.Instant?,
        _ body: @escaping @Sendable (any Transaction) throws -> Result
    ) async throws -> Result {
        try refuseWhenDown()
        return try await base.transaction(deadline: deadline) { [meters] transaction in
            try body(MeteredTransaction(transaction, meters: meters))
        }
    }

    func migrationTransaction<Result: Sendable>(
        _ body: @escaping @Sendable (any Transaction) throws -> Result
    ) async throws -> Result {
        try await base.migrationTransaction(body)
    }

    private var scoped: any ScopedStorage {
        get throws(StorageError) {
            guard let base = base as? any ScopedStorage else {
                throw .statement("the storage in use runs no statements of SQL modules")
            }
            return base
        }
    }

    /// While it starts storage is let through, because starting is how it comes up.
    private func refuseWhenDown() throws(StorageError) {
        switch status() {
        case .starting, .ok, .degraded, .draining: return
        case .failed(let reason): throw .unavailable(reason: reason)
        case .stopped, .disabled: throw .unavailable(reason: "storage has stopped")
        }
    }
}

/// Counts and times the statements of one transaction.
struct MeteredTransaction: Transaction {
    private let base: any Transaction
    private let meters: StorageMeters

    init(_ base: any Transaction, meters: StorageMeters) {
        self.base = base
        self.meters = meters
    }

    var dialect: SQLDialect { base.dialect }

    func rows(_ sql: SQL) throws(StorageError) -> Rows {
        let start = ContinuousClock.now
        defer { meters.finished(sql, in: dialect, since: start) }
        return try base.rows(sql)
    }

    func execute(_ sql: SQL) throws(StorageError) -> Int {
        let start = ContinuousClock.now
        defer { meters.finished(sql, in: dialect, since: start) }
        return try base.execute(sql)
    }

    /// Counts as one statement: it is prepared once and sent as one batch.
    func executeMany(_ statement: String, _ rows: [[Value]]) throws(StorageError) {
        let start = ContinuousClock.now
        defer { meters.finished(SQL(parts: [.text(statement)]), in: dialect, since: start) }
        try base.executeMany(statement, rows)
    }

    func executeScript(_ script: String) throws(StorageError) { try base.executeScript(script) }
}

/// Statements of SQL modules are counted and timed like others, where the storage in use runs them.
extension MeteredStorage: ScopedStorage {
    func provide(_ views: [StoredView]) async throws(StorageError) { try await scoped.provide(views) }

    func removeViews() async throws(StorageError) {
        if let base = base as? any ScopedStorage { try await base.removeViews() }
    }

    func inspect(_ sql: SQL, over views: [StoredView], isForPlatform: Bool) async throws -> [ScopedColumn] {
        try refuseWhenDown()
        return try await scoped.inspect(sql, over: views, isForPlatform: isForPlatform)
    }

    func rows(_ query: ScopedQuery, deadline: ContinuousClock.Instant?) async throws -> Rows {
        try refuseWhenDown()
        let start = ContinuousClock.now
        defer { meters.finished(query.sql, in: dialect, since: start) }
        return try await scoped.rows(query, deadline: deadline)
    }
}
