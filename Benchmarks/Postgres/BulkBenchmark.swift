import Foundation
import PluginAPI
import PostgresStorage

/// So many positions into an empty table with a primary key, in one transaction: through the storage interface, and by psql
/// with `COPY` in binary form from a file that holds the same rows.
struct BulkBenchmark {
    let url: String
    let rowsTotal: Int

    private static let batch = 20_000

    func run() async throws {
        let storage = PostgresStorageModule(
            url: Secret(url), poolSize: 1, overflowMax: 0, statementTimeout: .seconds(600))
        try await storage.start()
        try await storage.transaction { try $0.executeScript(ManyPositions.schema) }
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("positions-\(getpid()).copy").path
        defer { try? FileManager.default.removeItem(atPath: file) }
        try await insert(into: storage)
        _ = try psql("\\copy benchmark_positions TO '\(file)' (FORMAT binary)")
        var (ours, theirs): ([Double], [Double]) = ([], [])
        for _ in 0..<PostgresBenchmark.roundsTotal {
            try await clear(storage)
            var begin = ContinuousClock.now
            _ = try psql("\\copy benchmark_positions FROM '\(file)' (FORMAT binary)")
            theirs.append(Double(rowsTotal) / PostgresBenchmark.seconds(since: begin))
            try await clear(storage)
            begin = .now
            try await insert(into: storage)
            ours.append(Double(rowsTotal) / PostgresBenchmark.seconds(since: begin))
            PostgresBenchmark.say("\(Int(ours.last ?? 0)) rows/s, COPY by psql \(Int(theirs.last ?? 0))")
        }
        PostgresBenchmark.report(ours: ours, theirs: theirs)
        try await storage.transaction { try $0.executeScript("DROP TABLE benchmark_positions") }
        await storage.stop()
    }

    /// The rows are made on the way, as a caller would.
    private func insert(into storage: PostgresStorageModule) async throws {
        let rowsTotal = rowsTotal
        try await storage.transaction { transaction in
            for start in stride(from: 0, to: rowsTotal, by: Self.batch) {
                let rows = (start..<min(start + Self.batch, rowsTotal)).map(ManyPositions.row)
                try transaction.executeMany(ManyPositions.insert, rows)
            }
        }
    }

    private func clear(_ storage: PostgresStorageModule) async throws {
        try await storage.transaction { try $0.executeScript("TRUNCATE benchmark_positions") }
        _ = try psql("CHECKPOINT")
    }

    private func psql(_ command: String) throws -> String {
        try Program.output("psql", ["-XAtq", "-v", "ON_ERROR_STOP=1", "-d", url, "-c", command])
    }
}

/// Positions as the book keeps them, with the columns that matter for their size.
enum ManyPositions {
    static let schema = """
        DROP TABLE IF EXISTS benchmark_positions;
        CREATE TABLE benchmark_positions (position_id text COLLATE "C" PRIMARY KEY, account_id text COLLATE "C" NOT NULL,
            ticket bigint NOT NULL, symbol text COLLATE "C" NOT NULL, direction text COLLATE "C" NOT NULL,
            volume numeric(20,8) NOT NULL, entry_price numeric(20,8) NOT NULL, entry_time timestamptz NOT NULL,
            current_price numeric(20,8) NOT NULL, take_profit numeric(20,8), stop_loss numeric(20,8),
            profit numeric(20,8) NOT NULL, comment text COLLATE "C", status text COLLATE "C" NOT NULL)
        """
    static let columns = """
        position_id, account_id, ticket, symbol, direction, volume, entry_price, entry_time, current_price, take_profit, \
        stop_loss, profit, comment, status
        """
    static let insert =
        "INSERT INTO benchmark_positions (\(columns)) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"

    @Sendable
    static func row(_ index: Int) -> [Value] {
        let number = Int64(index)
        return [
            .text("p-\(100_000_000 + index)"), .text("acc-\(index % 1_000)"), .integer(number), .text("EURUSD"),
            .text(index.isMultiple(of: 2) ? "buy" : "sell"), .decimal(FixedDecimal(storedUnits: 10_000_000)),
            .decimal(FixedDecimal(storedUnits: 117_350_000 + number % 1_000)),
            .timestamp(Timestamp(microseconds: 1_767_607_200_000_000 + number * 1_000)),
            .decimal(FixedDecimal(storedUnits: 117_360_000 + number % 977)), .null,
            .decimal(FixedDecimal(storedUnits: 116_000_000)),
            .decimal(FixedDecimal(storedUnits: number % 10_000 * 1_000_000)), .text("trade:t-\(index)"), .text("open"),
        ]
    }
}
