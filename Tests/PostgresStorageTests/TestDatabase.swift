import CLibpq
import Glibc
import PluginAPI
import PostgresStorage

/// A database of its own on the server that `scripts/servers/postgres start FOLDER` has started.
struct TestDatabase {
    /// The environment does not say where the test servers are.
    struct NoServer: Error, CustomStringConvertible {
        let name: String
        var description: String {
            "\(name) is not set: run scripts/servers/postgres start FOLDER and export what it prints"
        }
    }

    let name: String
    let url: String

    /// A value `scripts/servers/postgres` prints.
    static func setting(_ name: String) throws -> String {
        guard let value = getenv(name) else { throw NoServer(name: name) }
        return String(cString: value)
    }

    /// The same server's URL with another database.
    static func url(of database: String) throws -> String {
        let server = try setting("CONCORD_TEST_POSTGRES_URL")
        return server.prefix { $0 != "?" }.split(separator: "/", omittingEmptySubsequences: false).dropLast()
            .joined(separator: "/") + "/" + database
    }

    /// One for all tests that leave nothing behind; it goes with the server.
    static let common = Result {
        let name = "common_\(getpid())"
        try command("CREATE DATABASE \(name)")
        return TestDatabase(name: name, url: try url(of: name))
    }

    /// Runs `body` with a new, empty database, which goes away afterwards whatever happens.
    static func with(_ body: (TestDatabase) async throws -> Void) async throws {
        let name = "test_" + (0..<12).map { _ in String("abcdefghijklmnop".randomElement() ?? "a") }.joined()
        try command("CREATE DATABASE \(name)")
        do {
            try await body(TestDatabase(name: name, url: try url(of: name)))
        } catch {
            _ = try? command("DROP DATABASE \(name) WITH (FORCE)")
            throw error
        }
        try command("DROP DATABASE \(name) WITH (FORCE)")
    }

    /// Runs `body` with a started backend on a new database.
    static func withStorage(
        poolSize: Int = 8, overflowMax: Int = 4, statementTimeout: Duration = .seconds(30),
        waitMax: Duration = .seconds(5), _ body: (PostgresStorageModule, TestDatabase) async throws -> Void
    ) async throws {
        try await with { database in
            let storage = PostgresStorageModule(
                url: Secret(database.url), poolSize: poolSize, overflowMax: overflowMax,
                statementTimeout: statementTimeout, waitMax: waitMax)
            try await storage.start()
            do {
                try await body(storage, database)
            } catch {
                await storage.stop()
                throw error
            }
            await storage.stop()
        }
    }

    /// Runs a statement as the server's administrator, outside any pool, and answers the first column as text.
    @discardableResult
    static func command(_ statement: String) throws -> [String] {
        let connection = PQconnectdb(try setting("CONCORD_TEST_POSTGRES_URL"))
        defer { PQfinish(connection) }
        let result = PQexec(connection, statement)
        defer { PQclear(result) }
        guard [PGRES_COMMAND_OK, PGRES_TUPLES_OK].contains(PQresultStatus(result)) else {
            throw Refused(description: String(cString: PQerrorMessage(connection)))
        }
        return (0..<PQntuples(result)).map { String(cString: PQgetvalue(result, $0, 0)) }
    }

    struct Refused: Error, CustomStringConvertible {
        let description: String
    }
}
