import CSQLite
import Glibc
import PluginAPI
import StorageWork

/// One connection to the database, and the prepared statements it keeps.
///
/// `@unchecked Sendable`: it is opened by one thread, handed once to the worker thread it belongs to before that thread
/// starts, and touched by no other thread afterwards.
final class Connection: @unchecked Sendable {
    /// What a connection is for.
    enum Role {
        case reader, writer
    }

    /// Statements that steer transactions. Only the writer may use them; those in a body's SQL are refused.
    enum Control: String, CaseIterable {
        case begin = "BEGIN IMMEDIATE"
        case commit = "COMMIT"
        case rollBack = "ROLLBACK"
        case savepoint = "SAVEPOINT body"
        case rollBackToSavepoint = "ROLLBACK TO body"
        case release = "RELEASE body"
    }

    /// Room made ahead for the cells of a result, so that a long one does not make all later ones large.
    private static let cellsReservedMax = 4_096

    /// The call whose statement runs now; over calls are interrupted.
    var current: (any Interruptible)?

    let database: OpaquePointer
    /// For statements of people who are not trusted.
    let scoping = Scoping()
    private let role: Role
    private var statements: StatementCache<Statement>
    private var controls: [Control: Statement] = [:]
    /// A ``Control`` runs now. SQLite may ask again for leave to run one after a change of schema.
    private var isSteering = false

    /// Refused when something else in the process has used SQLite before; then its allocations are counted as ever.
    private static let memoryCounts = concord_sqlite_forgo_memory_counts()

    init(path: String, role: Role) throws(StorageError) {
        _ = Self.memoryCounts
        var handle: OpaquePointer?
        let access = role == .writer ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY
        let code = sqlite3_open_v2(path, &handle, access | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nil)
        guard code == SQLITE_OK, let handle else {
            let message = handle.map { String(cString: sqlite3_errmsg($0)) } ?? "out of memory"
            sqlite3_close_v2(handle)
            throw StorageError(code: code, message: message)
        }
        database = handle
        self.role = role
        statements = StatementCache()
        try prepareForWork()
    }

    /// Runs a statement and collects its rows.
    func rows(_ sql: SQL) throws(StorageError) -> Rows {
        let prepared = StatementText(sql, for: .sqlite)
        let statement = try statement(prepared.text)
        guard role == .writer || statement.isReadOnly else {
            throw .statement("writes outside a transaction: \(prepared.text)")
        }
        defer { statement.reset() }
        try statement.bind(prepared.values)
        return try collect(statement)
    }

    /// Runs a statement. - Returns: How many rows it changed itself, without those its constraints and triggers changed.
    func execute(_ sql: SQL) throws(StorageError) -> Int {
        let prepared = StatementText(sql, for: .sqlite)
        let statement = try statement(prepared.text)
        defer { statement.reset() }
        let changesBefore = changesTotal
        try statement.bind(prepared.values)
        try runToEnd(statement)
        return changesTotal == changesBefore ? 0 : Int(sqlite3_changes64(database))
    }

    func executeMany(_ text: String, _ rows: [[Value]]) throws(StorageError) {
        let statement = try statement(text)
        defer { statement.reset() }
        for values in rows {
            // Every row binds every parameter anew.
            statement.rewind()
            try statement.bind(values)
            try runToEnd(statement)
        }
    }

    /// Runs statements one after the other; none has parameters.
    func executeScript(_ script: String) throws(StorageError) {
        var rest = Array(script.utf8CString)[...]
        while rest.count > 1 {
            let (handle, consumed) = try prepareFirst(of: rest)
            rest = rest.dropFirst(consumed)
            guard let handle else { continue }
            try runToEnd(Statement(handle: handle, text: script))
        }
    }

    /// Rows inserted, updated or deleted since the connection was opened.
    var changesTotal: Int64 { sqlite3_total_changes64(database) }

    /// Whether a transaction is open. SQLite ends one by itself after some errors.
    var isInTransaction: Bool { sqlite3_get_autocommit(database) == 0 }

    func control(_ control: Control) throws(StorageError) {
        guard let statement = controls[control] else { throw .statement("a reader cannot \(control.rawValue)") }
        isSteering = true
        defer {
            isSteering = false
            statement.reset()
        }
        try runToEnd(statement)
    }

    /// Undoes an open transaction, if there is one.
    func rollBack() {
        // Fails only when SQLite has rolled back already, which is what is wanted.
        if isInTransaction { try? control(.rollBack) }
    }

    /// Folds the write-ahead log into the database. Without it the next start does the same, more slowly.
    func checkpoint() {
        sqlite3_wal_checkpoint_v2(database, nil, SQLITE_CHECKPOINT_TRUNCATE, nil, nil)
    }

    func close() {
        scoping.statements = StatementCache()
        controls = [:]
        statements = StatementCache()
        sqlite3_close_v2(database)
    }
}

// MARK: - Opening

extension Connection {
    /// Pages of the database that a connection keeps. Readers are several and find the rest in the kernel's own memory.
    private static let writerCacheKiB = 4_096
    private static let readerCacheKiB = 1_024

