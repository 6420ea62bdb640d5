import Foundation

/// The hit ratio of the host's own cache beside that of LRU, which has room for as many entries, in one replay of the same
/// requests; first without scans, then with them.
///
/// Arguments: keys (1000000), requests (10000000), the share of keys that there is room for (0.001), the seed (1).
@main
struct CacheBenchmark {
    static let bodyBytes = 2_048
    static let scanShare = 0.2

    static func main() async throws {
        let arguments = CommandLine.arguments.dropFirst().compactMap { Double($0) }
        let keys = Int(arguments.first ?? 1_000_000)
        let requests = Int(arguments.dropFirst().first ?? 10_000_000)
        let room = Int(Double(keys) * (arguments.dropFirst(2).first ?? 0.001))
        let seed = UInt64(arguments.dropFirst(3).first ?? 1)
        print("\(keys) keys, Zipf \(Trace.exponent), room for \(room), \(requests) requests, seed \(seed)")
        for scanShare in [0, scanShare] {
            var trace = Trace(keys: keys, scanShare: scanShare, seed: seed)
            var replay = await Replay(room: room, bodyBytes: bodyBytes)
            for _ in 0..<requests { replay.ask(trace.next()) }
            print(
                "scans \(Int(scanShare * 100)) %: Concord \(decimals(replay.hitRatio)),",
                "LRU \(decimals(replay.hitRatioOfLRU)) of the other requests")
        }
    }

    private static func decimals(_ ratio: Double) -> String { String(format: "%.3f", ratio) }
}
