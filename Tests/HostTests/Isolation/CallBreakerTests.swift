import Testing

@testable import Host

@Suite("Whether a module that keeps failing is called")
struct CallBreakerTests {
    private static let start = ContinuousClock.now

    @Test("It opens after a run of failures, which an answer ends and what says nothing does not")
    func opens() {
        var breaker = CallBreaker()
        for verdict in [CallBreaker.Verdict.failed, .failed, .answered, .failed, .failed, .unknown] {
            breaker.settle(verdict, failuresMax: 3)
        }
        let before = breaker.admit(at: Self.start, pause: .seconds(5))

        breaker.settle(.failed, failuresMax: 3)

        #expect(before == .admitted(isTrial: false))
        #expect(breaker.admit(at: Self.start, pause: .seconds(5)) == .refused(until: Self.start + .seconds(5)))
    }

    @Test(
        "After the pause one call is tried, which decides",
        arguments: [CallBreaker.Verdict.answered, .failed, .unknown])
    func trial(verdict: CallBreaker.Verdict) {
        var breaker = CallBreaker()
        breaker.settle(.failed, failuresMax: 1)
        let later = Self.start + .seconds(5)

        let first = breaker.admit(at: later, pause: .seconds(5))
        let second = breaker.admit(at: later, pause: .seconds(5))
        breaker.settle(verdict, isTrial: true, at: later, failuresMax: 1)

        #expect(first == .admitted(isTrial: true))
        #expect(second == .refused(until: later + .seconds(5)))
        let next = breaker.admit(at: later, pause: .seconds(5))
        switch verdict {
        case .answered: #expect(next == .admitted(isTrial: false))
        case .failed: #expect(next == .refused(until: later + .seconds(5)))
        case .unknown: #expect(next == .admitted(isTrial: true))
        }
    }

    @Test("What comes back from before it opened changes nothing")
    func latecomers() {
        var breaker = CallBreaker()
        breaker.settle(.failed, failuresMax: 1)

        breaker.settle(.answered, failuresMax: 1)
        let refused = breaker.admit(at: Self.start, pause: .seconds(5))
        _ = breaker.admit(at: Self.start + .seconds(5), pause: .seconds(5))
        breaker.settle(.answered, at: Self.start + .seconds(5), failuresMax: 1)

        #expect(refused == .refused(until: Self.start + .seconds(5)))
        #expect(!breaker.isClosed)
    }

    @Test("With no number of failures it never opens")
    func never() {
        var breaker = CallBreaker()
        for _ in 0..<100 { breaker.settle(.failed, failuresMax: 0) }

        #expect(breaker.isClosed)
    }
}

extension CallBreaker {
    fileprivate mutating func settle(
        _ verdict: Verdict, isTrial: Bool = false, at now: ContinuousClock.Instant? = nil, failuresMax: Int
    ) {
        settle(
            verdict, isTrial: isTrial, at: now ?? CallBreakerTests.moment, failuresMax: failuresMax, pause: .seconds(5))
    }
}

extension CallBreakerTests {
    fileprivate static var moment: ContinuousClock.Instant { start }
}
