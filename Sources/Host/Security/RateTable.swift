import PluginAPI

/// The buckets of everybody who has asked lately, all of one rate, bounded.
///
/// A full bucket is the same as none, so nothing is lost when those that are full are taken out: that is done when the
/// table has doubled since. Nobody gains by that, since who has taken more than has come back stays. Beyond `capacity`
/// newcomers share one bucket, which bounds memory and still limits them.
struct RateTable<Key: Hashable & Sendable>: Sendable {
    /// Fewer are not worth looking through.
    private static var worthSweeping: Int { 1_024 }
    /// While nobody more can be taken in, the table is looked through no more often than this.
    private static var pauseWhenCrowded: Duration { .seconds(1) }

    private let rate: RequestRate
    private let capacity: Int
    private var buckets: [Key: TokenBucket] = [:]
    private var shared: TokenBucket?
    /// The number of buckets at which the full ones are looked for.
    private var sweepAt: Int
    private var sweptAt: Timestamp?

    var count: Int { buckets.count }

    init(rate: RequestRate, capacity: Int) {
        self.rate = rate
        self.capacity = capacity
        sweepAt = min(capacity, Self.worthSweeping)
    }

    mutating func take(_ key: Key, at now: Timestamp) -> RateDecision {
        if let place = buckets.index(forKey: key) { return buckets.values[place].take(rate, at: now) }
        if buckets.count >= sweepAt { sweep(at: now) }
        guard buckets.count < capacity else { return takeShared(at: now) }
        var bucket = TokenBucket(rate: rate, at: now)
        let decision = bucket.take(rate, at: now)
        buckets[key] = bucket
        return decision
    }

    private mutating func takeShared(at now: Timestamp) -> RateDecision {
        var bucket = shared ?? TokenBucket(rate: rate, at: now)
        let decision = bucket.take(rate, at: now)
        shared = bucket
        return decision
    }

    private mutating func sweep(at now: Timestamp) {
        // A clock that was set back is no reason to wait until it has caught up.
        if buckets.count >= capacity, let last = sweptAt, last <= now, now.since(last) < Self.pauseWhenCrowded {
            return
        }
        sweptAt = now
        buckets = buckets.filter { !$0.value.isFull(rate, at: now) }
        sweepAt = min(capacity, max(Self.worthSweeping, buckets.count * 2))
    }
}
