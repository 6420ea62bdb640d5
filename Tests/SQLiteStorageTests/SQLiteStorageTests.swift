import PluginAPI
import SQLiteStorage
import Testing

@Suite("SQLite storage")
struct SQLiteStorageTests {
    @Test("What a transaction wrote is read back")
    func roundTrip() async throws {
        try await TemporaryDatabase.with { database in
            try await database.storage.transaction { transaction in
                try transaction.executeScript("CREATE TABLE notes (id TEXT PRIMARY KEY, amount INTEGER NOT NULL)")
                try transaction.execute("INSERT INTO notes VALUES (\("a"), \("1950.50" as FixedDecimal))")
            }

            let rows = try await database.storage.rows("SELECT amount FROM notes WHERE id = \("a")")

            #expect(rows.first?.decimal("amount") == "1950.50")
        }
    }
}
