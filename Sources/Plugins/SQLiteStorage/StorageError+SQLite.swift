import CSQLite
import PluginAPI

extension StorageError {
    /// The error a SQLite result code stands for.
    init(code: Int32, message: String) {
        switch code & 0xFF {
        case SQLITE_INTERRUPT: self = .timedOut
        case SQLITE_CONSTRAINT: self = .constraint(message)
        case SQLITE_FULL, SQLITE_READONLY, SQLITE_IOERR: self = .full(message)
        case SQLITE_BUSY, SQLITE_LOCKED, SQLITE_CANTOPEN, SQLITE_NOTADB, SQLITE_CORRUPT, SQLITE_NOMEM, SQLITE_PROTOCOL,
            SQLITE_PERM:
            self = .unavailable(reason: message)
        default: self = .statement(message)
        }
    }
}
