import PluginAPI
import Testing
import TradingBook

@testable import Guards

@Suite("Drawdown guard")
struct DrawdownGuardTests {
    @Test(
        "A fall counts from the peak, and limits belong to the worse side",
        arguments: [
            (peak: "10000", equity: "10000", state: GuardState.ok, drawdown: "0"),
            (peak: "10000", equity: "8500.01", state: .ok, drawdown: "15"),
            (peak: "10000", equity: "8500", state: .warning, drawdown: "15"),
            (peak: "10000", equity: "8000.01", state: .warning, drawdown: "20"),
            (peak: "10000", equity: "8000", state: .tripped, drawdown: "20"),
            (peak: "10000", equity: "0", state: .tripped, drawdown: "100"),
            (peak: "10000", equity: "-500", state: .tripped, drawdown: "100"),
            (peak: "100", equity: "100", state: .ok, drawdown: "0"),
            (peak: "110", equity: "99.99", state: .tripped, drawdown: "9.1"),
            (peak: "91999999999.99999999", equity: "78199999999.99999999", state: .warning, drawdown: "15"),
        ] as [(peak: FixedDecimal, equity: FixedDecimal, state: GuardState, drawdown: FixedDecimal)])
    func limits(peak: FixedDecimal, equity: FixedDecimal, state: GuardState, drawdown: FixedDecimal) {
        var account = History(equities: [peak])

        account.see(equity)

        #expect(account.guardState.state == state)
        #expect(account.guardState.drawdown(digits: 2) == drawdown)
    }

    @Test("10000, then 5000, then 7000 is 30 % below the peak and stays tripped")
    func recovery() {
        let account = History(equities: ["10000", "5000", "7000"])

        #expect(account.guardState.drawdown(digits: 2) == "30")
        #expect(account.guardState.state == .tripped)
        #expect(account.trips.count == 1)
    }

    @Test("The first equity known is the peak and raises no alert")
    func firstEquity() {
        let account = History(equities: ["10000"])

        #expect(account.guardState.peak?.amount == "10000")
        #expect(account.events == [])
    }

    @Test("A higher equity is the new peak, exactly 20 % more included, and raises no alert")
    func newPeak() {
        let account = History(equities: ["10000", "12000"])

        #expect(account.guardState.peak == .init(amount: "12000", at: account.time(of: 1)))
        #expect(account.guardState.state == .ok)
    }

    // MARK: Latch and countdown

    @Test("Tripping starts one countdown on the host's clock, and a recovery does not stop it")
    func latch() {
        var account = History(equities: ["10000", "7900"])
        let trip = account.guardState.trip

        account.see("10500")
        account.see("7000")

        #expect(trip?.liquidationAt == account.hostTime(of: 1) + .seconds(10))
        #expect(trip?.cause == .drawdown)
        #expect(account.guardState.trip == trip)
        #expect(account.guardState.state == .tripped)
        #expect(account.trips.count == 1)
    }

    @Test("A guard that only reports latches without a countdown")
    func reportOnly() {
        var limits = DrawdownLimits.usual
        limits.act = .report

        let account = History(equities: ["10000", "7900"], limits: limits)

        #expect(account.guardState.trip != nil)
        #expect(account.guardState.trip?.liquidationAt == nil)
    }

    @Test("Release makes the equity last seen the peak, and the guard may trip again")
    func release() {
        var account = History(equities: ["10000", "7000"])

        account.guardState.release()
        #expect(account.guardState.state == .ok)
        #expect(account.guardState.peak?.amount == "7000")
        account.see("5600")

        #expect(account.guardState.state == .tripped)
        #expect(account.trips.count == 2)
    }

    @Test("An equity below the minimum trips whatever the peak")
    func minimumEquity() {
        let account = History(equities: ["100.50", "99.99"])

        #expect(account.guardState.trip?.cause == .minEquity)
    }

    @Test("Warning is told once as long as it lasts")
    func warnsOnce() {
        let account = History(equities: ["10000", "8400", "8300", "9000", "8400"])

        #expect(account.events == [.warned, .warned])
    }

    // MARK: Flows

    @Test("A withdrawal after the peak is not a loss, and counts once")
    func withdrawal() {
        var account = History(equities: ["10000"])

        account.see("7000", flows: [flow("w", "-3000", at: account.time(of: 1))])
        account.see("7000", flows: [])

        #expect(account.guardState.peak?.amount == "7000")
        #expect(account.guardState.state == .ok)
        #expect(account.events == [.settled(flow: "w")])
    }

    @Test("A deposit after the peak hides no loss")
    func deposit() {
        var account = History(equities: ["10000"])

        account.see("12000", flows: [flow("d", "5000", at: account.time(of: 1))])

        #expect(account.guardState.peak?.amount == "15000")
        #expect(account.guardState.drawdown(digits: 2) == "20")
        #expect(account.guardState.state == .tripped)
    }

