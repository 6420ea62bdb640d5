import Glibc
public import PluginAPI
import StorageWork
import Synchronization

/// Durable state in one SQLite file: the storage that needs no server.
///
/// One thread writes, several read; a write is acknowledged after the commit that holds it has reached the disk.
/// Decimals are INTEGER units of 10⁻⁸, times INTEGER microseconds. A lock file keeps a second process out.
public final class SQLiteStorageModule: SelfCreatingStorage {
    public static let descriptor = ModuleDescriptor(id: "sqlite", summary: "Embedded storage in one SQLite file")

    public static let configuration = ConfigurationSpec([
        ConfigurationKey(
            "path", .path, default: "var/concord.db", reloadable: false,
            "The database file; its directory is created when it is not there.")
    ])

    /// Where the database is, relative to the working directory or absolute.
    public let path: String
    public let dialect = SQLDialect.sqlite
    private let probeLimit: Duration
    private let meter: ConnectionMeter
    private let engine = Mutex<Engine?>(nil)
    let views = Mutex<ScopedViews?>(nil)

    public convenience init(configuration: ModuleConfiguration, context: ModuleContext) throws(ModuleError) {
        let path = configuration.text("path")
        guard !path.isEmpty, path != ":memory:" else {
            throw .misconfigured(key: "path", detail: "must name a file")
        }
        self.init(path: path, metrics: context.metrics)
    }

    /// A backend for commands and tests that have no configuration.
    ///
    /// - Parameters:
    ///   - probeLimit: How long each of the two questions of ``health()`` may take.
    ///   - metrics: Where busy and idle connections are counted.
    public init(path: String, probeLimit: Duration = .milliseconds(800), metrics: (any Metrics)? = nil) {
        self.path = path
        self.probeLimit = probeLimit
        meter = ConnectionMeter(metrics)
    }

    public var isCreated: Bool { access(path, F_OK) == 0 }

    /// Takes the lock, opens the database and starts the threads.
    ///
    /// - Throws: ``ModuleError/unavailable(reason:)`` naming the file when another process holds it or it cannot be opened.
    public func start() async throws {
        guard engine.withLock({ $0 == nil }) else { return }
        let opened = try await Engine.open(path: path, meter: meter)
        engine.withLock { $0 = opened }
    }

    /// Reads the schema, goes through the writer's queue once, and remembers whether the last write met a full or read-only
    /// medium. A writer that is only slow is no reason to refuse what can be read.
    public func health() async -> ModuleHealth {
        do {
            _ = try await rows("SELECT count(*) FROM sqlite_master", deadline: .now + probeLimit)
        } catch {
            return .failed(reason: error.reason)
        }
        switch await probeWriter() {
        case nil: break
        case .timedOut?: return .degraded(reason: "writes wait for longer than \(probeLimit)")
        case let error?: return .failed(reason: "writes fail: \(error.reason)")
        }
        guard let failure = engine.withLock({ $0 })?.writer.lastFailure else { return .ok }
        return .degraded(reason: "writes fail: \(failure.reason)")
    }

    /// Waits for an empty transaction's turn. It is cancelled when that takes too long, because a queued call is answered
    /// at its deadline only when its turn comes.
    private func probeWriter() async -> StorageError? {
        await withTaskGroup(of: StorageError?.self) { group in
            group.addTask {
                do {
                    try await self.transaction(deadline: nil) { _ in }
                    return nil
                } catch {
                    return error as? StorageError ?? .unavailable(reason: "\(error)")
                }
            }
            group.addTask {
                try? await Task.sleep(for: self.probeLimit)
                return .timedOut
            }
            defer { group.cancelAll() }
            return await group.next() ?? nil
        }
    }

    /// Finishes what is queued, folds the write-ahead log into the database, closes it and releases the lock.
    public func stop() async {
        let closing = engine.withLock { engine in
            defer { engine = nil }
            return engine
        }
        await closing?.close()
    }

    public func rows(
        _ sql: SQL, deadline: ContinuousClock.Instant?
    ) async throws(StorageError) -> Rows {
        let reads = try running().reads
        let call = Call<Result<Rows, StorageError>>(deadline: deadline) { .failure($0) }
        return try await call.answer { reads.append(StatementRead(sql: sql, call: call)).refusal }.get()
    }

    /// Reads on a connection for statements of people who are not trusted: however long they take, others have their own.
    func readScoped<Output: Sendable>(
        deadline: ContinuousClock.Instant?, _ body: @escaping @Sendable (Connection) throws -> Output
    ) async throws -> Output {
        let reads = try running().scopedReads
        let call = Call<Result<Output, any Error>>(deadline: deadline) { .failure($0) }
        return try await call.answer { reads.append(BodyRead(body: body, call: call)).refusal }.get()
    }

    @discardableResult
    public func transaction<Output: Sendable>(
        deadline: ContinuousClock.Instant?,
        _ body: @escaping @Sendable (any Transaction) throws -> Output
    ) async throws -> Output {
        let writes = try running().writes
        let call = Call<Result<Output, any Error>>(deadline: deadline) { .failure($0) }
        return try await call.answer { writes.append(BodyWrite(body: body, call: call)).refusal }.get()
    }

    /// The lock file keeps other processes out and the one writer thread other migrations.
    @discardableResult
    public func migrationTransaction<Output: Sendable>(
        _ body: @escaping @Sendable (any Transaction) throws -> Output
    ) async throws -> Output {
        try await transaction(deadline: nil, body)
    }

    private func running() throws(StorageError) -> Engine {
        guard let engine = engine.withLock({ $0 }) else {
            throw .unavailable(reason: "the database \(path) is not open")
        }
        return engine
    }
}
