public import PluginAPI
import Synchronization

/// The shared record: users, accounts, instruments, the bot's book and the broker's, and the commands that fill them.
public final class BookModule: QueryService, AccountDirectory {
    public static let descriptor = ModuleDescriptor(
        id: "book",
        summary: "Accounts, instruments, the bot's book and the broker's snapshots"
    )
    public static let configuration = ConfigurationSpec([
        InstrumentSettings.specification, RetentionSettings.specification,
    ])
    public static var migrations: [Migration] { BookMigrations.all }

    let context: ModuleContext
    let instruments: InstrumentStore
    /// How long rows are kept, for modules that attach sweeps.
    public let retentionSettings: RetentionSettings
    let retention: Retention
    let memory = BookMemory()
    private let attached = Mutex<[any IngestStage]>([])
    private let attachedSweeps = Mutex<[Sweep]>([])
    private let attachedTables = Mutex<[PartitionedTable]>([])

    /// Moved within a moment.
    private static let bytesMovedAtStartMax: Int64 = 16 << 20
    private static let retentionInterval: Duration = .seconds(3_600)
    /// Longer than any call of the scheduler.
    private static let retentionLease: Duration = .seconds(120)

    public init(configuration: ModuleConfiguration, context: ModuleContext) throws(ModuleError) {
        self.context = context
        instruments = InstrumentStore(configured: try InstrumentSettings.book(configuration))
        retentionSettings = RetentionSettings(configuration)
        retention = Retention(
            context: context,
            job: Job(
                name: "retention", every: Self.retentionInterval, lease: Self.retentionLease,
                holder: String(UInt64.random(in: .min ... .max), radix: 16)))
    }

    /// Adds a stage behind those already there. Modules attach theirs in `init`, which runs in dependency order.
    public func attach(_ stage: any IngestStage) {
        attached.withLock { $0.append(stage) }
    }

    /// Adds what another module removes of its tables when it is past its keeping, as part of the book's hourly job.
    public func attach(_ sweeps: [Sweep]) {
        attachedSweeps.withLock { $0 += sweeps }
    }

    /// Adds a table of another module whose partitions the same job looks after.
    public func attach(_ table: PartitionedTable) {
        attachedTables.withLock { $0.append(table) }
    }

    /// Every table that PostgreSQL keeps in partitions.
    public var partitionedTables: [PartitionedTable] { attachedTables.withLock { $0 } }

    /// Makes the partitions of months to come, so that a new database has them before its first row. What keeps them from
    /// being made is no reason not to start: the default partition takes their rows, and the hourly job tries again.
    public func start() async throws {
        for table in partitionedTables {
            do {
                try await MonthlyPartitions(of: table, in: context.storage)
                    .create(at: context.clock.now, bytesMovedMax: Self.bytesMovedAtStartMax)
            } catch {
                context.logger.warning("partitions not made", ["table": table.name, "reason": "\(error)"])
            }
        }
    }

    var stages: [any IngestStage] { attached.withLock { $0 } }
    var sweeps: [Sweep] { attachedSweeps.withLock { $0 } }
    var queries: AccountQueries { AccountQueries(storage: context.storage) }

    public var operations: [Operation] { accountOperations + instrumentOperations + ingestOperations }

    public func accounts(of user: String) async throws(StorageError) -> [String] {
        let rows = try await context.storage.rows(
            "SELECT account_id FROM accounts WHERE user_id = \(user) ORDER BY account_id")
        return rows.compactMap { $0.text(0) }
    }

    public func owner(of account: String) async throws(StorageError) -> String? {
        try await context.storage.rows("SELECT user_id FROM accounts WHERE account_id = \(account)").first?.text(0)
    }

    /// The canonical symbol of what a broker, a bot or a client calls `symbol`, for filters.
    public func canonicalSymbol(_ symbol: String) async throws -> String {
        try await instruments.book(resolving: symbol, from: context.storage).canonical(symbol)
    }
}
