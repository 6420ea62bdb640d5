import PluginAPI
import StorageWork
import Synchronization
import Testing

@testable import SQLiteStorage

/// The writer is driven on this thread: a closed queue makes it work off what waits, as one group.
@Suite("The writer")
struct WriterTests {
    @Test("Nobody hears of a write before the commit that holds it")
    func acknowledgedAfterCommit() async throws {
        try await withWriter { writer, reader in
            let seen = Mutex<[Int64]>([])
            let writes = (0..<5).map { id in
                ScriptedWrite("INSERT INTO notes VALUES (\(id))") {
                    // A second connection sees committed rows only.
                    let total = (try? reader.rows("SELECT count(*) FROM notes").first?.integer(0)) ?? -1
                    seen.withLock { $0.append(total) }
                }
            }

            work(writer, writes)

            #expect(seen.withLock { $0 } == [5, 5, 5, 5, 5])
        }
    }

    @Test("In a group, one that throws is undone alone")
    func isolation() async throws {
        try await withWriter { writer, reader in
            let writes = ["(1)", "(2), (2)", "(3)"].map { ScriptedWrite("INSERT INTO notes VALUES \($0)") }

            work(writer, writes)

            #expect(writes.map(\.isStored) == [true, false, true])
            try #expect(reader.rows("SELECT id FROM notes ORDER BY id").map { $0.integer(0) } == [1, 3])
        }
    }

    @Test("On a full disk the write that does not fit fails as full, and its neighbours are stored")
    func diskFull() async throws {
        try await withWriter(pagesMax: 8) { writer, reader in
            let small = ScriptedWrite("INSERT INTO notes VALUES (1)")
            let large = ScriptedWrite("INSERT INTO texts VALUES ('\(String(repeating: "x", count: 100_000))')")
            let next = ScriptedWrite("INSERT INTO notes VALUES (2)")

            work(writer, [small, large, next])

            #expect([small, large, next].map(\.isStored) == [true, false, true])
            #expect((large.refusal as? StorageError)?.isFull == true)
            try #expect(reader.rows("SELECT count(*) FROM notes").first?.integer(0) == 2)
            try #expect(reader.rows("SELECT count(*) FROM texts").first?.integer(0) == 0)
        }
    }

    @Test("A full disk shows in the health until a write succeeds")
    func health() async throws {
        try await withWriter(pagesMax: 8) { writer, _ in
            let large = ScriptedWrite("INSERT INTO texts VALUES ('\(String(repeating: "x", count: 100_000))')")

            writer.commitNow([large])
            writer.commitNow([ScriptedWrite("SELECT 1")])
            let whileFull = writer.lastFailure
            writer.commitNow([ScriptedWrite("INSERT INTO notes VALUES (1)")])

            #expect(whileFull != nil)
            #expect(writer.lastFailure == nil)
            work(writer, [])
        }
    }

    @Test("A deferred constraint refuses only the write that broke it")
    func deferredConstraint() async throws {
        try await withWriter { writer, reader in
            let writes = ["(1, 1)", "(2, 99)", "(3, 3)"].map { ScriptedWrite("INSERT INTO links VALUES \($0)") }

            work(writer, writes)

            #expect(writes.map(\.isStored) == [true, false, true])
            try #expect(reader.rows("SELECT count(*) FROM links").first?.integer(0) == 2)
        }
    }

    @Test(
        "A body may neither end its transaction nor open another database",
        arguments: [
            "COMMIT", "ROLLBACK", "BEGIN", "RELEASE body", "ATTACH 'other.db' AS other",
        ])
    func steering(script: String) async throws {
        try await withWriter { writer, reader in
            let write = ScriptedWrite("INSERT INTO notes VALUES (1); \(script)")

            work(writer, [write])

            #expect(!write.isStored)
            try #expect(reader.rows("SELECT count(*) FROM notes").first?.integer(0) == 0)
        }
    }

