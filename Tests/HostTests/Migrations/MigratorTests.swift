import BuiltIn
import PluginAPI
import PluginTesting
import SQLiteStorage
import Testing

@testable import Host

@Suite("Migrations")
struct MigratorTests {
    private let clock = ManualClock()

    @Test("Everything pending is applied in order, once")
    func up() async throws {
        try await withStorage { storage in
            let migrator = try migrator(storage, [notes, tags])

            let first = try await migrator.up()
            let second = try await migrator.up()

            #expect(first == ["book/0001", "book/0002"])
            #expect(second.isEmpty)
            #expect(try await migrator.status().map(\.state) == [.applied, .applied])
        }
    }

    @Test("Modules come in the order they are given, each in ascending number")
    func order() async throws {
        try await withStorage { storage in
            let steps = [
                MigrationStep(module: "book", migration: notes), MigrationStep(module: "guards", migration: trips),
                MigrationStep(module: "book", migration: tags),
            ]

            let applied = try await Migrator(storage: storage, clock: clock, steps: steps).up()

            #expect(applied == ["book/0001", "guards/0001", "book/0002"])
        }
    }

    @Test("The status of an untouched database is all pending, and asking leaves it untouched")
    func pending() async throws {
        try await withStorage { storage in
            let migrator = try migrator(storage, [notes, tags])

            let status = try await migrator.status()

            #expect(
                status == [
                    MigrationStatus(id: "book/0001", name: "notes", state: .pending),
                    MigrationStatus(id: "book/0002", name: "tags", state: .pending),
                ])
            #expect(try await schema(of: storage).isEmpty)
        }
    }

    @Test("Down undoes the last one; again, the one before; then there is nothing left to undo")
    func down() async throws {
        try await withStorage { storage in
            let migrator = try migrator(storage, [notes, tags])
            try await migrator.up()

            #expect(try await migrator.down() == ["book/0002"])
            #expect(try await migrator.pending() == ["book/0002"])
            #expect(try await migrator.down() == ["book/0001"])
            #expect(try await migrator.down() == [])
            #expect(try await schema(of: storage).isEmpty)
        }
    }

    @Test("Down to a migration keeps it and undoes everything after it, last first")
    func downTo() async throws {
        try await withStorage { storage in
            let migrator = try migrator(storage, [notes, tags, more])
            try await migrator.up()

            let undone = try await migrator.down(to: "book/0001")

            #expect(undone == ["book/0003", "book/0002"])
            await #expect(throws: MigrationError.notApplied(id: "book/0002")) {
                try await migrator.down(to: "book/0002")
            }
        }
    }

    @Test("A database newer than the program is refused in both directions and shown in the status")
    func newer() async throws {
        try await withStorage { storage in
            try await migrator(storage, [notes, tags]).up()
            let older = try migrator(storage, [notes])

            let error = MigrationError.databaseIsNewer(ids: ["book/0002"])
            await #expect(throws: error) { try await older.up() }
            await #expect(throws: error) { try await older.down() }
            await #expect(throws: error) { try await older.pending() }
            #expect(try await older.status().map(\.state) == [.applied, .unknown])
        }
    }

    @Test("A migration whose text changed in either direction is refused by name")
    func checksum() async throws {
        try await withStorage { storage in
            try await migrator(storage, [notes]).up()
            var (upEdited, downEdited) = (notes, notes)
            upEdited.up += " "
            downEdited.down += " "

            for edited in [upEdited, downEdited] {
                await #expect(throws: MigrationError.checksumChanged(id: "book/0001")) {
                    try await migrator(storage, [edited, tags]).up()
                }
                let states = try await migrator(storage, [edited, tags]).status().map(\.state)
                #expect(states == [.changed, .pending])
            }
        }
    }

    @Test("A step slipped in before one that is applied is refused")
    func outOfOrder() async throws {
        try await withStorage { storage in
            try await migrator(storage, [notes, more]).up()

            await #expect(throws: MigrationError.outOfOrder(id: "book/0002", after: "book/0003")) {
                try await migrator(storage, [notes, tags, more]).up()
            }
        }
    }

    @Test("The same ID twice is refused before anything is opened")
    func duplicate() async throws {
        try await withStorage { storage in
            #expect(throws: MigrationError.duplicate(id: "book/0001")) { try migrator(storage, [notes, notes]) }
        }
    }

    @Test("A step that fails leaves those before it applied and nothing of itself")
    func failure() async throws {
        try await withStorage { storage in
            let broken = Migration(
                number: 2, name: "broken", up: "CREATE TABLE half (id {TEXT}); CREATE NONSENSE", down: "")
            let migrator = try migrator(storage, [notes, broken])

            await #expect(throws: StorageError.self) { try await migrator.up() }

            #expect(try await migrator.status().map(\.state) == [.applied, .pending])
            #expect(try await schema(of: storage).allSatisfy { !$0.contains("half") })
        }
    }

    @Test("The schema of every compiled-in module applies, reverts step by step to nothing, and applies again")
    func shippedSchemas() async throws {
        try await withStorage { storage in
            let migrator = try Migrator(storage: storage, clock: clock, modules: BuiltInModules.all)

            let applied = try await migrator.up()
            let complete = try await schema(of: storage)
            var undone: [String] = []
            while let id = try await migrator.down().first { undone.append(id) }
            let empty = try await schema(of: storage)
            try await migrator.up()

            #expect(undone == applied.reversed())
            #expect(empty.isEmpty)
            #expect(try await schema(of: storage) == complete)
        }
    }

    private let notes = Migration(
        number: 1, name: "notes", up: "CREATE TABLE notes (id {TEXT} PRIMARY KEY)", down: "DROP TABLE notes")
    private let tags = Migration(
        number: 2, name: "tags", up: "CREATE TABLE tags (id {TEXT}); CREATE INDEX tags_by_id ON tags (id)",
        down: "DROP TABLE tags")
    private let more = Migration(
        number: 3, name: "more", up: "ALTER TABLE notes ADD COLUMN at {TIMESTAMP}",
        down: "ALTER TABLE notes DROP COLUMN at")
    private let trips = Migration(
        number: 1, name: "trips", up: "CREATE TABLE trips (id {TEXT})", down: "DROP TABLE trips")

    private func migrator(_ storage: any StorageBackend, _ migrations: [Migration]) throws -> Migrator {
        try Migrator(
            storage: storage, clock: clock, steps: migrations.map { MigrationStep(module: "book", migration: $0) })
    }

    /// Every statement that made what is in the database.
    private func schema(of storage: any StorageBackend) async throws -> [String] {
        try await storage.rows(
            "SELECT coalesce(sql, name) AS text FROM sqlite_master WHERE name <> 'sqlite_sequence' ORDER BY type, name"
        ).compactMap { $0.text(0) }
    }

    private func withStorage(_ body: (SQLiteStorageModule) async throws -> Void) async throws {
        let directory = try TemporaryDirectory()
        let storage = SQLiteStorageModule(path: "\(directory.path)/concord.db")
        try await storage.start()
        do { try await body(storage) } catch { Issue.record(error) }
        await storage.stop()
        directory.remove()
    }
}
