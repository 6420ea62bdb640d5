public import PluginAPI
import Synchronization

/// The shared record: users, accounts, instruments, the bot's book and the broker's, and the commands that fill them.
public final class BookModule: QueryService, AccountDirectory {
    public static let descriptor = ModuleDescriptor(
        id: "book",
        summary: "Accounts, instruments, the bot's book and the broker's snapshots"
    )
    public static let configuration = ConfigurationSpec([InstrumentSettings.specification])
    public static var migrations: [Migration] { BookMigrations.all }

    let context: ModuleContext
    let instruments: InstrumentStore
    private let attached = Mutex<[any IngestStage]>([])

    public init(configuration: ModuleConfiguration, context: ModuleContext) throws(ModuleError) {
        self.context = context
        instruments = InstrumentStore(configured: try InstrumentSettings.book(configuration))
    }

    /// Adds a stage behind those already there. Modules attach theirs in `init`, which runs in dependency order.
    public func attach(_ stage: any IngestStage) {
        attached.withLock { $0.append(stage) }
    }

    var stages: [any IngestStage] { attached.withLock { $0 } }
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