    @Test("A flow before the peak or at its moment is already in it")
    func earlierFlow() {
        var account = History(equities: ["10000", "11000"])
        let flows = [flow("early", "-3000", at: account.time(of: 0)), flow("same", "500", at: account.time(of: 1))]

        account.see("11000", flows: flows)

        #expect(account.guardState.peak?.amount == "11000")
        #expect(account.events == [.settled(flow: "early"), .settled(flow: "same")])
    }

    @Test("A flow after the first snapshot's moment waits for the next snapshot")
    func flowAheadOfTheFirst() {
        var account = History(equities: [])
        let later = flow("later", "1000", at: account.time(of: 1))

        account.see("10000", flows: [flow("opening", "10000", at: account.time(of: -5)), later])
        #expect(account.events == [.settled(flow: "opening")])
        account.see("11000", flows: [later])

        #expect(account.guardState.peak?.amount == "11000")
        #expect(account.events.last == .settled(flow: "later"))
    }

    @Test("An account paid out to the last cent is below the minimum, not below its peak")
    func paidOut() {
        var account = History(equities: ["10000"])

        account.see("0", flows: [flow("all", "-10000", at: account.time(of: 1))])

        #expect(account.guardState.drawdown(digits: 2) == .zero)
        #expect(account.guardState.trip?.cause == .minEquity)
    }

    // MARK: Unexplained rises

    @Test("A glitch of +1000 % for one snapshot leaves the peak alone and trips nothing")
    func glitch() {
        let account = History(equities: ["10000", "110000", "10050"])

        #expect(account.guardState.peak?.amount == "10050")
        #expect(account.guardState.state == .ok)
        #expect(account.events == [])
    }

    @Test("A rise of more than 20 % becomes the peak once the next snapshot confirms it, at the lower of the two")
    func confirmedRise() {
        let rising = History(equities: ["10000", "13000", "14000"])
        let easing = History(equities: ["10000", "14000", "13000"])

        #expect(rising.guardState.peak?.amount == "13000")
        #expect(easing.guardState.peak?.amount == "13000")
        #expect(easing.guardState.peak?.at == easing.time(of: 2))
    }

    @Test("A rise that a deposit explains needs no confirmation")
    func explainedRise() {
        var account = History(equities: ["10000"])

        account.see("25100", flows: [flow("d", "15000", at: account.time(of: 1))])

        #expect(account.guardState.peak?.amount == "25100")
    }

    @Test("A flow after an unexplained rise moves it as it moves the peak, so that confirming it never lowers the peak")
    func flowAfterRise() {
        var paidIn = History(equities: ["10000", "15000"])
        var paidOut = History(equities: ["10000", "15000"])

        paidIn.see("25000", flows: [flow("d", "10000", at: paidIn.time(of: 2))])
        paidOut.see("12000", flows: [flow("w", "-4000", at: paidOut.time(of: 2))])

        #expect(paidIn.guardState.peak?.amount == "25000")
        #expect(paidOut.guardState.peak?.amount == "11000")
    }

    @Test("A flow told late, of before an unexplained rise, explains it")
    func flowBeforeRise() {
        var account = History(equities: ["10000", "15000"])

        account.see("15100", flows: [flow("d", "5000", at: account.time(of: 1))])

        #expect(account.guardState.peak?.amount == "15100")
    }

    @Test("A rise that a late flow explains confirms no other")
    func explainedRiseConfirmsNothing() {
        var account = History(equities: ["10000", "13000"])

        account.see("22000", flows: [flow("d", "8000", at: account.time(of: 1))])
        #expect(account.guardState.peak?.amount == "18000")
        account.see("21900")

        #expect(account.guardState.peak?.amount == "21900")
    }

    @Test("A pending rise hides no fall")
    func fallAfterRise() {
        let account = History(equities: ["10000", "20000", "7000"])

        #expect(account.guardState.peak?.amount == "10000")
        #expect(account.guardState.pendingRise == nil)
        #expect(account.guardState.state == .tripped)
    }

    @Test("A snapshot whose cash does not add up never raises a peak, but its fall counts")
    func cashMismatch() {
        var account = History(equities: ["10000"])

        account.see("11000", cashMismatch: true)
        #expect(account.guardState.peak?.amount == "10000")
        account.see("13000", cashMismatch: true)
        account.see("13000")
        #expect(account.guardState.peak?.amount == "10000")
        account.see("8000", cashMismatch: true)

        #expect(account.guardState.state == .tripped)
    }

    @Test("The first equity is the peak even when its cash does not add up")
    func firstMismatch() {
        var account = History(equities: [])

        account.see("10000", cashMismatch: true)

        #expect(account.guardState.peak?.amount == "10000")
    }

