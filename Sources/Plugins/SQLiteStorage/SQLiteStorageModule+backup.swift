import Glibc
public import PluginAPI
import StorageWork

extension SQLiteStorageModule: BackupCapable {
    /// Copies the database beside whoever has it open.
    public func backUp<Result: Sendable>(
        into file: String,
        _ body: @escaping @Sendable (StoredCopy) throws -> Result
    ) async throws -> Result {
        let path = path
        return try await Self.onOwnThread { caller in
            guard access(path, F_OK) == 0 else {
                throw ModuleError.unavailable(reason: "the database \(path) is not there")
            }
            let copy = DatabaseCopy(path: file, caller: caller)
            try copy.fill(from: path)
            return try copy.inspect(body)
        }
    }

    /// Copies the file beside the database, checks it there, and renames it into place.
    public func restore<Result: Sendable>(
        from file: String,
        to place: RestorePlace,
        _ body: @escaping @Sendable (StoredCopy) throws -> Result
    ) async throws -> Result {
        let path = path
        return try await Self.onOwnThread { caller in
            switch place {
            case .storage(let replacing):
                try Directory.create(containing: path)
                let lock = try LockFile(path: path + ".lock", of: path)
                defer { lock.release() }
                let place = DatabasePlace(resolving: path, caller: caller)
                if !replacing { try place.requireEmpty() }
                return try place.restore(from: file, body)
            case .throwAway:
                let directory = try Directory.temporary()
                defer { rmdir(directory) }
                let place = DatabasePlace(path: directory + "/concord.db", caller: caller)
                defer { unlink(place.path) }
                return try place.restore(from: file, body)
            @unknown default:
                throw ModuleError.unavailable(reason: "this storage does not know the place to restore to")
            }
        }
    }

    /// The database and what lies beside it while it is used, by every name.
    public var files: [String] {
        // SQLite keeps its files beside the database itself, and the lock lies beside the name in the configuration.
        let resolved = realpath(path, nil)
        defer { free(resolved) }
        let names = [path] + (resolved.map { [String(cString: $0)] } ?? [])
        return names.flatMap { name in ["", "-wal", "-shm", "-journal", ".lock", ".restoring"].map { name + $0 } }
    }

    private static func onOwnThread<Result: Sendable>(
        _ work: @escaping @Sendable (any Interruptible) throws -> Result
    ) async throws -> Result {
        do {
            return try await OwnThread.run(work)
        } catch let error as StorageError {
            throw ModuleError.unavailable(reason: error.reason)
        }
    }
}