    private func prepareForWork() throws(StorageError) {
        installHandlers()
        refuseTransactionStatements()
        try check(DecimalFunctions.register(on: database), in: "decimal functions")
        try check(concord_sqlite_quoted_is_name(database), in: "quotes")
        try check(TimeFunctions.register(on: database), in: "time functions")
        try check(Self.registerScope(on: database, Unmanaged.passUnretained(self).toOpaque()), in: "the scope")
        if role == .writer {
            try requireWriteAheadLog()
            isSteering = true
            defer { isSteering = false }
            for control in Control.allCases { controls[control] = try prepare(control.rawValue) }
        }
        try executeScript(
            """
            PRAGMA synchronous = FULL;
            PRAGMA foreign_keys = ON;
            PRAGMA trusted_schema = OFF;
            PRAGMA case_sensitive_like = ON;
            PRAGMA temp_store = MEMORY;
            PRAGMA cache_size = -\(role == .writer ? Self.writerCacheKiB : Self.readerCacheKiB);
            PRAGMA wal_autocheckpoint = 4000;
            """)
    }

    private func requireWriteAheadLog() throws(StorageError) {
        let mode = try rows("PRAGMA journal_mode = WAL").first?.text(0)
        guard mode == "wal" else {
            throw .unavailable(
                reason: "its file system does not allow the write-ahead log SQLite needs (\(mode ?? "?"))")
        }
    }

    /// A statement is interrupted between two of SQLite's steps when the call it runs for is over; so is the wait for
    /// another program's lock.
    private func installHandlers() {
        let own = Unmanaged.passUnretained(self).toOpaque()
        sqlite3_progress_handler(
            database, 1_000,
            { own in Connection.borrowed(own)?.current?.isOver == true ? 1 : 0 }, own)
        sqlite3_busy_handler(
            database,
            { own, attempts in
                // Five seconds in steps of five milliseconds.
                guard attempts < 1_000, Connection.borrowed(own)?.current?.isOver != true else { return 0 }
                usleep(5_000)
                return 1
            }, own)
    }

    /// No text may begin or end a transaction or open another database, except the connection's own ``Control``s. What else a
    /// statement may do that is not trusted, its ``ScopeGate`` says.
    private func refuseTransactionStatements() {
        sqlite3_set_authorizer(
            database,
            { own, action, first, second, _, reader in
                switch action {
                case SQLITE_ATTACH, SQLITE_DETACH: return SQLITE_DENY
                case SQLITE_TRANSACTION, SQLITE_SAVEPOINT:
                    return Connection.borrowed(own)?.isSteering == true ? SQLITE_OK : SQLITE_DENY
                default:
                    guard let connection = Connection.borrowed(own), connection.scoping.gate != nil else {
                        return SQLITE_OK
                    }
                    let words = [first, second, reader].map { word in word.map { String(cString: $0) } }
                    return connection.lets(action, words[0], words[1], reader: words[2]) ? SQLITE_OK : SQLITE_DENY
                }
            }, Unmanaged.passUnretained(self).toOpaque())
    }

    private static func borrowed(_ pointer: UnsafeMutableRawPointer?) -> Connection? {
        pointer.map { Unmanaged<Connection>.fromOpaque($0).takeUnretainedValue() }
    }
}

// MARK: - Statements

extension Connection {
    private func statement(_ text: String) throws(StorageError) -> Statement {
        if let kept = statements.find(text) { return kept }
        let statement = try prepare(text)
        statements.keep(statement)
        return statement
    }

    func prepare(_ text: String) throws(StorageError) -> Statement {
        let (handle, consumed) = try prepareFirst(of: Array(text.utf8CString)[...])
        guard let handle else { throw .statement("no statement in: \(text)") }
        let statement = Statement(handle: handle, text: text)
        guard text.utf8.dropFirst(consumed).allSatisfy({ $0 <= 0x20 || $0 == UInt8(ascii: ";") }) else {
            throw .statement("more than one statement in: \(text)")
        }
        return statement
    }

    /// Prepares the first statement of a text that ends with a zero byte.
    /// - Returns: `nil` for white space and comments, and how many bytes were used.
    private func prepareFirst(of text: ArraySlice<CChar>) throws(StorageError) -> (OpaquePointer?, consumed: Int) {
        var handle: OpaquePointer?
        var consumed = 0
        let code = text.withUnsafeBufferPointer { bytes in
            var tail: UnsafePointer<CChar>?
            let code = sqlite3_prepare_v3(
                database, bytes.baseAddress, Int32(clamping: bytes.count), UInt32(SQLITE_PREPARE_PERSISTENT), &handle,
                &tail)
            if let tail, let start = bytes.baseAddress { consumed = start.distance(to: tail) }
            return code
        }
        try check(code, in: String(decoding: text.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self))
        return (handle, max(consumed, 1))
    }

    private func collect(_ statement: Statement) throws(StorageError) -> Rows {
        var cells: [Value] = []
        var code = try step(statement)
        let columns = statement.columns
        if code == SQLITE_ROW { cells.reserveCapacity(max(columns.count, statement.lastCellsTotal)) }
        while code == SQLITE_ROW {
            try statement.appendRow(to: &cells, columnsTotal: columns.count)
            code = try step(statement)
        }
        statement.lastCellsTotal = min(cells.count, Connection.cellsReservedMax)
        return Rows(columns: columns, cells: cells, encoding: .scaled)
    }

    private func runToEnd(_ statement: Statement) throws(StorageError) {
        while try step(statement) == SQLITE_ROW {}
    }

    func step(_ statement: Statement) throws(StorageError) -> Int32 {
        let code = sqlite3_step(statement.handle)
        if code == SQLITE_ROW || code == SQLITE_DONE { return code }
        try check(code, in: statement.text)
        return code
    }

    private func check(_ code: Int32, in text: String) throws(StorageError) {
        guard code != SQLITE_OK else { return }
        throw StorageError(code: code, message: "\(String(cString: sqlite3_errmsg(database))) in: \(text)")
    }
}
