import PluginAPI
import PluginTesting
import Testing

@testable import Host

@Suite("Rate limits")
struct RateLimitTests {
    private let start = Timestamp(seconds: 1_000)

    @Test("A bucket gives a minute's worth at once, then one each time it has refilled", arguments: [1, 7, 60, 600])
    func refill(perMinute: Int) {
        let rate = RequestRate(perMinute: Int64(perMinute))
        var bucket = TokenBucket(rate: rate, at: start)

        for _ in 0..<perMinute { #expect(bucket.take(rate, at: start).isAdmitted) }
        let step = Duration.microseconds((60_000_000 + perMinute - 1) / perMinute)
        let early = bucket.take(rate, at: start + step - .microseconds(1))
        let refilled = bucket.take(rate, at: start + step)

        #expect(!early.isAdmitted)
        #expect(refilled.isAdmitted)
    }

    @Test("Over a long time exactly the rate is admitted, however odd the steps are")
    func exactOverTime() {
        let rate = RequestRate(perMinute: 7)
        var bucket = TokenBucket(rate: rate, at: start)
        var admitted = 0

        for step in 0..<100_000 {
            let now = Timestamp(microseconds: start.microseconds + Int64(step) * 36_137)
            if bucket.take(rate, at: now).isAdmitted { admitted += 1 }
        }

        let elapsedMinutes = Double(99_999 * 36_137) / 60e6
        #expect(admitted == 7 + Int(elapsedMinutes * 7))
    }

    @Test("The largest rate does not overflow")
    func largestRate() {
        let rate = RequestRate(perMinute: 1_000_000_000)
        var bucket = TokenBucket(rate: rate, at: start)

        let first = bucket.take(rate, at: start)
        let later = bucket.take(rate, at: Timestamp(microseconds: .max))

        #expect(first.remaining == 999_999_999)
        #expect(later.remaining == 999_999_999)
    }

    @Test("A refused request says after how many seconds it would pass, rounded up")
    func retryAfter() {
        let rate = RequestRate(perMinute: 2)
        var bucket = TokenBucket(rate: rate, at: start)
        _ = bucket.take(rate, at: start)
        _ = bucket.take(rate, at: start)

        let refused = bucket.take(rate, at: start + .milliseconds(500))

        #expect(!refused.isAdmitted)
        #expect(refused.secondsToNext == 30)
        #expect(refused.secondsToFull == 60)
        #expect(refused.problem.retryAfter == 30)
    }

    @Test("A clock that is set back gives nothing away")
    func clockSetBack() {
        let rate = RequestRate(perMinute: 1)
        var bucket = TokenBucket(rate: rate, at: start)
        _ = bucket.take(rate, at: start)

        let back = bucket.take(rate, at: start - .seconds(3_600))

        #expect(!back.isAdmitted)
    }

    @Test("The table stays within its capacity, and lets go of buckets that are full again when room is wanted")
    func boundedTable() {
        var table = RateTable<Int>(rate: RequestRate(perMinute: 1), capacity: 100)

        for key in 0..<1_000 { _ = table.take(key, at: start) }
        let crowded = table.count
        let newcomer = table.take(5_000, at: start + .seconds(59))
        let later = table.take(5_000, at: start + .seconds(60))

        #expect(crowded == 100)
        #expect(!newcomer.isAdmitted)
        #expect(later.isAdmitted)
        #expect(table.count == 1)
    }

    @Test("Those who ask now and then take no room: only who has taken more than has come back is remembered")
    func idlersTakeNoRoom() {
        var table = RateTable<Int>(rate: RequestRate(perMinute: 600), capacity: 100_000)

        for key in 0..<100_000 { _ = table.take(key, at: start + .milliseconds(key)) }

        #expect(table.count <= 1_024)
    }

    @Test("Nobody gains by being forgotten: however many others come, an empty bucket refills at its rate")
    func crowdsForgiveNothing() {
        let rate = RequestRate(perMinute: 60)
        var (table, alone) = (RateTable<Int>(rate: rate, capacity: 2_000), TokenBucket(rate: rate, at: start))
        for step in 0..<20_000 {
            let now = start + .milliseconds(step)
            _ = table.take(step + 1, at: now)
            guard step.isMultiple(of: 7) else { continue }
            #expect(table.take(0, at: now) == alone.take(rate, at: now))
        }
        #expect(table.count <= 2_000)
    }

    @Test("A clock that was set back keeps nobody out of a crowded table for longer than their buckets take to fill")
    func crowdedClockSetBack() {
        var table = RateTable<Int>(rate: RequestRate(perMinute: 1), capacity: 100)
        for key in 0..<200 { _ = table.take(key, at: start) }
        let back = start - .seconds(3_600)
        for key in 0..<100 { _ = table.take(key, at: back) }

        #expect(table.take(500, at: back + .seconds(61)).isAdmitted)
    }

    @Test("Subjects and roles have buckets of their own; agents have their own rate")
    func subjects() {
        let clock = ManualClock()
        let limiter = RequestLimiter(
            rates: .init(
                requests: RequestRate(perMinute: 1), agentRequests: RequestRate(perMinute: 2),
                failedAuthentications: RequestRate(perMinute: 1)), clock: clock)
        func take(_ id: String, _ role: Role) -> Bool {
            limiter.take(RateSubject(Caller(subject: id, role: role)), at: clock.now).isAdmitted
        }

        #expect(take("a", .user))
        #expect(!take("a", .user))
        #expect(take("a", .operator))
        #expect(take("b", .user))
        #expect(take("a", .agent))
        #expect(take("a", .agent))
        #expect(!take("a", .agent))
    }

    @Test(
        "An address is counted as the network one client has",
        arguments: [
            ("10.0.0.1", "10.0.0.1", true), ("10.0.0.1", "10.0.0.2", false), ("::ffff:10.0.0.1", "10.0.0.1", true),
            ("2001:db8::1", "2001:db8::ffff", true), ("2001:db8:0:1::1", "2001:db8:0:2::1", false), ("x", "y", false),
        ]
    )
    func networks(left: String, right: String, isSame: Bool) {
        #expect((PeerNetwork(address: left) == PeerNetwork(address: right)) == isSame)
    }
}