    // MARK: Unknown

    @Test("Without equity the state is unknown and the last figures stay")
    func noEquity() {
        var account = History(equities: ["10000", "9000"])

        account.see(nil)

        #expect(account.guardState.state == .unknown)
        #expect(account.guardState.equity?.amount == "9000")
        #expect(account.guardState.drawdown(digits: 2) == "10")
    }

    @Test("With no equity ever known there is no drawdown")
    func neverKnown() {
        let account = History(equities: [nil, nil])

        #expect(account.guardState.state == .unknown)
        #expect(account.guardState.drawdown(digits: 2) == nil)
        #expect(account.guardState.peak == nil)
    }

    @Test("A snapshot that comes too late trips nothing, and the next fresh one does")
    func stale() {
        var account = History(equities: ["10000"])

        account.see("5000", isStale: true)
        #expect(account.guardState.state == .unknown)
        #expect(account.trips.isEmpty)
        account.see("5000")

        #expect(account.guardState.state == .tripped)
    }

    @Test("A trip outlasts an unknown state")
    func latchedBehindUnknown() {
        var account = History(equities: ["10000", "7000"])
        let trip = account.guardState.trip

        account.see(nil)
        #expect(account.guardState.state == .unknown)
        account.see("9900")

        #expect(account.guardState.trip == trip)
        #expect(account.guardState.state == .tripped)
        #expect(account.trips.count == 1)
    }

    // MARK: Properties

    @Test("Over random histories: a peak is never below the equity but for what waits or is doubted; one trip at most")
    func properties() {
        var random = Generator(state: 7)
        for _ in 0..<300 {
            var account = History(equities: [])
            for step in 0..<40 {
                let equity = FixedDecimal(units: Int128(random.next(below: 2_000_000)), scale: 2)
                let isDoubted = random.next(below: 5) == 0
                let moved = FixedDecimal(Int(random.next(below: 4_000)) - 2_000)
                let flows = random.next(below: 4) == 0 ? [flow("f\(step)", moved, at: account.time(of: step))] : []
                let (waiting, before) = (account.guardState.pendingRise, account.guardState.peak?.amount)
                account.see(equity, flows: flows, cashMismatch: isDoubted)

                let seen = account.guardState
                #expect(seen.drawdown(digits: 2).map { (.zero...FixedDecimal(100)).contains($0) } == true)
                #expect(account.trips.count <= 1)
                #expect((seen.state == .tripped) == (seen.trip != nil))
                let movedBy: FixedDecimal = flows.isEmpty ? .zero : moved
                if let peak = seen.peak?.amount, peak < equity {
                    #expect(isDoubted || seen.pendingRise == equity || peak == waiting.map { $0 + movedBy })
                }
                if let before, let peak = seen.peak?.amount { #expect(peak >= before + movedBy) }
            }
            #expect(Set(account.settled).count == account.settled.count)
        }
    }
}

/// An account observed every ten seconds, as the book would show it to its guard.
private struct History {
    var guardState = DrawdownGuard()
    private(set) var events: [DrawdownGuard.Event] = []
    private let limits: DrawdownLimits
    private var count = 0

    init(equities: [FixedDecimal?], limits: DrawdownLimits = .usual) {
        self.limits = limits
        for equity in equities { see(equity) }
    }

    var trips: [DrawdownGuard.Trip] {
        events.compactMap { if case .tripped(let trip) = $0 { trip } else { nil } }
    }

    var settled: [String] {
        events.compactMap { if case .settled(let flow) = $0 { flow } else { nil } }
    }

    func time(of index: Int) -> Timestamp { Timestamp(seconds: 1_767_607_200 + Int64(index) * 10) }
    func hostTime(of index: Int) -> Timestamp { time(of: index) + .seconds(1) }

    mutating func see(
        _ equity: FixedDecimal?, flows: [Flow] = [], cashMismatch: Bool = false, isStale: Bool = false
    ) {
        events += guardState.observe(
            DrawdownGuard.Observation(
                equity: equity, asOf: time(of: count), flows: flows, hasCashMismatch: cashMismatch, isStale: isStale,
                now: hostTime(of: count)),
            limits: limits)
        count += 1
    }
}

private func flow(_ id: String, _ amount: FixedDecimal, at time: Timestamp) -> Flow {
    Flow(id: id, time: time, amount: amount, kind: amount.isNegative ? .withdrawal : .deposit)
}

/// The same numbers on every run.
private struct Generator {
    var state: UInt64

    mutating func next(below bound: UInt64) -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return (state >> 33) % bound
    }
}

extension DrawdownLimits {
    /// The defaults.
    static let usual = DrawdownLimits(
        warning: "15", max: "20", minEquity: "100", countdown: .seconds(10), act: .close)
}
