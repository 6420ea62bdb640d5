import Foundation
import Glibc
import PluginAPI
import Synchronization
import Testing

@testable import SQLiteStorage

@Suite("A SQLite database from start to stop")
struct LifecycleTests {
    @Test("A second start on the same file fails and names file and lock; after the first stops it succeeds")
    func lockFile() async throws {
        try await TemporaryDatabase.with { database in
            let second = SQLiteStorageModule(path: database.path)

            let error = await #expect(throws: ModuleError.self) { try await second.start() }

            let reason = try #require(error?.reason)
            #expect(reason.contains(database.path) && reason.contains(".lock") && reason.contains("\(getpid())"))
            await database.storage.stop()
            try await second.start()
            await second.stop()
        }
    }

    @Test("Data survives a stop and a start")
    func restart() async throws {
        try await TemporaryDatabase.with { database in
            try await database.storage.transaction { transaction in
                try transaction.executeScript("CREATE TABLE notes (id TEXT); INSERT INTO notes VALUES ('a')")
            }
            await database.storage.stop()

            let again = SQLiteStorageModule(path: database.path)
            try await again.start()
            let rows = try await again.rows("SELECT id FROM notes")
            await again.stop()

            #expect(rows.first?.text(0) == "a")
        }
    }

    @Test("Missing directories on the way to the file are created")
    func directories() async throws {
        let database = try TemporaryDatabase()
        let storage = SQLiteStorageModule(path: "\(database.directory)/a/b/deep.db")

        try await storage.start()
        let health = await storage.health()
        await storage.stop()

        #expect(health == .ok)
        for name in ["a/b/deep.db", "a/b/deep.db.lock"] { unlink("\(database.directory)/\(name)") }
        for name in ["a/b", "a", ""] { rmdir("\(database.directory)/\(name)") }
    }

    @Test("A file that is no database is refused by name")
    func notADatabase() async throws {
        let database = try TemporaryDatabase()
        defer { database.remove() }
        let file = open(database.path, O_CREAT | O_WRONLY, 0o600)
        let bytes = [UInt8](repeating: 0x41, count: 4_096)
        #expect(write(file, bytes, bytes.count) == bytes.count)
        close(file)

        let error = await #expect(throws: ModuleError.self) { try await database.storage.start() }

        let reason = try #require(error?.reason)
        #expect(reason.contains(database.path))
    }

    @Test("Before the start and after the stop every call says that the database is not open")
    func notOpen() async throws {
        let database = try TemporaryDatabase()
        defer { database.remove() }

        let reason = StorageError.unavailable(reason: "the database \(database.path) is not open")
        await #expect(throws: reason) { try await database.storage.rows("SELECT 1") }
        await #expect(throws: reason) { try await database.storage.transaction { _ in } }
        #expect(await database.storage.health() != .ok)
    }

    @Test("A writer that does not come to its next write is degraded, and well again once it does")
    func busyWriter() async throws {
        let database = try TemporaryDatabase()
        defer { database.remove() }
        let storage = SQLiteStorageModule(path: database.path, probeLimit: .seconds(1))
        try await storage.start()
        let (isHeld, mayEnd) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        async let held: Void = storage.transaction { _ in
            isHeld.signal()
            mayEnd.wait()
        }
        await withCheckedContinuation { waiting in
            Thread.detachNewThread {
                isHeld.wait()
                waiting.resume()
            }
        }

        let whileHeld = await storage.health()
        mayEnd.signal()
        _ = try await held
        let after = await storage.health()
        await storage.stop()

        guard case .degraded(let reason) = whileHeld else { throw UnexpectedHealth(health: whileHeld) }
        #expect(reason.contains("writes wait"))
        #expect(after == .ok)
    }

    @Test("Idle and busy connections are counted, and none once it is closed")
    func connections() async throws {
        let database = try TemporaryDatabase()
        defer { database.remove() }
        let gauges = Gauges()
        let storage = SQLiteStorageModule(path: database.path, metrics: gauges)

        try await storage.start()
        let open = gauges["idle"]
        let whileWriting = try await storage.transaction { _ in [gauges["idle"], gauges["busy"]] }
        await storage.stop()

        #expect(open >= 3)
        #expect(whileWriting == [open - 1, 1])
        #expect(gauges["idle"] == 0)
        #expect(gauges["busy"] == 0)
    }

    private struct UnexpectedHealth: Error {
        let health: ModuleHealth
    }

    @Test("The database keeps a write-ahead log, full synchronisation and foreign keys")
    func pragmas() throws {
        let database = try TemporaryDatabase()
        defer { database.remove() }

        let connection = try Connection(path: database.path, role: .writer)
        defer { connection.close() }

        try #expect(connection.rows("PRAGMA journal_mode").first?.text(0) == "wal")
        try #expect(connection.rows("PRAGMA synchronous").first?.integer(0) == 2)
        try #expect(connection.rows("PRAGMA foreign_keys").first?.integer(0) == 1)
    }
}

/// Gauges by the value of their one label.
private final class Gauges: Metrics {
    private let values = Mutex<[String: Double]>([:])

    subscript(label: String) -> Double { values.withLock { $0[label] ?? -1 } }

    func gauge(_ name: String, help: String, labels: [(name: String, value: String)]) -> any Gauge {
        let label = labels[0].value
        return One { value in self.values.withLock { $0[label] = value } }
    }

    func counter(_ name: String, help: String, labels: [(name: String, value: String)]) -> any Counter { One { _ in } }

    func histogram(
        _ name: String,
        help: String,
        labels: [(name: String, value: String)],
        buckets: [Double]
    ) -> any Histogram { One { _ in } }

    private struct One: Gauge, Counter, Histogram {
        let note: @Sendable (Double) -> Void
        func set(_ value: Double) { note(value) }
        func increment(by amount: Int) {}
        func record(_ value: Double) {}
    }
}

extension ModuleError {
    /// Why something is unavailable; `nil` for any other error.
    fileprivate var reason: String? {
        if case .unavailable(let reason) = self { reason } else { nil }
    }
}
