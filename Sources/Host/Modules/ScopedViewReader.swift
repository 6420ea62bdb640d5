import BuiltIn
import PluginAPI

/// The views of all modules, as a storage shows them.
struct ScopedViewReader: ViewReader {
    private let storage: any ScopedStorage

    init(_ storage: any ScopedStorage) {
        self.storage = storage
    }

    /// Puts the views into the database.
    func provide() async throws(StorageError) { try await storage.provide(BuiltInModules.views) }

    func rows(_ sql: SQL, for request: Request, rowsMax: Int, bytesMax: Int) async throws -> Rows {
        let scope: ScopedQuery.Scope = request.isForPlatform ? .platform : .accounts(request.accounts)
        return try await rows(
            ScopedQuery(sql, scope: scope, rowsMax: rowsMax, bytesMax: bytesMax), deadline: request.deadline)
    }

    /// Another host may have taken the views out for a migration, or nobody has put them in yet: then that is done.
    func rows(_ query: ScopedQuery, deadline: ContinuousClock.Instant?) async throws -> Rows {
        do {
            return try await storage.rows(query, deadline: deadline)
        } catch StorageError.statement {
            try await provide()
            return try await storage.rows(query, deadline: deadline)
        }
    }
}
