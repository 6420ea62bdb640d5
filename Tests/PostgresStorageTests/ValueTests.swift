import PluginAPI
import PluginTesting
import PostgresStorage
import SQLiteStorage
import Testing

extension AllTests {
    @Suite("Values")
    struct ValueTests {
        @Test("Whatever storage may keep comes back exactly, a thousand times")
        func roundTrip() async throws {
            try await TestDatabase.withStorage { storage, _ in
                try await storage.migrationTransaction { transaction in
                    try transaction.executeScript(
                        Migration.script(
                            """
                            CREATE TABLE kept (id {BIGINT}, whole {BIGINT}, amount {DECIMAL}, at {TIMESTAMP}, note {TEXT},
                                flag {BOOLEAN}, doc {JSON})
                            """, for: .postgres))
                }
                var random = SystemRandomNumberGenerator()
                let rows = (0..<1_000).map { [.integer(Int64($0))] + randomRow(&random) }

                try await storage.transaction {
                    try $0.executeMany("INSERT INTO kept VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
                }
                let read = try await storage.rows("SELECT * FROM kept ORDER BY id")

                #expect(read.count == rows.count)
                for (row, expected) in zip(read, rows) {
                    let kinds: [ValueKind] = [.integer, .integer, .decimal, .timestamp, .text, .boolean, .json]
                    let found = kinds.enumerated().map { row.value($0.offset, as: $0.element) }
                    #expect(found == expected)
                }
            }
        }

        @Test("dec_mul and dec_div give what they give in SQLite, for numbers of every size")
        func arithmetic() async throws {
            let directory = try TemporaryDirectory().path
            let sqlite = SQLiteStorageModule(path: "\(directory)/numbers.db")
            try await sqlite.start()
            try await TestDatabase.withStorage { postgres, _ in
                var random = SystemRandomNumberGenerator()
                for _ in 0..<300 {
                    let (a, b) = (randomDecimal(&random), randomDecimal(&random))
                    for sql: SQL in ["SELECT dec_mul(\(a), \(b)) AS x", "SELECT dec_div(\(a), \(b)) AS x"] {
                        let expected = try? await sqlite.rows(sql).first?.decimal("x")
                        let found = try? await postgres.rows(sql).first?.decimal("x")
                        #expect(found == expected, "\(a) and \(b)")
                    }
                }
            }
            await sqlite.stop()
        }

        @Test(
            "What has no exact counterpart is an error that names the column",
            arguments: ["1.5::float8", "1.5::real", "'NaN'::numeric", "1e30::numeric", "0.000000001", "now()::date"])
        func unreadable(expression: String) async throws {
            try await TestDatabase.withStorage { storage, _ in
                let error = await #expect(throws: StorageError.self) {
                    _ = try await storage.rows(SQL(stringLiteral: "SELECT \(expression) AS odd"))
                }

                guard case .statement(let detail)? = error else {
                    throw ProgramFailed(what: "\(expression): \(error as Any)")
                }
                #expect(detail.contains("odd"))
            }
        }

        @Test("Smaller integers are integers", arguments: ["7::smallint", "7::integer", "7::bigint", "7::numeric"])
        func integers(expression: String) async throws {
            try await TestDatabase.withStorage { storage, _ in
                let row = try await storage.rows(SQL(stringLiteral: "SELECT \(expression) AS seven")).first

                #expect(row?.integer("seven") == 7)
            }
        }

        @Test("A document comes back byte for byte, with its spaces, its order and its repeated names")
        func documents() async throws {
            try await TestDatabase.withStorage { storage, _ in
                let document = #"{"b" : 1.0,  "a":1e2, "b":2}"#

                let row = try await storage.rows("SELECT \(json: document) AS doc").first

                #expect(row?.json("doc") == document)
            }
        }

        private func randomRow(_ random: inout SystemRandomNumberGenerator) -> [Value] {
            let times = -62_135_596_800_000_000...253_402_300_799_999_999 as ClosedRange<Int64>
            let letters = ["a", "é", "e\u{301}", "金", "📈", "'", "\\", "\n", "?", "$1", ""]
            let note = (0..<Int.random(in: 0...9, using: &random)).map { _ in
                letters.randomElement(using: &random) ?? ""
            }
            let row: [Value] = [
                .integer(Int64.random(in: .min ... .max, using: &random)), .decimal(randomDecimal(&random)),
                .timestamp(Timestamp(microseconds: Int64.random(in: times, using: &random))), .text(note.joined()),
                .boolean(Bool.random(using: &random)), .json("[\(Int.random(in: 0...9, using: &random)), 1.50]"),
            ]
            return row.map { Int.random(in: 0...7, using: &random) == 0 ? .null : $0 }
        }

        private func randomDecimal(_ random: inout SystemRandomNumberGenerator) -> FixedDecimal {
            let digits = Int.random(in: 0...18, using: &random)
            let bound = (0..<digits).reduce(Int64(9)) { bound, _ in bound * 10 }
            return FixedDecimal(storedUnits: Int64.random(in: -bound...bound, using: &random))
        }
    }
}
