public import PluginAPI

/// A storage that answers nothing, for modules that are tested without one.
public struct NoStorage: StorageBackend {
    public static let descriptor = ModuleDescriptor(id: "unavailable", summary: "No storage")
    private static let reason = StorageError.unavailable(reason: "no storage is open yet")

    public init() {}
    public init(configuration: ModuleConfiguration, context: ModuleContext) throws(ModuleError) {}

    public var dialect: SQLDialect { .sqlite }

    public func rows(_ sql: SQL, deadline: ContinuousClock.Instant?) async throws(StorageError) -> Rows {
        throw Self.reason
    }

    public func transaction<Result: Sendable>(
        deadline: ContinuousClock.Instant?,
        _ body: @escaping @Sendable (any Transaction) throws -> Result
    ) async throws -> Result {
        throw Self.reason
    }

    public func migrationTransaction<Result: Sendable>(
        _ body: @escaping @Sendable (any Transaction) throws -> Result
    ) async throws -> Result {
        throw Self.reason
    }
}
