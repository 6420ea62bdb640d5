public import PluginAPI
import StorageWork
import Synchronization

/// People who write SQL themselves read temporary views of the reading connections, behind an authorizer.
extension SQLiteStorageModule: ScopedStorage {
    /// Connections put them in place when they are next asked.
    public func provide(_ views: [StoredView]) async throws(StorageError) {
        self.views.withLock { kept in
            let version = (kept?.version ?? 0) + 1
            kept = ScopedViews(views, version: version)
        }
    }

    /// Temporary views are no part of the database.
    public func removeViews() async throws(StorageError) {}

    public func inspect(_ sql: SQL, over views: [StoredView], isForPlatform: Bool) async throws -> [ScopedColumn] {
        let (path, views) = (path, ScopedViews(views, version: 1))
        return try await OwnThread.run { caller in
            let connection = try Connection(path: path, role: .reader)
            defer { connection.close() }
            connection.current = caller
            return try connection.inspect(sql, over: views, isFiltered: !isForPlatform)
        }
    }

    public func rows(_ query: ScopedQuery, deadline: ContinuousClock.Instant?) async throws -> Rows {
        let views = try provided()
        return try await readScoped(deadline: deadline) { try $0.rows(query, over: views) }
    }

    private func provided() throws(StorageError) -> ScopedViews {
        guard let views = views.withLock({ $0 }) else { throw .unavailable(reason: "no views are in place yet") }
        return views
    }
}
