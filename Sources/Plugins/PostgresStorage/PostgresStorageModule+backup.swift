public import PluginAPI
import StorageWork

extension PostgresStorageModule: BackupCapable {
    /// Drives `pg_dump`, in its custom format, which `pg_restore` reads without Concord, too.
    public func backUp<Result: Sendable>(
        into file: String,
        _ body: @escaping @Sendable (StoredCopy) throws -> Result
    ) async throws -> Result {
        try await onConnection { connection, caller in
            try SchemaCopy(connection: connection, file: file, caller: caller).dump(body)
        }
    }

    /// Plays what `pg_restore` writes in one transaction, which is committed when `body` has seen it.
    public func restore<Result: Sendable>(
        from file: String,
        to place: RestorePlace,
        _ body: @escaping @Sendable (StoredCopy) throws -> Result
    ) async throws -> Result {
        try await onConnection { connection, caller in
            func restore(on connection: Connection, replacing: Bool) throws -> Result {
                try SchemaCopy(connection: connection, file: file, caller: caller)
                    .restore(replacing: replacing, lock: Self.migrationLock, body)
            }
            switch place {
            case .storage(let replacing): return try restore(on: connection, replacing: replacing)
            case .throwAway:
                let schema = try SchemaCopy(connection: connection, file: file, caller: caller).schema()
                let database = try ThrowAwayDatabase(beside: connection)
                defer { database.drop() }
                let other = try Self.connect(to: self.target.other(database: database.name), for: caller)
                try ThrowAwayDatabase.makeSchema(schema, on: other)
                return try restore(on: other, replacing: false)
            @unknown default:
                throw ModuleError.unavailable(reason: "this storage does not know the place to restore to")
            }
        }
    }

    private static func connect(
        to target: Target, for caller: any Interruptible
    ) throws(StorageError) -> Connection {
        do {
            return try Connection(to: target, for: caller)
        } catch {
            throw error.error
        }
    }

    private func onConnection<Result: Sendable>(
        _ work: @escaping @Sendable (Connection, any Interruptible) throws -> Result
    ) async throws -> Result {
        let target = target
        do {
            return try await OwnThread.run { caller in
                try work(Self.connect(to: target, for: caller), caller)
            }
        } catch let error as StorageError {
            throw ModuleError.unavailable(reason: error.reason)
        }
    }
}
