import CLibpq
import Foundation
import PluginAPI
import Testing

@testable import PostgresStorage

extension AllTests {
    @Suite("A server that fails")
    struct ServerTests {
        /// Runs for hours unless it is interrupted.
        private static let endless: SQL = "SELECT pg_sleep(7200) IS NULL AS done"

        @Test("Connections that the server ended are replaced without an error")
        func terminated() async throws {
            try await TestDatabase.withStorage { storage, database in
                try await storage.transaction { try $0.executeScript("CREATE TABLE kept (id bigint)") }
                for id in 0..<5 {
                    try TestDatabase.command(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '\(database.name)'")

                    try await storage.transaction { try $0.execute("INSERT INTO kept VALUES (\(id))") }
                    try TestDatabase.command(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '\(database.name)'")
                    let kept = try await storage.rows("SELECT count(*) FROM kept").first?.integer(0)

                    #expect(kept == Int64(id + 1))
                }
            }
        }

        @Test("A transaction whose connection ends in the middle is run again, and counts once")
        func terminatedInside() async throws {
            try await TestDatabase.withStorage { storage, database in
                try await storage.transaction { try $0.executeScript("CREATE TABLE kept (id bigint)") }
                let runs = Tally()

                try await storage.transaction { transaction in
                    try transaction.execute("INSERT INTO kept VALUES (1)")
                    guard runs.next() == 1 else { return }
                    _ = try? TestDatabase.command(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '\(database.name)'")
                    try transaction.execute("INSERT INTO kept VALUES (2)")
                }

                #expect(runs.total == 2)
                #expect(try await storage.rows("SELECT count(*) FROM kept").first?.integer(0) == 1)
            }
        }

        @Test("A crash of the server costs the calls of that moment, and nothing that was acknowledged")
        func crash() async throws {
            try await TestDatabase.withStorage { storage, _ in
                try await storage.transaction { try $0.executeScript("CREATE TABLE kept (id bigint)") }
                try await storage.transaction { try $0.execute("INSERT INTO kept VALUES (1)") }

                try crashServer()
                try await storage.transaction { try $0.execute("INSERT INTO kept VALUES (2)") }

                #expect(try await storage.rows("SELECT count(*) FROM kept").first?.integer(0) == 2)
                #expect(await storage.health() == .ok)
            }
        }

        @Test("A deadline ends the statement at the server, too")
        func deadline() async throws {
            try await TestDatabase.withStorage { storage, database in
                let error = await #expect(throws: StorageError.self) {
                    _ = try await storage.rows(Self.endless, deadline: .now + .milliseconds(100))
                }

                #expect(error == .timedOut)
                try #expect(running(in: database).isEmpty)
            }
        }

        @Test("What a lost connection was running ends at the server by itself")
        func abandoned() async throws {
            try await TestDatabase.with { database in
                var connection: Connection? = try Connection(
                    to: Target(url: Secret(database.url), statementTimeout: .seconds(3_600)), for: nil)
                #expect(connection.map { PQsendQuery($0.handle, "SELECT pg_sleep(7200)") } == 1)
                while try running(in: database).isEmpty { try await Task.sleep(for: .milliseconds(10)) }

                connection = nil

                var looks = 0
                while try !running(in: database).isEmpty, looks < 300 {
                    looks += 1
                    try await Task.sleep(for: .milliseconds(100))
                }
                try #expect(running(in: database).isEmpty)
            }
        }

        @Test("A server process that is frozen costs its caller the deadline, and the next one nothing")
        func frozen() async throws {
            try await TestDatabase.withStorage(poolSize: 1, overflowMax: 0) { storage, _ in
                let process = try await storage.rows("SELECT pg_backend_pid() AS id").first?.integer("id") ?? 0
                #expect(kill(pid_t(process), SIGSTOP) == 0)

                let error = await #expect(throws: StorageError.self) {
                    _ = try await storage.rows("SELECT 1 AS one", deadline: .now + .milliseconds(100))
                }
                let next = try? await storage.rows("SELECT 1 AS one").first?.integer(0)
                #expect(kill(pid_t(process), SIGCONT) == 0)

                #expect(error == .timedOut)
                #expect(next == 1)
            }
        }

        @Test("A caller who goes away ends the statement at the server, too")
        func cancellation() async throws {
            try await TestDatabase.withStorage { storage, database in
                let reading = Task { try await storage.rows(Self.endless) }
                while try running(in: database).isEmpty { await Task.yield() }

                reading.cancel()
                let error = await #expect(throws: StorageError.self) { _ = try await reading.value }

                #expect(error == .timedOut)
                try #expect(running(in: database).isEmpty)
            }
        }

        @Test("The server itself ends what runs for longer than statement_timeout")
        func statementTimeout() async throws {
            try await TestDatabase.withStorage(statementTimeout: .milliseconds(100)) { storage, _ in
                let error = await #expect(throws: StorageError.self) { _ = try await storage.rows(Self.endless) }

                #expect(error == .timedOut)
            }
        }

        @Test("When every connection is busy a call waits for a bounded time, and then is told so")
        func exhaustion() async throws {
            try await TestDatabase.withStorage(poolSize: 1, overflowMax: 1, waitMax: .milliseconds(200)) {
                storage, database in
                let busy = (0..<2).map { _ in Task { try await storage.rows(Self.endless) } }
                while try running(in: database).count < 2 { await Task.yield() }

                let error = await #expect(throws: StorageError.self) { _ = try await storage.rows("SELECT 1 AS one") }
                let health = await storage.health()
                for task in busy { task.cancel() }
                for task in busy { _ = await task.result }

                #expect(error == .unavailable(reason: "all 2 connections are busy"))
                #expect(health == .degraded(reason: "all 2 connections are busy"))
                #expect(try await storage.rows("SELECT 1 AS one").first?.integer(0) == 1)
            }
        }

        @Test("Two transactions that lock each other out are both done in the end")
        func deadlock() async throws {
            try await TestDatabase.withStorage { storage, _ in
                try await storage.transaction {
                    try $0.executeScript(
                        "CREATE TABLE kept (id bigint PRIMARY KEY, total bigint); INSERT INTO kept VALUES (1, 0), (2, 0)"
                    )
                }
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for index in 0..<4 {
                        let order: [Int64] = index.isMultiple(of: 2) ? [1, 2] : [2, 1]
                        group.addTask {
                            try await storage.transaction { transaction in
                                for id in order {
                                    try transaction.execute("UPDATE kept SET total = total + 1 WHERE id = \(id)")
                                }
                            }
                        }
                    }
                    try await group.waitForAll()
                }

                let totals = try await storage.rows("SELECT total FROM kept ORDER BY id").map { $0.integer(0) }
                #expect(totals == [4, 4])
            }
        }

