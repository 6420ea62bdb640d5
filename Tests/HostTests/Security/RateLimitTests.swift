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

    @Test("The table forgets who was silent for two minutes and stays within its capacity")
    func boundedTable() {
        let rate = RequestRate(perMinute: 1)
        var table = RateTable<Int>(capacity: 100)

        for key in 0..<1_000 { _ = table.take(key, rate, at: start) }
        let crowded = table.count
        let newcomer = table.take(5_000, rate, at: start)
        _ = table.take(1, rate, at: start + .seconds(121))

        #expect(crowded == 100)
        #expect(!newcomer.isAdmitted)
        #expect(table.count == 1)
    }

    @Test("An empty bucket stays empty across the table's generations until it has refilled")
    func generationsKeepDebts() {
        let rate = RequestRate(perMinute: 1)
        var table = RateTable<Int>(capacity: 100)
        _ = table.take(0, rate, at: start)
        _ = table.take(1, rate, at: start + .seconds(59))

        let soon = table.take(1, rate, at: start + .seconds(118))
        let refilled = table.take(1, rate, at: start + .seconds(119))

        #expect(!soon.isAdmitted)
        #expect(refilled.isAdmitted)
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
