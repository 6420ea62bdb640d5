import Glibc
import Guards
import PluginAPI
import PluginTesting
import Reconciliation
import SQLiteStorage
import TradingBook

/// Snapshots of twenty positions through the whole ingest: parsed, stored, reconciled, judged and acknowledged after the
/// disk has them, on one SQLite file under `TMPDIR`.
///
/// Prices move with every snapshot and one position in twenty is off its trade, so that no run is a repeat and every run
/// has a break to carry on. Arguments: snapshots (20000) and how many are under way at once (64).
@main
struct IngestBenchmark {
    static let accountsTotal = 200
    static let positionsEach = 20

    static func main() async throws {
        let arguments = CommandLine.arguments.dropFirst().compactMap { Int($0) }
        let snapshotsTotal = arguments.first ?? 20_000
        let inFlight = arguments.dropFirst().first ?? 64
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        let desk = try await BenchmarkDesk(path: "\(directory.path)/concord.db")
        try await desk.open(accounts: accountsTotal, positionsEach: positionsEach)

        _ = try await desk.ingest(accountsTotal * 2, inFlight: inFlight, from: 0)
        var rates: [Double] = []
        for round in 0..<3 {
            let usage = CPUTime.now
            let begin = ContinuousClock.now
            try await desk.ingest(snapshotsTotal, inFlight: inFlight, from: accountsTotal * 2 + round * snapshotsTotal)
            let seconds = (ContinuousClock.now - begin).seconds
            let cpu = (CPUTime.now - usage) / Double(snapshotsTotal) * 1_000_000
            rates.append(Double(snapshotsTotal) / seconds)
            print("round \(round + 1): \(Int(rates[round])) runs/s, \(Int(cpu)) µs of CPU a run")
        }
        print("median: \(Int(rates.sorted()[1])) runs/s of \(positionsEach) positions, \(inFlight) at once")
        await desk.close()
    }
}

extension Duration {
    var seconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}

/// Seconds of processor time this process has used, in both modes.
enum CPUTime {
    static var now: Double {
        var usage = rusage()
        getrusage(Int32(RUSAGE_SELF.rawValue), &usage)
        return [usage.ru_utime, usage.ru_stime].reduce(0) { $0 + Double($1.tv_sec) + Double($1.tv_usec) / 1e6 }
    }
}
