import PluginAPI
import StorageWork

/// The transaction a body is given: statements on one connection.
struct PostgresTransaction: Transaction {
    let connection: Connection

    var dialect: SQLDialect { .postgres }

    func rows(_ sql: SQL) throws(StorageError) -> Rows {
        try open { () throws(ServerFailure) in try connection.rows(sql) }
    }

    func execute(_ sql: SQL) throws(StorageError) -> Int {
        try open { () throws(ServerFailure) in try connection.execute(sql) }
    }

    func executeMany(_ statement: String, _ rows: [[Value]]) throws(StorageError) {
        try open { () throws(ServerFailure) in try connection.executeMany(statement, rows) }
    }

    func executeScript(_ script: String) throws(StorageError) {
        try open { () throws(ServerFailure) in try connection.executeScript(script) }
    }

    /// A body that goes on after an error the server gave up the transaction for is told so, and so is one that ended it.
    private func open<Result>(_ body: () throws(ServerFailure) -> Result) throws(StorageError) -> Result {
        guard !connection.hasFailedTransaction else {
            throw .unavailable(reason: "the transaction was given up after an earlier error")
        }
        let result: Result
        do {
            result = try body()
        } catch {
            throw error.error
        }
        guard connection.isInTransaction else { throw .statement("a script ended its transaction") }
        return result
    }
}
