import PluginAPI

/// The storage lent to modules that come before there is one: storage and cache backends themselves.
struct NoStorage: StorageBackend {
    static let descriptor = ModuleDescriptor(id: "unavailable", summary: "No storage")
    private static let reason = StorageError.unavailable(reason: "no storage is open yet")

    init() {}
    init(configuration: ModuleConfiguration, context: ModuleContext) throws(ModuleError) {}

    var dialect: SQLDialect { .sqlite }

    func rows(_ sql: SQL, deadline: ContinuousClock.Instant?) async throws(StorageError) -> Rows {
        throw Self.reason
    }

    func transaction<Result: Sendable>(
        deadline: ContinuousClock.Instant?,
        _ body: @escaping @Sendable (any Transaction) throws -> Result
    ) async throws -> Result {
        throw Self.reason
    }

    func migrationTransaction<Result: Sendable>(
        _ body: @escaping @Sendable (any Transaction) throws -> Result
    ) async throws -> Result {
        throw Self.reason
    }
}
