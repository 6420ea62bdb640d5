import PluginAPI
import Testing

@testable import PostgresStorage

extension AllTests {
    @Suite("The sessions of a backup")
    struct BackupSessions {
        @Test("A transaction that waits for a program may be silent for as long as that takes")
        func silence() throws {
            let database = try TestDatabase.common.get()
            let target = Target(url: Secret(database.url), statementTimeout: .seconds(30))
            let connection = try Connection(to: target, for: nil)
            func silenceMax() throws -> String? {
                try connection.rows("SELECT current_setting('idle_in_transaction_session_timeout') AS most")
                    .first?.text("most")
            }
            #expect(try silenceMax() == "10s")

            try connection.beginSnapshot()
            #expect(try silenceMax() == "0")
            connection.rollBack()
            try connection.begin(lock: 4_711)
            #expect(try silenceMax() == "0")
            connection.rollBack()
            #expect(try silenceMax() == "10s")
        }
    }
}
