import PluginAPI
import PluginTesting
import Synchronization

/// A storage that remembers which reading statements it was asked.
final class Overheard: StorageBackend {
    static let descriptor = ModuleDescriptor(id: "overheard", summary: "Another storage, overheard")

    private let base: any StorageBackend
    private let asked = Mutex<[SQL]>([])

    init(_ base: any StorageBackend) {
        self.base = base
    }

    convenience init(configuration: ModuleConfiguration, context: ModuleContext) throws(ModuleError) {
        self.init(NoStorage())
    }

    var dialect: SQLDialect { base.dialect }
    var statements: [SQL] { asked.withLock { $0 } }

    func forget() { asked.withLock { $0 = [] } }

    func rows(_ sql: SQL, deadline: ContinuousClock.Instant?) async throws(StorageError) -> Rows {
        asked.withLock { $0.append(sql) }
        return try await base.rows(sql, deadline: deadline)
    }

    func transaction<Output: Sendable>(
        deadline: ContinuousClock.Instant?, _ body: @escaping @Sendable (any Transaction) throws -> Output
    ) async throws -> Output {
        try await base.transaction(deadline: deadline, body)
    }

    func migrationTransaction<Output: Sendable>(
        _ body: @escaping @Sendable (any Transaction) throws -> Output
    ) async throws -> Output {
        try await base.migrationTransaction(body)
    }
}
