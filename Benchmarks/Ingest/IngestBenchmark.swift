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
/// has a break to carry on. Arguments: snapshots (20000) and how many are under way at once (64); with `observed` somebody
/// observes all events, which then are written and stay.
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
        if CommandLine.arguments.contains("observed") { desk.observe() }
        try await desk.open(accounts: accountsTotal, positionsEach: positionsEach)

        // The first opens the positions, the next two make the host keep the book.
        let warmups = accountsTotal * 3
        _ = try await desk.ingest(warmups, inFlight: inFlight, from: 0)
        var rates: [Double] = []
        for round in 0..<3 {
            let usage = (all: CPUTime.now, busiest: CPUTime.ofBusiestThread)
            let begin = ContinuousClock.now
            try await desk.ingest(snapshotsTotal, inFlight: inFlight, from: warmups + round * snapshotsTotal)
            let seconds = (ContinuousClock.now - begin).seconds
            let perRun = 1_000_000 / Double(snapshotsTotal)
            let cpu = (CPUTime.now - usage.all) * perRun
            let writer = (CPUTime.ofBusiestThread - usage.busiest) * perRun
            rates.append(Double(snapshotsTotal) / seconds)
            print(
                "round \(round + 1): \(Int(rates[round])) runs/s, \(Int(cpu)) µs of CPU a run,",
                "\(Int(writer)) of them in the thread that writes")
        }
        print("median: \(Int(rates.sorted()[1])) runs/s of \(positionsEach) positions, \(inFlight) at once")
        await desk.close()
    }
}

extension Duration {
    var seconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}

/// Seconds of processor time, in both modes.
enum CPUTime {
    /// That this process has used.
    static var now: Double {
        var usage = rusage()
        getrusage(Int32(RUSAGE_SELF.rawValue), &usage)
        return [usage.ru_utime, usage.ru_stime].reduce(0) { $0 + Double($1.tv_sec) + Double($1.tv_usec) / 1e6 }
    }

    /// That the one of its threads with most of it has used: here the one that writes.
    static var ofBusiestThread: Double {
        let folder = "/proc/self/task"
        guard let listing = opendir(folder) else { return 0 }
        defer { closedir(listing) }
        var busiest = 0.0
        while let entry = readdir(listing) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard let file = fopen("\(folder)/\(name)/schedstat", "r") else { continue }
            defer { fclose(file) }
            var nanoseconds: [CChar] = Array(repeating: 0, count: 64)
            if fgets(&nanoseconds, 64, file) != nil { busiest = max(busiest, strtod(nanoseconds, nil) / 1e9) }
        }
        return busiest
    }
}
