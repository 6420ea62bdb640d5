import CSQLite
import PluginAPI
import StorageWork

/// A copy of a database in one file: how it is made from a live one, and how it is looked at.
struct DatabaseCopy {
    /// The file.
    let path: String
    let caller: any Interruptible

    /// Pages copied between two looks at the caller.
    private static let pagesPerStep: Int32 = 1_024

    /// Fills the file, which is there and empty, with what another database holds at one moment.
    ///
    /// One read transaction of the write-ahead log pins that moment: nobody who writes waits, and nothing written later
    /// makes the copy begin again.
    func fill(from source: String) throws(StorageError) {
        let original = try DatabaseHandle(path: source, flags: SQLITE_OPEN_READONLY, for: caller)
        try original.run("BEGIN; SELECT count(*) FROM sqlite_master")
        try copyPages(of: original)
        // A copy says of itself that it has a write-ahead log, as the original does; alone in its file it has none.
        let copy = try DatabaseHandle(path: path, flags: SQLITE_OPEN_READWRITE, for: caller)
        guard try copy.texts("PRAGMA journal_mode = DELETE") == ["delete"] else {
            throw .unavailable(reason: "the copy cannot be closed for good")
        }
    }

    private func copyPages(of original: DatabaseHandle) throws(StorageError) {
        let copy = try DatabaseHandle(path: path, flags: SQLITE_OPEN_READWRITE, for: caller)
        try copy.run("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF")
        guard let backup = sqlite3_backup_init(copy.pointer, "main", original.pointer, "main") else {
            return try copy.check(sqlite3_errcode(copy.pointer))
        }
        var code = SQLITE_OK
        while code == SQLITE_OK {
            if caller.isOver {
                sqlite3_backup_finish(backup)
                throw .timedOut
            }
            code = sqlite3_backup_step(backup, Self.pagesPerStep)
        }
        let finished = sqlite3_backup_finish(backup)
        guard code == SQLITE_DONE else {
            throw StorageError(code: code, message: String(cString: sqlite3_errmsg(copy.pointer)))
        }
        try copy.check(finished)
    }

    /// Gives the database the write-ahead log that hosts keep, so that one can start while a shell reads it.
    func openForHosts() throws {
        let database = try DatabaseHandle(path: path, flags: SQLITE_OPEN_READWRITE, for: caller)
        try database.run("PRAGMA synchronous = FULL")
        let mode = try database.texts("PRAGMA journal_mode = WAL")
        guard mode == ["wal"] else {
            throw StorageError.unavailable(
                reason: "its file system does not allow the write-ahead log SQLite needs (\(mode.first ?? "?"))")
        }
    }

    /// Checks the file's structure and lends what it holds.
    ///
    /// - Throws: ``StorageError/unavailable(reason:)`` when SQLite finds it damaged, and what `body` throws.
    func inspect<Output>(_ body: (StoredCopy) throws -> Output) throws -> Output {
        let database = try DatabaseHandle(path: path, flags: SQLITE_OPEN_READONLY, for: caller)
        let found = try database.texts("PRAGMA integrity_check(10)")
        guard found == ["ok"] else {
            throw StorageError.unavailable(reason: "the database is damaged: \(found.joined(separator: "; "))")
        }
        let tables = try TableDigest.tables(of: database)
        let reader = try Connection(path: path, role: .reader)
        reader.current = caller
        defer { reader.close() }
        return try body(
            StoredCopy(
                tables: tables, transaction: CopyTransaction(connection: reader),
                notes: ["sqlite": String(cString: sqlite3_libversion())]))
    }
}

/// Reads a copy; nobody else has it, so that no transaction is needed.
private struct CopyTransaction: Transaction {
    let connection: Connection

    var dialect: SQLDialect { .sqlite }

    func rows(_ sql: SQL) throws(StorageError) -> Rows { try connection.rows(sql) }
    func execute(_ sql: SQL) throws(StorageError) -> Int { throw Self.refusal }
    func executeMany(_ statement: String, _ rows: [[Value]]) throws(StorageError) { throw Self.refusal }
    func executeScript(_ script: String) throws(StorageError) { throw Self.refusal }

    private static let refusal = StorageError.statement("a copy is only read")
}
