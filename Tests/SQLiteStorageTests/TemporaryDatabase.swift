import Glibc
import PluginAPI
import PluginTesting
import SQLiteStorage

/// A started database in a directory of its own that goes away with the test.
struct TemporaryDatabase {
    let directory: String
    let storage: SQLiteStorageModule

    var path: String { "\(directory)/concord.db" }

    /// Runs `body` with a started backend, and stops it whatever happens.
    static func with(_ body: (TemporaryDatabase) async throws -> Void) async throws {
        let database = try TemporaryDatabase()
        try await database.storage.start()
        do {
            try await body(database)
            await database.storage.stop()
        } catch {
            await database.storage.stop()
            database.remove()
            throw error
        }
        database.remove()
    }

    init() throws {
        directory = try TemporaryDirectory().path
        storage = SQLiteStorageModule(path: "\(directory)/concord.db")
    }

    func remove() {
        for suffix in ["", "-wal", "-shm", ".lock"] { unlink(path + suffix) }
        rmdir(directory)
    }
}
