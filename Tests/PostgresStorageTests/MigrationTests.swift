import BuiltIn
import Foundation
import PluginAPI
import PluginTesting
import PostgresStorage
import Testing

@testable import Host

extension AllTests {
    @Suite("Migrations")
    struct MigrationTests {
        private static let steps = BuiltInModules.all.flatMap { module in
            module.migrations.sorted { $0.number < $1.number }
                .map { MigrationStep(module: module.descriptor.id, migration: $0) }
        }

        @Test("Every step of every module goes up, down and up again, and down restores the schema exactly")
        func thereAndBack() async throws {
            try await TestDatabase.withStorage { storage, database in
                for count in 1...Self.steps.count {
                    let migrator = try Migrator(
                        storage: storage, clock: ManualClock(), steps: Array(Self.steps.prefix(count)))
                    let before = try schema(of: database)
                    #expect(try await migrator.up() == [Self.steps[count - 1].id])
                    let after = try schema(of: database)
                    #expect(after != before)

                    try await migrator.down()
                    try #expect(schema(of: database) == before, "\(Self.steps[count - 1].id) does not restore")

                    try await migrator.up()
                    try #expect(schema(of: database) == after, "\(Self.steps[count - 1].id) is not the same again")
                }
            }
        }

        @Test("Text columns of every table compare as bytes")
        func collations() async throws {
            try await TestDatabase.withStorage { storage, database in
                try await Migrator(storage: storage, clock: ManualClock(), steps: Self.steps).up()

                let loose = try await storage.rows(
                    """
                    SELECT (table_name || '.' || column_name)::text AS name FROM information_schema.columns
                    WHERE table_schema = 'public' AND data_type = 'text' AND collation_name IS DISTINCT FROM 'C'
                    """
                ).map { $0.text("name") }

                #expect(loose.isEmpty)
            }
        }

        @Test("Three hosts that start at once on an empty database apply each step once")
        func threeHosts() async throws {
            try await TestDatabase.with { database in
                let applied = try await withThrowingTaskGroup(of: [String].self) { group in
                    for _ in 0..<3 {
                        group.addTask {
                            let storage = PostgresStorageModule(url: Secret(database.url), poolSize: 2, overflowMax: 1)
                            try await storage.start()
                            let done = try await Migrator(storage: storage, clock: ManualClock(), steps: Self.steps)
                                .up()
                            await storage.stop()
                            return done
                        }
                    }
                    return try await group.reduce(into: []) { $0 += $1 }
                }

                #expect(applied.sorted() == Self.steps.map(\.id).sorted())
            }
        }

        private func schema(of database: TestDatabase) throws -> String {
            try output(of: "pg_dump", ["--schema-only", "--exclude-table=schema_migrations", database.url])
                // Two lines hold a key that is new each time.
                .split(separator: "\n").filter { !$0.hasPrefix("\\restrict") && !$0.hasPrefix("\\unrestrict") }
                .joined(separator: "\n")
        }
    }
}
