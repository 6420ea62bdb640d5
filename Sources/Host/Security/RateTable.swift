import PluginAPI

/// The buckets of everybody who has asked lately, bounded.
///
/// A bucket that nobody touched for a minute is full, and a full bucket is the same as none. So two generations of a minute
/// each suffice: what is still in the old one when the young one has aged a minute can be dropped without anybody noticing.
/// Beyond `capacity` newcomers share one bucket, which bounds memory and still limits them.
struct RateTable<Key: Hashable & Sendable>: Sendable {
    private static var generationAge: Duration { .seconds(60) }

    private let capacity: Int
    private var young: [Key: TokenBucket] = [:]
    private var old: [Key: TokenBucket] = [:]
    private var shared: TokenBucket?
    private var rotatedAt: Timestamp?

    var count: Int { young.count + old.count }

    init(capacity: Int) {
        self.capacity = capacity
    }

    mutating func take(_ key: Key, _ rate: RequestRate, at now: Timestamp) -> RateDecision {
        rotate(at: now)
        if let place = young.index(forKey: key) { return young.values[place].take(rate, at: now) }
        guard count < capacity || old[key] != nil else { return takeShared(rate, at: now) }
        var bucket = old.removeValue(forKey: key) ?? TokenBucket(rate: rate, at: now)
        let decision = bucket.take(rate, at: now)
        young[key] = bucket
        return decision
    }

    private mutating func takeShared(_ rate: RequestRate, at now: Timestamp) -> RateDecision {
        var bucket = shared ?? TokenBucket(rate: rate, at: now)
        let decision = bucket.take(rate, at: now)
        shared = bucket
        return decision
    }

    private mutating func rotate(at now: Timestamp) {
        // A clock that was set back starts a new minute, or the table would not rotate until it has caught up.
        guard let last = rotatedAt, last <= now else {
            rotatedAt = now
            return
        }
        guard now.since(last) >= Self.generationAge else { return }
        old = now.since(last) >= Self.generationAge * 2 ? [:] : young
        young = [:]
        rotatedAt = now
    }
}
