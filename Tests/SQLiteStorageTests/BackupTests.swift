import CSQLite
import Foundation
import PluginAPI
import PluginTesting
import StorageWork
import Testing

@testable import SQLiteStorage

@Suite("A SQLite database is copied whole and put back whole")
struct BackupTests {
    @Test("Digests are equal for the same rows in another order, and for no others")
    func digests() throws {
        let folder = try TemporaryDirectory()
        defer { folder.remove() }
        func digest(_ rows: String...) throws -> StoredTable {
            let database = try DatabaseHandle(
                path: "\(folder.path)/\(UUID().uuidString)", flags: SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
                for: Waiting())
            try database.run("CREATE TABLE \"a \"\"table\" (x, y)")
            for row in rows { try database.run("INSERT INTO \"a \"\"table\" VALUES (\(row))") }
            return try #require(try TableDigest.tables(of: database).first)
        }
        let two = try digest("1, 'a'", "2, 'b'")

        #expect(two.name == "a \"table")
        #expect(two.rowsTotal == 2)
        #expect(try digest("2, 'b'", "1, 'a'") == two)
        let others = [
            try digest("1, 'a'"), try digest("1, 'a'", "2, 'b'", "2, 'b'"), try digest("1, 'b'", "2, 'a'"),
            try digest("'1', 'a'", "2, 'b'"), try digest("1, x'61'", "2, 'b'"), try digest("1.0, 'a'", "2, 'b'"),
            try digest("1, 'a'", "2, NULL"), try digest("1, 'a'", "2, ''"), try digest("1, 'a'", "2, 'b '"),
            try digest(),
        ]
        #expect(Set(others.map(\.digest)).count == others.count)
        #expect(!others.contains { $0.digest == two.digest })
    }

    @Test("A backup beside an open transaction holds what was committed before, and the writer does not wait for it")
    func besideWriter() async throws {
        try await withStorage { storage, folder in
            try await storage.transaction { transaction in
                try transaction.executeScript("CREATE TABLE t (x INTEGER); INSERT INTO t VALUES (1)")
            }
            let other = SQLiteStorageModule(path: storage.path)
            let copy = try emptyFile(in: folder)

            let tables = try await other.backUp(into: copy) { found in
                let rows = try found.transaction.rows("SELECT x FROM t")
                #expect(rows.map { $0.integer("x") } == [1])
                #expect(throws: StorageError.self) { try found.transaction.execute("DELETE FROM t") }
                return found.tables
            }
            try await storage.transaction { try $0.execute("INSERT INTO t VALUES (2)") }

            #expect(tables.map(\.name) == ["t"])
            #expect(try await storage.rows("SELECT count(*) FROM t").first?.integer(0) == 2)
        }
    }

    @Test("What the body throws leaves the place as it was")
    func refused() async throws {
        try await withStorage { storage, folder in
            try await storage.transaction { try $0.executeScript("CREATE TABLE t (x INTEGER)") }
            let copy = try emptyFile(in: folder)
            try await SQLiteStorageModule(path: storage.path).backUp(into: copy) { _ in }
            try await storage.transaction { try $0.executeScript("CREATE TABLE u (x INTEGER)") }
            await storage.stop()
            let place = SQLiteStorageModule(path: storage.path)

            await #expect(throws: Refused()) {
                try await place.restore(from: copy, to: .storage(replacing: true)) { _ in throw Refused() }
            }
            await #expect(throws: RestorePlaceOccupied.self) {
                try await place.restore(from: copy, to: .storage(replacing: false)) { _ in }
            }

            try await storage.start()
            #expect(try await storage.rows("SELECT count(*) FROM sqlite_master").first?.integer(0) == 2)
            let names = try FileManager.default.contentsOfDirectory(atPath: folder)
            #expect(!names.contains { $0.contains("restoring") })
        }
    }

    @Test("A caller who has gone ends the copy")
    func cancelled() async throws {
        try await withStorage { storage, folder in
            let copy = try emptyFile(in: folder)
            let database = DatabaseCopy(path: copy, caller: Gone())

            #expect(throws: StorageError.timedOut) { try database.fill(from: storage.path) }
        }
    }

    @Test("A restored database keeps the mode of the one it replaces")
    func mode() async throws {
        try await withStorage { storage, folder in
            let copy = try emptyFile(in: folder)
            try await SQLiteStorageModule(path: storage.path).backUp(into: copy) { _ in }
            await storage.stop()
            chmod(storage.path, 0o640)

            try await SQLiteStorageModule(path: storage.path).restore(from: copy, to: .storage(replacing: true)) { _ in
            }

            let mode = try FileManager.default.attributesOfItem(atPath: storage.path)[.posixPermissions] as? Int
            #expect(mode == 0o640)
        }
    }

    @Test("A database behind a link is replaced, and the link stays")
    func link() async throws {
        try await withStorage { storage, folder in
            try await storage.transaction { try $0.executeScript("CREATE TABLE t (x INTEGER)") }
            let copy = try emptyFile(in: folder)
            try await SQLiteStorageModule(path: storage.path).backUp(into: copy) { _ in }
            try await storage.transaction { try $0.executeScript("CREATE TABLE u (x INTEGER)") }
            await storage.stop()
            let link = folder + "/link.db"
            try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: storage.path)

            try await SQLiteStorageModule(path: link).restore(from: copy, to: .storage(replacing: true)) { _ in }

            #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == storage.path)
            try await storage.start()
            #expect(try await storage.rows("SELECT count(*) FROM sqlite_master").first?.integer(0) == 1)
        }
    }

    private func withStorage(_ body: (SQLiteStorageModule, String) async throws -> Void) async throws {
        let folder = try TemporaryDirectory()
        defer { folder.remove() }
        let storage = SQLiteStorageModule(path: folder.path + "/a.db")
        try await storage.start()
        do { try await body(storage, folder.path) } catch {
            await storage.stop()
            throw error
        }
        await storage.stop()
    }

    private func emptyFile(in folder: String) throws -> String {
        let path = "\(folder)/copy"
        try Data().write(to: URL(fileURLWithPath: path))
        return path
    }
}

private struct Refused: Error, Equatable {}

private final class Waiting: Interruptible {
    var isOver: Bool { false }
}

private final class Gone: Interruptible {
    var isOver: Bool { true }
}
