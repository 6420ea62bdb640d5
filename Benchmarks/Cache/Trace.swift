import Foundation
import PluginTesting

/// Requests for keys: how often each is asked for falls as its rank to the power of 0.99 (Zipf), in no order in time.
///
/// The same seed gives the same requests. Keys asked for by rank are 0 and up; those of scans are above them all and are
/// asked for once each.
struct Trace {
    static let exponent = 0.99
    /// Keys of one scan, asked for one after another.
    static let scanLength = 1_000

    private var random: SplitMix
    /// The share of all requests that the keys up to each rank have.
    private let shares: [Double]
    /// How often a request begins a scan.
    private let scanChance: Double
    private var scanLeft = 0
    private var nextScanned: Int

    /// - Parameter scanShare: Requests that belong to scans, 0…1.
    init(keys: Int, scanShare: Double, seed: UInt64) {
        random = SplitMix(seed: seed)
        var sum = 0.0
        let sums = (1...keys).map { rank in
            sum += pow(Double(rank), -Trace.exponent)
            return sum
        }
        shares = sums.map { $0 / sum }
        scanChance = scanShare / (1 - scanShare) / Double(Trace.scanLength)
        nextScanned = keys
    }

    struct Request {
        var key: Int
        var isScan: Bool
    }

    mutating func next() -> Request {
        if scanLeft == 0, Double.random(in: 0..<1, using: &random) < scanChance { scanLeft = Trace.scanLength }
        guard scanLeft == 0 else {
            scanLeft -= 1
            nextScanned += 1
            return Request(key: nextScanned, isScan: true)
        }
        return Request(key: rank(of: Double.random(in: 0..<1, using: &random)), isScan: false)
    }

    /// The first rank whose share reaches that far.
    private func rank(of share: Double) -> Int {
        var (low, high) = (0, shares.count - 1)
        while low < high {
            let middle = (low + high) / 2
            if shares[middle] <= share { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
