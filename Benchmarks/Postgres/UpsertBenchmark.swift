import PluginAPI
import PostgresStorage

/// So many positions upserted, half of them there already: row by row through the pipeline, and by `COPY` into a temporary
/// table and one statement from there.
struct UpsertBenchmark {
    let url: String
    let rowsTotal: Int

    private static let conflict = """
        ON CONFLICT (position_id) DO UPDATE SET current_price = excluded.current_price, profit = excluded.profit
        """

    func run() async throws {
        let storage = PostgresStorageModule(
            url: Secret(url), poolSize: 1, overflowMax: 0, statementTimeout: .seconds(600))
        try await storage.start()
        try await storage.transaction { try $0.executeScript(ManyPositions.schema) }
        let half = stride(from: 0, to: rowsTotal, by: 2).map(ManyPositions.row)
        let rows = (0..<rowsTotal).map(ManyPositions.row)
        var (staged, piped): ([Double], [Double]) = ([], [])
        for _ in 0..<PostgresBenchmark.roundsTotal {
            for isStaged in [false, true] {
                try await storage.transaction {
                    try $0.executeScript("TRUNCATE benchmark_positions")
                    try $0.executeMany(ManyPositions.insert, half)
                }
                let begin = ContinuousClock.now
                try await storage.transaction { try Self.upsert(rows, isStaged: isStaged, in: $0) }
                let rate = Double(rowsTotal) / PostgresBenchmark.seconds(since: begin)
                if isStaged { staged.append(rate) } else { piped.append(rate) }
            }
        }
        for (staged, piped) in zip(staged, piped) {
            PostgresBenchmark.say("\(Int(staged)) rows/s by COPY and a second statement, \(Int(piped)) by the pipeline")
        }
        PostgresBenchmark.report(ours: staged, theirs: piped)
        try await storage.transaction { try $0.executeScript("DROP TABLE benchmark_positions") }
        await storage.stop()
    }

    private static func upsert(_ rows: [[Value]], isStaged: Bool, in transaction: any Transaction) throws {
        guard isStaged else { return try transaction.executeMany("\(ManyPositions.insert) \(conflict)", rows) }
        try transaction.executeScript("CREATE TEMPORARY TABLE staged (LIKE benchmark_positions) ON COMMIT DROP")
        let marks = rows[0].map { _ in "?" }.joined(separator: ", ")
        try transaction.executeMany("INSERT INTO staged (\(ManyPositions.columns)) VALUES (\(marks))", rows)
        try transaction.executeScript("INSERT INTO benchmark_positions SELECT * FROM staged \(conflict)")
    }
}
