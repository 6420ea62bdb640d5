import PluginAPI
import StorageWork

/// The transaction a body is given: statements on the writer's connection, inside the body's savepoint.
struct SQLiteTransaction: Transaction {
    let connection: Connection

    var dialect: SQLDialect { .sqlite }

    func rows(_ sql: SQL) throws(StorageError) -> Rows {
        try requireOpen()
        return try connection.rows(sql)
    }

    func execute(_ sql: SQL) throws(StorageError) -> Int {
        try requireOpen()
        return try connection.execute(sql)
    }

    func executeMany(_ statement: String, _ rows: [[Value]]) throws(StorageError) {
        try requireOpen()
        try connection.executeMany(statement, rows)
    }

    func executeScript(_ script: String) throws(StorageError) {
        try requireOpen()
        try connection.executeScript(script)
    }

    /// SQLite ends a transaction by itself when it is interrupted or the disk is full; a body that went on after such
    /// an error would write outside any transaction. A body whose caller has given up is stopped at its next statement.
    private func requireOpen() throws(StorageError) {
        if connection.current?.isOver == true { throw .timedOut }
        guard connection.isInTransaction else {
            throw .unavailable(reason: "the transaction was rolled back after an earlier error")
        }
    }
}
