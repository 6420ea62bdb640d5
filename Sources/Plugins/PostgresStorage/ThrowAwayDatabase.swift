import PluginAPI
import StorageWork

/// An empty database on the same server, to try a backup in.
struct ThrowAwayDatabase {
    let name: String
    /// To the database beside which it was made.
    private let connection: Connection

    /// - Throws: ``ModuleError/unavailable(reason:)`` that says which right the role lacks.
    init(beside connection: Connection) throws(ModuleError) {
        self.connection = connection
        let number = String(UInt64.random(in: .min ... .max), radix: 36)
        name = "concord_verify_\(number)"
        do {
            // Outside a transaction, in which a database cannot be made.
            try connection.run(script: "SET default_transaction_read_only = off")
            try connection.run(script: "SET statement_timeout = 0")
            // It is silent while the backup is played into the other one, and drops that one in the end.
            try connection.run(script: Self.staysOpen)
            try connection.run(script: "CREATE DATABASE \(name) ENCODING 'UTF8' TEMPLATE template0")
        } catch {
            throw .unavailable(
                reason:
                    "cannot make a database to verify in: \(error.error.reason); give the role the right by ALTER ROLE … "
                    + "CREATEDB, or restore on another server")
        }
    }

    private static let staysOpen = """
        SELECT set_config(name, '0', false) FROM pg_settings WHERE name = 'idle_session_timeout'
        """

    /// The schema the backup goes to, as it is called beside: an empty database has no other than `public`.
    static func makeSchema(_ name: String, on connection: Connection) throws(StorageError) {
        do {
            try connection.run(script: "SET default_transaction_read_only = off")
            try connection.run(script: "CREATE SCHEMA IF NOT EXISTS \(SchemaContent.quoted(name))")
        } catch {
            throw error.error
        }
    }

    /// Drops it. Fails only when the server has gone; the name then says what it was for.
    func drop() {
        connection.current = nil
        try? connection.run(script: "DROP DATABASE IF EXISTS \(name) WITH (FORCE)")
    }
}
