import CSQLite
import Glibc
import PluginAPI
import StorageWork

/// A database file opened to be copied or checked, by one thread.
///
/// Unlike a ``Connection`` it may begin transactions and change the journal, and it keeps no statements.
final class DatabaseHandle {
    let pointer: OpaquePointer
    private let caller: any Interruptible

    /// - Parameter caller: Whoever waits; every statement ends when they have gone.
    init(path: String, flags: Int32, for caller: any Interruptible) throws(StorageError) {
        var handle: OpaquePointer?
        let code = sqlite3_open_v2(path, &handle, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nil)
        guard code == SQLITE_OK, let handle else {
            let message = handle.map { String(cString: sqlite3_errmsg($0)) } ?? "out of memory"
            sqlite3_close_v2(handle)
            throw StorageError(code: code, message: message)
        }
        pointer = handle
        self.caller = caller
        listenToCaller()
        try check(DecimalFunctions.register(on: handle))
    }

    /// Ends statements, and the wait of five seconds for another program's lock, when the caller has gone.
    private func listenToCaller() {
        let own = Unmanaged.passUnretained(self).toOpaque()
        sqlite3_progress_handler(pointer, 10_000, { own in DatabaseHandle.isOver(own) ? 1 : 0 }, own)
        sqlite3_busy_handler(
            pointer,
            { own, attempts in
                guard attempts < 1_000, !DatabaseHandle.isOver(own) else { return 0 }
                usleep(5_000)
                return 1
            }, own)
    }

    private static func isOver(_ own: UnsafeMutableRawPointer?) -> Bool {
        own.map { Unmanaged<DatabaseHandle>.fromOpaque($0).takeUnretainedValue().caller.isOver } ?? false
    }

    deinit { sqlite3_close_v2(pointer) }

    /// Runs statements one after the other.
    func run(_ script: String) throws(StorageError) { try check(sqlite3_exec(pointer, script, nil, nil, nil)) }

    /// The first column of every row as text.
    func texts(_ statement: String) throws(StorageError) -> [String] {
        var texts: [String] = []
        try forEachRow(of: statement) { row in
            texts.append(sqlite3_column_text(row, 0).map { String(cString: $0) } ?? "")
        }
        return texts
    }

    /// Gives `body` each row as it comes, so that a table need not fit in memory.
    func forEachRow(of statement: String, _ body: (OpaquePointer) -> Void) throws(StorageError) {
        var handle: OpaquePointer?
        try check(sqlite3_prepare_v2(pointer, statement, -1, &handle, nil))
        defer { sqlite3_finalize(handle) }
        guard let handle else { return }
        while true {
            let code = sqlite3_step(handle)
            if code == SQLITE_DONE { return }
            guard code == SQLITE_ROW else { return try check(code) }
            body(handle)
        }
    }

    func check(_ code: Int32) throws(StorageError) {
        guard code != SQLITE_OK else { return }
        throw StorageError(code: code, message: String(cString: sqlite3_errmsg(pointer)))
    }
}
