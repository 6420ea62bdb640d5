import PluginAPI

/// An allowance that refills evenly: at most a minute's worth at once, exact to the microsecond.
///
/// The level is counted in *drops*, of which a request takes as many as a minute has microseconds, so that a rate of n a
/// minute refills n drops a microsecond and nothing is ever rounded. A billion a minute makes 6·10¹⁶ drops, far below Int64.
struct TokenBucket: Sendable, Equatable {
    private static let microsecondsPerMinute: Int64 = 60_000_000
    private static let dropsPerRequest = microsecondsPerMinute

    private var drops: Int64
    private var countedAt: Timestamp

    /// A full bucket.
    init(rate: RequestRate, at now: Timestamp) {
        drops = rate.perMinute * Self.dropsPerRequest
        countedAt = now
    }

    /// Takes one request's worth if it is there.
    mutating func take(_ rate: RequestRate, at now: Timestamp) -> RateDecision {
        refill(rate, at: now)
        let isAdmitted = drops >= Self.dropsPerRequest
        if isAdmitted { drops -= Self.dropsPerRequest }
        return RateDecision(
            isAdmitted: isAdmitted,
            limit: rate.perMinute,
            remaining: drops / Self.dropsPerRequest,
            secondsToNext: Self.seconds(Self.dropsPerRequest - drops, at: rate),
            secondsToFull: Self.seconds(rate.perMinute * Self.dropsPerRequest - drops, at: rate)
        )
    }

    /// Whether it is as good as one that nobody has taken from.
    func isFull(_ rate: RequestRate, at now: Timestamp) -> Bool {
        var bucket = self
        bucket.refill(rate, at: now)
        return bucket.drops == rate.perMinute * Self.dropsPerRequest
    }

    /// A clock that is set back neither refills nor empties.
    private mutating func refill(_ rate: RequestRate, at now: Timestamp) {
        let capacity = rate.perMinute * Self.dropsPerRequest
        let elapsed = max(0, min(now.microseconds - countedAt.microseconds, Self.microsecondsPerMinute))
        countedAt = now
        drops = min(capacity, drops + elapsed * rate.perMinute)
    }

    /// Whole seconds, rounded up, until `missing` drops have come in.
    private static func seconds(_ missing: Int64, at rate: RequestRate) -> Int64 {
        guard missing > 0 else { return 0 }
        let dropsPerSecond = rate.perMinute * 1_000_000
        return (missing + dropsPerSecond - 1) / dropsPerSecond
    }
}

/// Requests a minute, 1…1,000,000,000; the bucket holds as many.
struct RequestRate: Sendable, Equatable {
    let perMinute: Int64

    static let allowed: ClosedRange<Int64> = 1...1_000_000_000

    init(perMinute: Int64) {
        precondition(Self.allowed.contains(perMinute), "a rate is 1 to 1000000000 a minute")
        self.perMinute = perMinute
    }
}

/// What a bucket said, and what the client may be told about it.
struct RateDecision: Sendable, Equatable {
    var isAdmitted: Bool
    var limit: Int64
    var remaining: Int64
    /// Until a request would be admitted; 0 when one would be now.
    var secondsToNext: Int64
    /// Until the whole allowance is back.
    var secondsToFull: Int64
}
