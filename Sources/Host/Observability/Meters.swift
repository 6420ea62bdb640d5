import PluginAPI
import Synchronization

/// A count in one atomic word.
final class AtomicCounter: Counter {
    private let count = Atomic<Int>(0)

    var value: Int { count.load(ordering: .relaxed) }

    /// A count never falls and never overflows into a trap: negative amounts are ignored.
    func increment(by amount: Int) {
        guard amount > 0 else { return }
        count.wrappingAdd(amount, ordering: .relaxed)
    }
}

/// A figure in one atomic word.
final class AtomicGauge: Gauge {
    private let bits = Atomic<UInt64>(0)

    var value: Double { Double(bitPattern: bits.load(ordering: .relaxed)) }

    func set(_ value: Double) { bits.store(value.bitPattern, ordering: .relaxed) }

    /// Adds to the figure as one step, whoever else is adding.
    func add(_ amount: Double) {
        var seen = bits.load(ordering: .relaxed)
        while true {
            let sum = (Double(bitPattern: seen) + amount).bitPattern
            let result = bits.weakCompareExchange(expected: seen, desired: sum, ordering: .relaxed)
            if result.exchanged { return }
            seen = result.original
        }
    }
}

/// A distribution over fixed buckets; buckets, sum and count of one reading belong together.
final class BucketHistogram: Histogram {
    struct Reading: Sendable, Equatable {
        /// Values in each bucket alone, the last one beyond every bound.
        var counts: [Int]
        var sum: Double
    }

    let bounds: [Double]
    private let state: Mutex<Reading>

    init(bounds: [Double]) {
        self.bounds = bounds
        state = Mutex(Reading(counts: [Int](repeating: 0, count: bounds.count + 1), sum: 0))
    }

    var reading: Reading { state.withLock { $0 } }

    func record(_ value: Double) {
        guard value.isFinite else { return }
        let bucket = bounds.firstIndex { value <= $0 } ?? bounds.count
        state.withLock { reading in
            reading.counts[bucket] += 1
            reading.sum += value
        }
    }
}
