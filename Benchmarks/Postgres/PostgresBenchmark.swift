import Foundation
import PluginAPI
import PostgresStorage

/// The PostgreSQL storage beside PostgreSQL's own programs, in turns, on the server that `CONCORD_TEST_POSTGRES_URL` names.
///
/// The first argument is `reads` (beside `pgbench -M prepared`), `bulk` (beside `COPY` by `psql`) or `upsert` (two ways of
/// our own); numbers may follow. Tables of its own come and go.
@main
struct PostgresBenchmark {
    static let roundsTotal = 3

    static func main() async throws {
        guard let url = ProcessInfo.processInfo.environment["CONCORD_TEST_POSTGRES_URL"] else {
            throw ModuleError.unavailable(reason: "CONCORD_TEST_POSTGRES_URL is not set; see scripts/servers/postgres")
        }
        let numbers = CommandLine.arguments.dropFirst(2).compactMap { Int($0) }
        switch CommandLine.arguments.dropFirst().first {
        case "reads":
            try await ReadBenchmark(
                url: url, connections: numbers.first ?? 8, readsPerConnection: numbers.dropFirst().first ?? 2_000
            ).run()
        case "bulk": try await BulkBenchmark(url: url, rowsTotal: numbers.first ?? 1_000_000).run()
        case "upsert": try await UpsertBenchmark(url: url, rowsTotal: numbers.first ?? 20_000).run()
        default: throw ModuleError.unavailable(reason: "say reads, bulk or upsert")
        }
    }

    /// Prints the medians, their ratio, and the median of the rounds' ratios.
    static func report(ours: [Double], theirs: [Double]) {
        let (own, beside, round) = (median(ours), median(theirs), median(zip(ours, theirs).map { $0 / $1 }))
        say("medians: \(Int(own)) and \(Int(beside)), ratio \(shown(own / beside)); of the rounds \(shown(round))")
    }

    private static func median(_ figures: [Double]) -> Double { figures.sorted()[figures.count / 2] }

    private static func shown(_ ratio: Double) -> Double { (ratio * 100).rounded() / 100 }

    /// Prints at once, also into a pipe.
    static func say(_ line: String) { FileHandle.standardOutput.write(Data((line + "\n").utf8)) }

    static func seconds(since begin: ContinuousClock.Instant) -> Double {
        let duration = ContinuousClock.now - begin
        return Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
    }
}
