import PluginAPI
import PluginTesting
import Testing

@testable import Host

@Suite("Metered storage")
struct MeteredStorageTests {
    private func make(_ status: ModuleStatus, slow: Duration = .seconds(3_600)) -> (
        MeteredStorage, MetricsRegistry, LineSink
    ) {
        let (registry, sink) = (MetricsRegistry(), LineSink())
        let output = LogOutput(level: LogLevelSwitch(.info), format: .json, clock: ManualClock(), sink: sink)
        let logger = HostLogger(module: "storage", output: output)
        let meters = StorageMeters(backend: "sqlite", metrics: registry, logger: logger, slow: slow)
        return (MeteredStorage(EmptyStorage(), meters: meters) { status }, registry, sink)
    }

    private func text(_ registry: MetricsRegistry) -> String {
        String(decoding: MetricsText(registry.snapshot()).bytes, as: UTF8.self)
    }

    @Test("Statements are counted, alone and in transactions")
    func counting() async throws {
        let (storage, registry, _) = make(.ok)

        _ = try await storage.rows("SELECT 1")
        try await storage.transaction { transaction in
            _ = try transaction.rows("SELECT 2")
            try transaction.execute("DELETE FROM x")
            try transaction.executeMany("INSERT INTO x VALUES (?)", [[.integer(1)], [.integer(2)]])
        }

        #expect(text(registry).contains(#"storage_queries_total{backend="sqlite"} 4"#))
        #expect(text(registry).contains("storage_query_duration_seconds_count 4"))
        #expect(text(registry).contains("pg_queries_total 0"))
    }

    @Test("A slow statement is logged without its values")
    func slowStatements() async throws {
        let (storage, _, sink) = make(.ok, slow: .zero)

        _ = try await storage.rows("SELECT  *\nFROM x WHERE a = \("private") AND b IN (\(["p", "q"]))")

        #expect(sink.lines.count == 1 && sink.lines[0].contains("SELECT * FROM x WHERE a = ? AND b IN (?…)"))
        #expect(!sink.lines[0].contains("private"))
    }

    @Test("While storage is down calls are refused at once")
    func down() async throws {
        let (storage, _, _) = make(.failed(reason: "disk gone"))

        await #expect(throws: StorageError.unavailable(reason: "disk gone")) { try await storage.rows("SELECT 1") }
        await #expect(throws: StorageError.unavailable(reason: "disk gone")) { try await storage.transaction { _ in } }
    }
}

/// Answers no rows to everything.
private struct EmptyStorage: StorageBackend {
    static let descriptor = ModuleDescriptor(id: "empty", summary: "Answers no rows")
    var dialect: SQLDialect { .sqlite }

    init() {}
    init(configuration: ModuleConfiguration, context: ModuleContext) throws(ModuleError) {}

    func rows(_ sql: SQL, deadline: ContinuousClock.Instant?) async throws(StorageError) -> Rows { .none }

    func transaction<Result: Sendable>(
        deadline: ContinuousClock.Instant?,
        _ body: @escaping @Sendable (any Transaction) throws -> Result
    ) async throws -> Result { try body(EmptyTransaction()) }

    func migrationTransaction<Result: Sendable>(
        _ body: @escaping @Sendable (any Transaction) throws -> Result
    ) async throws -> Result { try body(EmptyTransaction()) }
}

private struct EmptyTransaction: Transaction {
    var dialect: SQLDialect { .sqlite }
    func rows(_ sql: SQL) throws(StorageError) -> Rows { .none }
    func execute(_ sql: SQL) throws(StorageError) -> Int { 0 }
    func executeMany(_ statement: String, _ rows: [[Value]]) throws(StorageError) {}
    func executeScript(_ script: String) throws(StorageError) {}
}
