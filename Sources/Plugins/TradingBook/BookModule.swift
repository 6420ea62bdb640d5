public import PluginAPI
import Synchronization

/// The shared record: users, accounts, instruments, the bot's book and the broker's, and the commands that fill them.
public final class BookModule: QueryService, AccountDirectory, ExtensibleModule {
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
    private let extensions = Mutex(BookExtensions())
    /// Where events wait for their observers.
    public let outbox: Outbox

    /// Moved within a moment.
    private static let bytesMovedAtStartMax: Int64 = 16 << 20
    private static let retentionInterval: Duration = .seconds(3_600)
    /// Longer than any call of the scheduler.
    private static let retentionLease: Duration = .seconds(120)

    public init(configuration: ModuleConfiguration, context: ModuleContext) throws(ModuleError) {
        self.context = context
        outbox = Outbox(storage: context.storage)
        instruments = InstrumentStore(configured: try InstrumentSettings.book(configuration))
        retentionSettings = RetentionSettings(configuration)
        retention = Retention(
            context: context,
            job: Job(
                name: "retention", every: Self.retentionInterval, lease: Self.retentionLease,
                holder: String(UInt64.random(in: .min ... .max), radix: 16)))
    }

    /// Takes in what those of the modules bring that are a ``BookExtension``, in place of what was there. An ingest that has
    /// begun ends with the stages that it began with.
    public func extend(with dependents: [any Module]) {
        extend(BookExtensions(dependents.compactMap { $0 as? any BookExtension }))
        outbox.connect(
            dependents.compactMap { $0 as? any EventObserver }.flatMap { observer in
                observer.subscriptions.map { (type(of: observer).descriptor.id, $0) }
            })
    }

    func extend(_ new: BookExtensions) { extensions.withLock { $0 = new } }

    /// Every table that PostgreSQL keeps in partitions.
    public var partitionedTables: [PartitionedTable] { extensions.withLock { $0.tables } }

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

    var stages: [any IngestStage] { extensions.withLock { $0.stages } }
    var sweeps: [Sweep] { extensions.withLock { $0.sweeps } }
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

    /// An expression for the canonical symbol of what a broker, a bot or a client calls `symbol`, for the filter of a query,
    /// which then needs no statement before it.
    public func canonicalSymbol(_ symbol: String) -> SQL { instruments.canonicalSymbol(symbol) }
}
