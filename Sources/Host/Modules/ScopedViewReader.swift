import BuiltIn
import PluginAPI
import Synchronization

/// The views of all modules, as a storage shows them.
final class ScopedViewReader: ViewReader {
    private let storage: any ScopedStorage
    /// When the views were put in place last; `nil` before the first time.
    private let provided = Mutex<ContinuousClock.Instant?>(nil)

    /// A statement that fails for a reason of its own does not have them put in place at each call.
    private static let pause: Duration = .seconds(5)

    init(_ storage: any ScopedStorage) {
        self.storage = storage
    }

    /// Puts the views into the database.
    func provide() async throws(StorageError) {
        try await storage.provide(BuiltInModules.views)
        provided.withLock { $0 = .now }
    }

    func rows(_ sql: SQL, for request: Request, rowsMax: Int, bytesMax: Int) async throws -> Rows {
        let scope: ScopedQuery.Scope = request.isForPlatform ? .platform : .accounts(request.accounts)
        return try await rows(
            ScopedQuery(sql, scope: scope, rowsMax: rowsMax, bytesMax: bytesMax), deadline: request.deadline)
    }

    /// The first statement puts the views in place. Another host may have taken them out for a migration since: then that is
    /// done again.
    func rows(_ query: ScopedQuery, deadline: ContinuousClock.Instant?) async throws -> Rows {
        let last = provided.withLock { $0 }
        if last == nil { try await provide() }
        do {
            return try await storage.rows(query, deadline: deadline)
        } catch StorageError.statement(let reason) {
            guard let last, .now - last > Self.pause else { throw StorageError.statement(reason) }
            try await provide()
            return try await storage.rows(query, deadline: deadline)
        }
    }
}