    @Test("A body that goes on after SQLite gave up its transaction writes nothing")
    func swallowedError() async throws {
        try await withWriter(pagesMax: 8) { writer, reader in
            let write = ScriptedWrite { transaction in
                try? transaction.executeScript("INSERT INTO texts VALUES ('\(String(repeating: "x", count: 100_000))')")
                try? transaction.executeScript("INSERT INTO notes VALUES (1)")
            }

            work(writer, [write])

            #expect(!write.isStored)
            try #expect(reader.rows("SELECT count(*) FROM notes").first?.integer(0) == 0)
        }
    }

    @Test("A body whose caller gives up while it computes is stopped at its next statement")
    func givenUp() async throws {
        try await withWriter { writer, reader in
            let caller = Caller()
            let refused = Mutex<StorageError?>(nil)
            let write = ScriptedWrite(for: caller) { transaction in
                try transaction.executeScript("INSERT INTO notes VALUES (1)")
                caller.giveUp()
                do throws(StorageError) {
                    try transaction.executeScript("INSERT INTO notes VALUES (2)")
                } catch {
                    refused.withLock { $0 = error }
                }
            }

            work(writer, [write])

            #expect(refused.withLock { $0 } == .timedOut)
            #expect(write.refusal as? StorageError == .timedOut)
            try #expect(reader.rows("SELECT count(*) FROM notes").first?.integer(0) == 0)
        }
    }

    private func work(_ writer: Writer, _ writes: [ScriptedWrite]) {
        let queue = JobQueue<any Write>()
        for write in writes { _ = queue.append(write) }
        queue.close()
        writer.work(through: queue)
    }

    /// - Parameter pagesMax: The database does not grow beyond it, as on a full disk.
    private func withWriter(
        pagesMax: Int = 100_000,
        _ body: (Writer, Connection) throws -> Void
    ) async throws {
        let database = try TemporaryDatabase()
        defer { database.remove() }
        let connection = try Connection(path: database.path, role: .writer)
        try connection.executeScript(
            """
            CREATE TABLE notes (id INTEGER PRIMARY KEY);
            CREATE TABLE texts (text TEXT);
            CREATE TABLE links (
                id INTEGER PRIMARY KEY,
                next INTEGER REFERENCES links (id) DEFERRABLE INITIALLY DEFERRED
            );
            PRAGMA max_page_count = \(pagesMax);
            """)
        let reader = try Connection(path: database.path, role: .reader)
        defer { reader.close() }
        try body(Writer(connection: connection), reader)
    }
}

/// Somebody who waits for a write until they give up.
private final class Caller: Interruptible {
    private let hasGivenUp = Atomic(false)
    var isOver: Bool { hasGivenUp.load(ordering: .relaxed) }
    func giveUp() { hasGivenUp.store(true, ordering: .relaxed) }
}

/// A write that says whether it was stored.
private final class ScriptedWrite: Write {
    private let body: @Sendable (any Transaction) throws -> Void
    private let onAcknowledge: @Sendable () -> Void
    private let state = Mutex<(error: (any Error)?, isAnswered: Bool)>((nil, false))

    init(_ script: String, onAcknowledge: @escaping @Sendable () -> Void = {}) {
        body = { try $0.executeScript(script) }
        self.onAcknowledge = onAcknowledge
        call = Caller()
    }

    init(for caller: Caller = Caller(), _ body: @escaping @Sendable (any Transaction) throws -> Void) {
        self.body = body
        onAcknowledge = {}
        call = caller
    }

    let call: any Interruptible
    var refusal: (any Error)? { state.withLock { $0.error } }
    var isStored: Bool { state.withLock { $0.isAnswered && $0.error == nil } }

    func begin() -> Bool { true }

    func run(in transaction: SQLiteTransaction) -> (any Error)? {
        do {
            try body(transaction)
            state.withLock { $0.error = nil }
            return nil
        } catch {
            state.withLock { $0.error = error }
            return error
        }
    }

    func acknowledge() {
        state.withLock { $0.isAnswered = true }
        onAcknowledge()
    }

    func refuse(_ error: any Error) { state.withLock { $0 = (error, true) } }
}

extension StorageError {
    fileprivate var isFull: Bool { if case .full = self { true } else { false } }
}
