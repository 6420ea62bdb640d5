import CSQLite
import Glibc
import PluginAPI
import StorageWork

/// Where a database is put back. Whoever uses it holds the lock of the place.
struct DatabasePlace {
    let path: String
    let caller: any Interruptible

    init(path: String, caller: any Interruptible) {
        self.path = path
        self.caller = caller
    }

    /// - Parameter path: May be a link, which stays one: SQLite keeps a database's other files beside the file itself, too.
    init(resolving path: String, caller: any Interruptible) {
        let resolved = realpath(path, nil)
        defer { free(resolved) }
        self.init(path: resolved.map { String(cString: $0) } ?? path, caller: caller)
    }

    /// - Throws: ``RestorePlaceOccupied`` when there is a database with a table in it.
    func requireEmpty() throws {
        guard access(path, F_OK) == 0 else { return }
        let tables = try opened().texts(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND substr(name, 1, 7) <> 'sqlite_' ORDER BY name")
        guard tables.isEmpty else {
            let first = tables.prefix(3).joined(separator: ", ") + (tables.count > 3 ? ", …" : "")
            throw RestorePlaceOccupied(
                reason: "the database \(path) has \(tables.count) tables already (\(first))")
        }
    }

    /// Puts a copy of `file` in the database's place, or leaves everything as it was.
    func restore<Output>(from file: String, _ body: (StoredCopy) throws -> Output) throws -> Output {
        let arriving = path + ".restoring"
        // Whoever left one behind was ended; the lock says that nobody writes it now.
        unlink(arriving)
        defer { unlink(arriving) }
        try FileCopy(from: file, to: arriving, caller: caller).make()
        let copy = DatabaseCopy(path: arriving, caller: caller)
        let output = try copy.inspect(body)
        try copy.openForHosts()
        try foldPrevious()
        try keepOwner(of: path, for: arriving)
        guard rename(arriving, path) == 0 else { throw failure("cannot be replaced") }
        try FileCopy.syncDirectory(of: path)
        return output
    }

    /// Makes the present database one file again: a write-ahead log that is left beside would be taken for the new one's.
    private func foldPrevious() throws {
        if access(path, F_OK) == 0 {
            let previous = try opened()
            guard (try? previous.texts("PRAGMA journal_mode = DELETE")) == ["delete"] else {
                if caller.isOver { throw StorageError.timedOut }
                throw ModuleError.unavailable(reason: "\(path) is in use by another program; end it and try again")
            }
        }
        var status = stat()
        guard stat(path + "-wal", &status) != 0 || status.st_size == 0 else {
            throw ModuleError.unavailable(
                reason: "\(path)-wal is the log of a database that is not there; move it away and try again")
        }
    }

    private func opened() throws(ModuleError) -> DatabaseHandle {
        do {
            let database = try DatabaseHandle(path: path, flags: SQLITE_OPEN_READWRITE, for: caller)
            _ = try database.texts("SELECT count(*) FROM sqlite_master")
            return database
        } catch {
            throw .unavailable(
                reason: "the database \(path) cannot be opened: \(error.reason); if it is past saving, move it away "
                    + "together with \(path)-wal and \(path)-shm and try again")
        }
    }

    private func keepOwner(of previous: String, for arriving: String) throws {
        var status = stat()
        guard stat(previous, &status) == 0 else { return }
        guard chmod(arriving, status.st_mode & 0o7777) == 0 else { throw failure("cannot be given its mode") }
        // Only root can, and only root needs to.
        if getuid() == 0, chown(arriving, status.st_uid, status.st_gid) != 0 {
            throw failure("cannot be given its owner")
        }
    }

    private func failure(_ detail: String) -> ModuleError {
        .unavailable(reason: "the database \(path) \(detail): \(String(cString: strerror(errno)))")
    }
}
