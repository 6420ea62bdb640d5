import Foundation
import PluginAPI
import PluginTesting
import PostgresStorage
import Testing

extension AllTests {
    @Suite("TLS and passwords")
    struct SecurityTests {
        @Test("verify-full accepts a certificate for the host's name that the given authority has signed")
        func verified() async throws {
            try await using(options: "sslmode=verify-full&sslrootcert=authority.pem") { storage in
                let row = try await storage.rows(
                    "SELECT ssl AS is_encrypted FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
                ).first

                #expect(row?.boolean("is_encrypted") == true)
            }
        }

        @Test(
            "Another authority, another name for the host, and no TLS at all are refused",
            arguments: [
                (host: "localhost", options: "sslmode=verify-full&sslrootcert=other.pem"),
                (host: "127.0.0.1", options: "sslmode=verify-full&sslrootcert=authority.pem"),
                (host: "localhost", options: "sslmode=disable"),
            ])
        func refused(host: String, options: String) async throws {
            await #expect(throws: ModuleError.self) {
                try await using(host: host, options: options) { _ in }
            }
        }

        @Test("A password in a passfile that changed is taken at the next connect")
        func changedPassword() async throws {
            try await TestDatabase.with { database in
                let passfile = "\(try TemporaryDirectory().path)/pass"
                func change(to password: String) throws {
                    try TestDatabase.command("ALTER ROLE \(database.name) PASSWORD '\(password)'")
                    try "*:*:*:*:\(password)\n".write(toFile: passfile, atomically: false, encoding: .utf8)
                    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: passfile)
                }
                try TestDatabase.command("CREATE ROLE \(database.name) LOGIN SUPERUSER")
                try change(to: "first")
                let address = database.url.split(separator: "@").last ?? ""
                let storage = PostgresStorageModule(
                    url: Secret("postgresql://\(database.name)@\(address)?passfile=\(passfile)"))
                try await storage.start()

                try change(to: "second")
                try TestDatabase.command(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '\(database.name)'")
                let user = try? await storage.rows("SELECT current_user::text AS name").first?.text("name")
                await storage.stop()

                #expect(user == database.name)
            }
        }

        private func using(
            host: String = "localhost", options: String, _ body: (PostgresStorageModule) async throws -> Void
        ) async throws {
            let folder = try TestDatabase.setting("CONCORD_TEST_POSTGRES_FOLDER")
            let server = try TestDatabase.setting("CONCORD_TEST_POSTGRES_TLS_URL")
                .replacingOccurrences(of: "@localhost:", with: "@\(host):")
            let options = options.replacingOccurrences(of: "sslrootcert=", with: "sslrootcert=\(folder)/")
            let storage = PostgresStorageModule(url: Secret("\(server)?\(options)"))
            try await storage.start()
            do {
                try await body(storage)
            } catch {
                await storage.stop()
                throw error
            }
            await storage.stop()
        }
    }
}
