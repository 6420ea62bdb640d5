import Foundation
import PluginAPI
import PostgresStorage
import Synchronization

/// One statement that answers 50 rows of 7 columns, on so many connections: through the storage interface, rows decoded, and
/// by pgbench, which throws them away.
struct ReadBenchmark {
    let url: String
    let connections: Int
    /// Each round, by each side.
    let readsPerConnection: Int

    private static let accountsTotal = 200
    /// Many short ones: what else the machine does then falls on both sides.
    private static let roundsTotal = 15
    /// Callers a connection, so that a thread finds its next call waiting.
    private static let callersPerConnection = 4
    private static let columns = "ticket, symbol, direction, volume, price, entry_time, status"

    func run() async throws {
        let storage = PostgresStorageModule(url: Secret(url), poolSize: connections, overflowMax: 0)
        try await storage.start()
        try await storage.transaction { try $0.executeScript(Self.schema) }
        var (ours, theirs): ([Double], [Double]) = ([], [])
        _ = try await reads(of: storage, readsPerConnection / 4)
        for _ in 0..<Self.roundsTotal {
            let begin = ProcessTime.now
            theirs.append(try pgbench())
            ours.append(try await reads(of: storage, readsPerConnection))
            let (own, beside) = ProcessTime.now.since(begin, reads: readsPerConnection * connections)
            PostgresBenchmark.say(
                "\(Int(ours.last ?? 0)) reads/s of \(own) µs of processor time, "
                    + "pgbench \(Int(theirs.last ?? 0)) of \(beside) µs")
        }
        PostgresBenchmark.report(ours: ours, theirs: theirs)
        try await storage.transaction { try $0.executeScript("DROP TABLE benchmark_reads") }
        await storage.stop()
    }

    private static let schema = """
        DROP TABLE IF EXISTS benchmark_reads;
        CREATE TABLE benchmark_reads (account bigint, ticket bigint, symbol text COLLATE "C", direction text COLLATE "C",
            volume numeric(20,8), price numeric(20,8), entry_time timestamptz, status text COLLATE "C",
            PRIMARY KEY (account, ticket));
        INSERT INTO benchmark_reads
            SELECT account, ticket, 'EURUSD', 'buy', 0.1 * ticket, 1.1 + 0.00001 * ticket,
                timestamptz '2026-01-05 10:00:00Z' + ticket * interval '1 second', 'open'
            FROM generate_series(1, \(accountsTotal)) AS account, generate_series(1, 50) AS ticket;
        ANALYZE benchmark_reads
        """

    /// - Returns: Reads a second.
    private func reads(of storage: PostgresStorageModule, _ readsPerConnection: Int) async throws -> Double {
        let columns = SQL(parts: [.text(Self.columns)])
        let callers = connections * Self.callersPerConnection
        let readsPerCaller = readsPerConnection / Self.callersPerConnection
        let begin = ContinuousClock.now
        try await withThrowingTaskGroup(of: Void.self) { group in
            for caller in 0..<callers {
                group.addTask {
                    for read in 0..<readsPerCaller {
                        let account = (caller * 31 + read) % Self.accountsTotal + 1
                        let rows = try await storage.rows(
                            "SELECT \(columns) FROM benchmark_reads WHERE account = \(account) ORDER BY ticket")
                        guard rows.count == 50 else { throw ModuleError.unavailable(reason: "\(rows.count) rows") }
                    }
                }
            }
            try await group.waitForAll()
        }
        return Double(callers * readsPerCaller) / PostgresBenchmark.seconds(since: begin)
    }

    /// - Returns: What pgbench says: transactions a second, each the one statement.
    private func pgbench() throws -> Double {
        let script = FileManager.default.temporaryDirectory.appendingPathComponent("reads-\(getpid()).sql")
        try """
        \\set account random(1, \(Self.accountsTotal))
        SELECT \(Self.columns) FROM benchmark_reads WHERE account = :account ORDER BY ticket;
        """.write(to: script, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(at: script) }
        let threads = min(connections, ProcessInfo.processInfo.activeProcessorCount)
        let text = try Program.output(
            "pgbench",
            [
                "-n", "-M", "prepared", "-c", "\(connections)", "-j", "\(threads)", "-t", "\(readsPerConnection)", "-f",
                script.path, url,
            ])
        guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix("tps = ") }),
            let rate = Double(line.dropFirst(6).prefix { $0 != " " })
        else { throw ModuleError.unavailable(reason: "pgbench says no rate: \(text)") }
        return rate
    }
}