        @Test(
            "A caller who gives up during a body's last statement is answered though the server ends it well",
            .timeLimit(.minutes(1)))
        func lateCancellation() async throws {
            try await TestDatabase.withStorage { storage, database in
                let task = Task {
                    try await storage.transaction {
                        try $0.executeScript(
                            """
                            DO $$ BEGIN PERFORM pg_sleep(7200); EXCEPTION WHEN query_canceled THEN NULL; END $$
                            """)
                    }
                }
                while try running(in: database).isEmpty { try await Task.sleep(for: .milliseconds(5)) }
                task.cancel()

                await #expect(throws: StorageError.timedOut) { try await task.value }
            }
        }

        @Test("A statement prepared before the schema changed is prepared again")
        func schemaChange() async throws {
            try await TestDatabase.withStorage(poolSize: 1, overflowMax: 0) { storage, _ in
                try await storage.transaction {
                    try $0.executeScript("CREATE TABLE kept (id bigint); INSERT INTO kept VALUES (1)")
                }
                let before = try await storage.rows("SELECT * FROM kept").columns
                try await storage.transaction { try $0.executeScript("ALTER TABLE kept ADD COLUMN note text") }

                let after = try await storage.rows("SELECT * FROM kept").columns
                try await storage.transaction { try $0.executeScript("ALTER TABLE kept DROP COLUMN note") }
                let inside = try await storage.transaction { try $0.rows("SELECT * FROM kept").columns }

                #expect(before == ["id"] && after == ["id", "note"] && inside == ["id"])
            }
        }

        @Test("A body cannot end its transaction", arguments: ["COMMIT", " rollback", "SAVEPOINT x", "begin"])
        func steering(statement: String) async throws {
            try await TestDatabase.withStorage { storage, _ in
                let error = await #expect(throws: StorageError.self) {
                    try await storage.transaction { try $0.execute(SQL(stringLiteral: statement)) }
                }

                guard case .statement? = error else { throw ProgramFailed(what: "\(statement): \(error as Any)") }
            }
        }

        @Test("A server that is not there is said so at the start")
        func nobody() async throws {
            let storage = PostgresStorageModule(url: Secret("postgresql://concord@127.0.0.1:1/nothing"))

            await #expect(throws: ModuleError.self) { try await storage.start() }
        }

        /// Statements of test clients that the server works on now.
        private func running(in database: TestDatabase) throws -> [String] {
            try TestDatabase.command(
                """
                SELECT query FROM pg_stat_activity
                WHERE datname = '\(database.name)' AND state = 'active' AND query LIKE '%pg_sleep%'
                """)
        }
    }
}
