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
        arguments: [CallBreaker.Verdict.answered, .failed, .endangering, .unknown])
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
        case .failed: #expect(next == .refused(until: later + .seconds(10)))
        case .endangering: #expect(next == .refused(until: later + .seconds(80)))
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

    @Test("With no number of failures it never opens", arguments: [CallBreaker.Verdict.failed, .endangering])
    func never(verdict: CallBreaker.Verdict) {
        var breaker = CallBreaker()
        for _ in 0..<100 { breaker.settle(verdict, failuresMax: 0) }

        #expect(breaker.isClosed)
    }

    @Test("One call that endangers the host is enough, and the next is tried after the longest pause, however often")
    func endangering() {
        var (breaker, now, pauses) = (CallBreaker(), Self.start, [Duration]())
        breaker.settle(.endangering, failuresMax: 10)
        for _ in 0..<3 {
            while case .refused(let until) = breaker.admit(at: now, pause: .seconds(5)) {
                pauses.append(until - now)
                now = until
            }
            breaker.settle(.endangering, isTrial: true, at: now, failuresMax: 10)
        }

        #expect(pauses == [.seconds(80), .seconds(80), .seconds(80)])
    }

    @Test("What endangers the host is not forgotten because the module is left alone already, or somebody is trying it")
    func endangeringLate() {
        for isTrying in [false, true] {
            var breaker = CallBreaker()
            breaker.settle(.failed, failuresMax: 1)
            let later = Self.start + .seconds(5)
            if isTrying { _ = breaker.admit(at: later, pause: .seconds(5)) }

            breaker.settle(.endangering, at: later, failuresMax: 1)
            breaker.settle(.answered, isTrial: true, at: later, failuresMax: 1)

            #expect(breaker.admit(at: later, pause: .seconds(5)) == .refused(until: later + .seconds(80)))
        }
    }

    @Test("While somebody tries it, the others are told to come back after one pause, however often it has failed")
    func whileTrying() {
        var breaker = CallBreaker()
        breaker.settle(.endangering, failuresMax: 1)
        let later = Self.start + .seconds(80)
        #expect(breaker.admit(at: later, pause: .seconds(5)) == .admitted(isTrial: true))

        #expect(breaker.admit(at: later, pause: .seconds(5)) == .refused(until: later + .seconds(5)))
    }

    @Test("An answer after what endangered the host makes the pauses short again")
    func mended() {
        var breaker = CallBreaker()
        breaker.settle(.endangering, failuresMax: 10)
        _ = breaker.admit(at: Self.start + .seconds(80), pause: .seconds(5))
        breaker.settle(.answered, isTrial: true, at: Self.start + .seconds(80), failuresMax: 1)

        breaker.settle(.failed, at: Self.start + .seconds(80), failuresMax: 1)

        let refused = breaker.admit(at: Self.start + .seconds(80), pause: .seconds(5))
        #expect(refused == .refused(until: Self.start + .seconds(85)))
    }

    @Test("Each trial that fails doubles the pause, up to sixteen times, until the module answers")
    func pauses() {
        var (breaker, now, pauses) = (CallBreaker(), Self.start, [Duration]())
        breaker.settle(.failed, failuresMax: 1)
        for verdict in Array(repeating: CallBreaker.Verdict.failed, count: 6) + [.unknown, .failed, .answered] {
            while case .refused(let until) = breaker.admit(at: now, pause: .seconds(5)) {
                pauses.append(until - now)
                now = until
            }
            breaker.settle(verdict, isTrial: true, at: now, failuresMax: 1)
        }
        breaker.settle(.failed, at: now, failuresMax: 1)

        #expect(pauses == [5, 10, 20, 40, 80, 80, 80, 80].map { .seconds($0) })
        #expect(breaker.admit(at: now, pause: .seconds(5)) == .refused(until: now + .seconds(5)))
    }

    @Test("A shorter pause brings the trial forward")
    func shortened() {
        var breaker = CallBreaker()
        breaker.settle(.failed, failuresMax: 1)
        let before = breaker.admit(at: Self.start + .seconds(1), pause: .seconds(3_600))

        #expect(before == .refused(until: Self.start + .seconds(3_600)))
        #expect(breaker.admit(at: Self.start + .seconds(1), pause: .seconds(1)) == .admitted(isTrial: true))
    }
}

extension CallBreaker {
    fileprivate mutating func settle(
        _ verdict: Verdict, isTrial: Bool = false, at now: ContinuousClock.Instant? = nil, failuresMax: Int
    ) {
        settle(verdict, isTrial: isTrial, at: now ?? CallBreakerTests.moment, failuresMax: failuresMax)
    }
}

extension CallBreakerTests {
    fileprivate static var moment: ContinuousClock.Instant { start }
}
