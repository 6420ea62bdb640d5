public import PluginAPI
import StorageWork
import Synchronization

/// Durable state in a PostgreSQL database, shared by any number of hosts.
///
/// Each connection has a thread of its own. Values travel in binary form and statements are prepared once per connection;
/// deadlines and cancellation reach the server; a restart of the server costs the calls of that moment.
public final class PostgresStorageModule: InspectableStorage {
    public static let descriptor = ModuleDescriptor(id: "postgres", summary: "Storage in a PostgreSQL database")

    public static let configuration = ConfigurationSpec([
        ConfigurationKey(
            "url", .text, secret: true, reloadable: false,
            "Where the database is: `postgresql://user:password@host:5432/name?sslmode=verify-full&sslrootcert=ca.pem`."
        ),
        ConfigurationKey(
            "pool_size", .integer(1...500), default: "20", reloadable: false, "Connections that stay once needed."),
        ConfigurationKey(
            "max_overflow", .integer(0...500), default: "10", reloadable: false,
            "Connections beyond those when all are busy."),
        ConfigurationKey(
            "statement_timeout", .duration(.milliseconds(10)...(.seconds(3_600))), default: "30s", reloadable: false,
            "How long the server lets one statement run."),
    ])

    public let dialect = SQLDialect.postgres
    let target: Target
    private let size: Pool.Size
    private let waitMax: Duration
    private let probeLimit: Duration
    private let meter: ConnectionMeter
    private let pool = Mutex<Pool?>(nil)
    /// Where views are, once they have been put in place.
    let scopedSchema = Mutex<ScopedSchema?>(nil)

    /// Keeps migrations apart: the letters of `concord`, as an advisory lock's number.
    static let migrationLock: Int64 = 0x63_6F6E_636F_7264

    public convenience init(configuration: ModuleConfiguration, context: ModuleContext) throws(ModuleError) {
        let url = configuration.secret("url")
        guard !url.revealed().isEmpty else { throw .misconfigured(key: "url", detail: "must name a database") }
        do {
            _ = try ConnectionText(url.revealed())
        } catch {
            throw .misconfigured(key: "url", detail: error.detail)
        }
        self.init(
            url: url, poolSize: configuration.integer("pool_size"), overflowMax: configuration.integer("max_overflow"),
            statementTimeout: configuration.duration("statement_timeout"), metrics: context.metrics)
    }

    /// A backend for commands and tests that have no configuration.
    ///
    /// - Parameters:
    ///   - poolSize: Connections that stay once they were needed, at least 1.
    ///   - overflowMax: Connections beyond those when all are busy.
    ///   - statementTimeout: How long the server lets one statement run.
    ///   - waitMax: How long a call waits for a connection before it is told `unavailable`.
    ///   - probeLimit: How long ``health()`` may take.
    ///   - metrics: Where busy and idle connections are counted.
    public init(
        url: Secret, poolSize: Int = 20, overflowMax: Int = 10, statementTimeout: Duration = .seconds(30),
        waitMax: Duration = .seconds(5), probeLimit: Duration = .milliseconds(800), metrics: (any Metrics)? = nil
    ) {
        target = Target(url: url, statementTimeout: statementTimeout)
        size = Pool.Size(sizeMin: poolSize, overflowMax: overflowMax)
        self.waitMax = waitMax
        self.probeLimit = probeLimit
        meter = ConnectionMeter(metrics)
    }

    /// Connects once and puts the functions modules may use into the database, where they are not there yet.
    ///
    /// - Throws: ``ModuleError/unavailable(reason:)`` with the server's words when it cannot be reached or refuses.
    public func start() async throws {
        try await open {
            let found = try await self.rows(SetUp.check, deadline: nil).first?.integer(0)
            if found == SetUp.functionsTotal { return }
            try await self.migrationTransaction { try $0.executeScript(SetUp.script) }
        }
    }

    /// Connects once.
    public func startInspecting() async throws {
        try await open { _ = try await self.rows("SELECT 1", deadline: nil) }
    }

    private func open(_ first: () async throws -> Void) async throws {
        guard pool.withLock({ $0 == nil }) else { return }
        let opened = try Pool(target: target, size: size, waitMax: waitMax, meter: meter)
        pool.withLock { $0 = opened }
        do {
            try await first()
        } catch {
            await stop()
            let reason = (error as? StorageError)?.reason ?? "\(error)"
            throw ModuleError.unavailable(reason: "cannot use the PostgreSQL database: \(reason)")
        }
    }

    /// Asks the server one thing. It says `degraded` while every connection is busy, or when the server takes no writes.
    public func health() async -> ModuleHealth {
        do {
            let answer = try await rows(
                "SELECT pg_is_in_recovery() AS is_standby",
                deadline: .now + probeLimit)
            return answer.first?.boolean(0) == true ? .degraded(reason: "the server takes no writes") : .ok
        } catch {
            let isExhausted = pool.withLock { $0 }?.isExhausted ?? false
            if isExhausted { return .degraded(reason: "all \(size.total) connections are busy") }
            return .failed(reason: error.reason)
        }
    }

    /// Finishes what is queued and closes every connection.
    public func stop() async {
        let closing = pool.withLock { pool in
            defer { pool = nil }
            return pool
        }
        await closing?.close()
    }

    public func rows(_ sql: SQL, deadline: ContinuousClock.Instant?) async throws(StorageError) -> Rows {
        let pool = try running()
        let call = Call<Result<Rows, StorageError>>(deadline: deadline) { .failure($0) }
        return try await call.answer {
            pool.submit(ReadJob(statement: StatementText(sql, for: dialect), call: call))
        }.get()
    }

    @discardableResult
    public func transaction<Output: Sendable>(
        deadline: ContinuousClock.Instant?,
        _ body: @escaping @Sendable (any Transaction) throws -> Output
    ) async throws -> Output {
        let call = Call<Result<Output, any Error>>(deadline: deadline) { .failure($0) }
        return try await submitted(BodyJob(kind: .ordinary(deadline: deadline), body: body, call: call))
    }

    /// An advisory lock of the database keeps the migrations of every host apart.
    @discardableResult
    public func migrationTransaction<Output: Sendable>(
        _ body: @escaping @Sendable (any Transaction) throws -> Output
    ) async throws -> Output {
        let call = Call<Result<Output, any Error>>(deadline: nil) { .failure($0) }
        return try await submitted(BodyJob(kind: .exclusive(lock: Self.migrationLock), body: body, call: call))
    }

    /// Queues a job and waits for its caller's answer.
    func submitted<Output: Sendable>(_ job: BodyJob<Output>) async throws -> Output {
        let pool = try running()
        return try await job.call.answer { pool.submit(job) }.get()
    }

    private func running() throws(StorageError) -> Pool {
        guard let pool = pool.withLock({ $0 }) else { throw .unavailable(reason: "the database is not open") }
        return pool
    }
}
