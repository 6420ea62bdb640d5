import PluginAPI
import Synchronization
import Testing

@testable import Host

@Suite("What stands before a module")
struct ModuleGateTests {
    @Test("Calls that never come back are as many as may run, and nobody waits behind them")
    func hanging() async throws {
        let (gate, door) = (Fixture(callsMax: 3, failuresMax: 0), Door())
        defer { door.open() }

        let hung = (0..<3).map { _ in gate.hang(at: door) }
        while gate.entered.value < 3 { await Task.yield() }
        async let waiting = gate.outcome()
        for task in hung { task.cancel() }

        #expect(await waiting == "held back")
        #expect(await gate.outcome() == "held back")
        #expect(gate.gate.overdue == 3 && gate.entered.value == 3)
        #expect(gate.gate.trouble?.contains("not come back") == true)
        door.open()
        for task in hung { _ = await task.value }
        #expect(gate.gate.overdue == 0 && gate.gate.trouble == nil)
        #expect(await gate.outcome() == "answered")
    }

    @Test("A module whose calls fail is left alone, says why, and is tried after the pause")
    func failing() async {
        let gate = Fixture(failuresMax: 3)

        let failed = [await gate.outcome(Broken()), await gate.outcome(Broken()), await gate.outcome(Broken())]
        let held = await gate.outcome()
        let trouble = gate.gate.trouble
        gate.clock.change { $0 += .seconds(5) }
        let tried = await gate.outcome()

        #expect(failed == ["failed", "failed", "failed"])
        #expect(held == "held back" && gate.entered.value == 4)
        #expect(trouble == "its calls fail, and one is tried now and then")
        #expect(tried == "answered" && gate.gate.trouble == nil)
        #expect(gate.metrics.count("module_breaker_openings_total slow") == 1)
        #expect(gate.faults.value == Array(repeating: "ask: Broken()", count: 3))
    }

    @Test("What a call would be refused with is known without one, and asking for it is no trial")
    func refusalAtHand() async throws {
        let gate = Fixture(failuresMax: 1)
        #expect(gate.gate.refusalAtHand == nil)

        _ = await gate.outcome(Broken())
        #expect(gate.gate.refusalAtHand as? ModuleHeldBack == .afterFailures(wait: .seconds(5)))

        gate.clock.change { $0 += .seconds(5) }
        #expect(gate.gate.refusalAtHand == nil && gate.gate.refusalAtHand == nil)
        #expect(gate.gate.trouble != nil)
        #expect(await gate.outcome() == "answered")
    }

    @Test("While neither a place is free nor one to wait at, it is that too many wait")
    func full() async {
        let (gate, door) = (Fixture(callsMax: 1, waitingMax: 1), Door())
        let running = gate.hang(at: door)
        while gate.entered.value < 1 { await Task.yield() }
        #expect(gate.gate.refusalAtHand == nil)

        let waiting = gate.hang(at: door)
        while gate.gate.refusalAtHand == nil { await Task.yield() }
        #expect(gate.gate.refusalAtHand as? Overloaded == Overloaded())

        door.open()
        for task in [running, waiting] { _ = await task.value }
        #expect(gate.gate.refusalAtHand == nil)
    }

    @Test(
        "What a module refuses, and what storage does not give, are no failures of the module",
        arguments: [
            Problem.notFound("x") as any Error & Sendable, Problem.unavailable("x"),
            Problem.unprocessable("x", errors: []),
            StorageError.timedOut, StorageError.unavailable(reason: "x"), StorageError.constraint("x"),
            ScopedOverflow.rows(max: 1),
        ])
    func refusals(failure: any Error & Sendable) async {
        let gate = Fixture(failuresMax: 1)

        _ = await gate.outcome(failure)

        #expect(await gate.outcome() == "answered")
        #expect(gate.faults.value.isEmpty)
    }

    @Test(
        "A reply with more bytes than a module may give concerns whoever asked; one of sixteen times as many, everybody",
        arguments: [
            (100, "answered", "answered"), (101, "too large", "answered"), (1_600, "too large", "answered"),
            (1_601, "too large", "held back"),
        ])
    func large(bytes: Int, outcome: String, next: String) async {
        let gate = Fixture(failuresMax: 10, replyMax: 100)

        #expect(await gate.outcome(bytes: bytes) == outcome)
        #expect(await gate.outcome() == next)
        #expect(gate.faults.value.count == (next == "held back" ? 1 : 0))
    }

    @Test("What an operation declares of its reply does not make a larger one a danger")
    func declared() async {
        let gate = Fixture(failuresMax: 1, replyMax: 1_000)

        #expect(await gate.outcome(bytes: 500, replyMax: 10) == "too large")
        #expect(await gate.outcome() == "answered")
    }

    @Test("A danger is one however late it comes", .timeLimit(.minutes(1)))
    func lateDanger() async {
        let (gate, door) = (Fixture(failuresMax: 10, replyMax: 10, grace: .milliseconds(1)), Door())
        let task = gate.hang(at: door, bytes: 1_000)
        while gate.entered.value < 1 { await Task.yield() }

        task.cancel()
        while gate.faults.value.isEmpty { await Task.yield() }
        door.open()
        await task.value

        #expect(await gate.outcome() == "held back")
    }

    @Test(
        "A reply that says that the module has failed is a failure as a problem would be",
        arguments: [(499, "answered"), (500, "held back"), (503, "answered"), (504, "held back")])
    func failedReply(status: Int, next: String) async {
        let gate = Fixture(failuresMax: 1)

        #expect(await gate.outcome(status: status) == "answered")
        #expect(await gate.outcome() == next)
        #expect(gate.faults.value == (next == "answered" ? [] : ["ask: it answered \(status)"]))
    }

    @Test("A module that says it was cancelled when nobody has cancelled it has failed")
    func unasked() async {
        let gate = Fixture(failuresMax: 1)

        #expect(await gate.outcome(CancellationError()) == "failed")
        #expect(await gate.outcome() == "held back")
        #expect(FailureAnswer.problem(for: UnaskedCancellation()).status == 500)
    }

    @Test("A failure's text is made without the lock, and for failures of the module alone")
    func texts() async {
        let (gate, made) = (Fixture(failuresMax: 1), Tally())
        let gateItself = gate.gate

        _ = await gate.outcome(Talkative { made.add() })
        _ = await gate.outcome()
        let ofFailure = made.value
        gateItself.reset()
        _ = await gate.outcome(Talkative { _ = gateItself.overdue })

        #expect(ofFailure == 1)
        #expect(await gate.outcome() == "held back")
    }

    @Test("Texts are bounded in bytes, hold whole characters, and steer no terminal")
    func bounded() {
        let wide = FaultText.cut(String(repeating: "e\u{301}", count: 10_000))
        let steering = FaultText.cut("a\u{1B}[31m\u{202E}b\u{85}\n\u{2066}ü")

        #expect(wide.utf8.count <= 500 && wide.utf8.count > 495 && !wide.contains("\u{FFFD}"))
        #expect(steering == "a\u{FFFD}[31m\u{FFFD}b\u{FFFD}\u{FFFD}\u{FFFD}ü")
        #expect(FaultText.cut(String(repeating: "\u{1}", count: 500)).utf8.count <= 500)
    }

    @Test("An operator who lets a module fail as it likes, or enables it, has it called at once")
    func reopened() async {
        for reopen in [
            { (gate: ModuleGate) in gate.apply(ModuleLimits(failuresMax: 0)) }, { (gate: ModuleGate) in gate.reset() },
        ] {
            let gate = Fixture(failuresMax: 1)
            _ = await gate.outcome(Broken())
            let (held, told) = (await gate.outcome(), gate.troubles.value)

            reopen(gate.gate)

            #expect(held == "held back" && gate.gate.trouble == nil)
            #expect(gate.troubles.value == told + 1, "the board hears of it")
            #expect(await gate.outcome() == "answered")
        }
    }

    @Test("Nobody begins to wait for a turn that is refused already", .timeLimit(.minutes(1)))
    func refusedTurn() async throws {
        let (limiter, door, entered) = (CallLimiter(runningMax: 1, waitingMax: 1), Door(), Tally())
        let running = Task {
            try await limiter.run {
                entered.add()
                await door.pass()
            }
        }
        while entered.value < 1 { await Task.yield() }

        await #expect(throws: Broken.self) { try await limiter.run(unless: { Broken() }) {} }
        door.open()
        try await running.value
        try await limiter.run(unless: { Broken() }) {}
    }

    @Test("Calls that wait for their turn are counted", .timeLimit(.minutes(1)))
    func waiting() async {
        let (gate, door) = (Fixture(callsMax: 1), Door())
        let running = gate.hang(at: door)
        while gate.entered.value < 1 { await Task.yield() }
        async let waiting = gate.outcome()
        while gate.gate.limiter.waiting < 1 { await Task.yield() }
        let during = gate.metrics.level("module_calls_waiting slow")

        door.open()
        await running.value

        #expect(await waiting == "answered")
        #expect(during == 1 && gate.metrics.level("module_calls_waiting slow") == 0 && gate.gate.waiting == 0)
    }

    @Test("An opening is counted even while the module is in trouble already", .timeLimit(.minutes(1)))
    func openingInTrouble() async {
        let (gate, door, second) = (Fixture(callsMax: 2, failuresMax: 1), Door(), Door())
        let hung = gate.hang(at: door, then: StorageError.timedOut)
        let failing = gate.hang(at: second, then: Broken())
        while gate.entered.value < 2 { await Task.yield() }
        hung.cancel()
        gate.gate.apply(ModuleLimits(callsMax: 1, failuresMax: 1))
        let before = gate.gate.trouble

        second.open()
        await failing.value

        #expect(before?.contains("not come back") == true && gate.gate.trouble == before)
        #expect(gate.metrics.count("module_breaker_openings_total slow") == 1)
        door.open()
        await hung.value
    }

    @Test("Fewer calls than hang already are told of, and refused, at once", .timeLimit(.minutes(1)))
    func narrowed() async {
        let (gate, door) = (Fixture(callsMax: 2, failuresMax: 0), Door())
        defer { door.open() }
        let hung = gate.hang(at: door)
        let running = gate.hang(at: door)
        while gate.entered.value < 2 { await Task.yield() }
        hung.cancel()
        async let waiting = gate.outcome()
        let told = gate.troubles.value

        gate.gate.apply(ModuleLimits(callsMax: 1, failuresMax: 0))

        #expect(await waiting == "held back")
        #expect(gate.troubles.value > told && gate.gate.trouble?.contains("not come back") == true)
        door.open()
        _ = await (hung.value, running.value)
    }

    @Test("The gauge of calls that have not come back is that of the module in use")
    func retired() async {
        let (gate, door) = (Fixture(), Door())
        let hung = [gate.hang(at: door), gate.hang(at: door)]
        while gate.entered.value < 2 { await Task.yield() }
        for task in hung { task.cancel() }
        let before = gate.metrics.level("module_calls_overdue slow")

        gate.gate.lineChanged(by: 3)
        let waiting = gate.metrics.level("module_calls_waiting slow")
        gate.gate.retire()
        let after = gate.metrics.level("module_calls_overdue slow")
        #expect(waiting == 3 && gate.metrics.level("module_calls_waiting slow") == 0)
        gate.metrics.gauge("module_calls_overdue", help: "", labels: [("module", "slow")]).set(7)
        door.open()
        for task in hung { await task.value }

        #expect(before == 2 && after == 0)
        #expect(gate.metrics.level("module_calls_overdue slow") == 7)
    }

    @Test("A call whose storage is what was late is not the module's failure; any other late one is")
    func late() async {
        for (failure, then) in [(StorageError.timedOut as any Error & Sendable, "answered"), (Broken(), "held back")] {
            let (gate, door) = (Fixture(failuresMax: 1), Door())
            let task = gate.hang(at: door, then: failure)
            while gate.entered.value < 1 { await Task.yield() }

            task.cancel()
            door.open()
            _ = await task.value

            #expect(await gate.outcome() == then)
        }
    }

    @Test("What has waited too long for its turn is refused when it comes, and is no failure", .timeLimit(.minutes(1)))
    func tooLate() async throws {
        let (gate, door) = (Fixture(callsMax: 1, failuresMax: 1), Door())
        let running = gate.hang(at: door)
        while gate.entered.value < 1 { await Task.yield() }
        let latest = gate.clock.value + .seconds(15)
        async let inTime: Void = gate.ask(latestStart: latest + .seconds(1))
        while gate.gate.limiter.waiting < 1 { await Task.yield() }
        let tooLate = Task { try await gate.ask(latestStart: latest) }
        while gate.gate.limiter.waiting < 2 { await Task.yield() }

        gate.clock.change { $0 = latest + .seconds(1) }
        door.open()
        await running.value

        try await inTime
        await #expect(throws: Overloaded.self) { try await tooLate.value }
        #expect(gate.entered.value == 2 && gate.gate.trouble == nil && gate.faults.value.isEmpty)
        await #expect(throws: Overloaded.self) { try await gate.ask(latestStart: latest) }
    }

    @Test("A late call that had little time, because of what came before it, says nothing of the module")
    func short() async {
        for (seconds, then) in [(14, "answered"), (15, "held back")] {
            let (gate, door) = (Fixture(failuresMax: 1), Door())
            let start = gate.clock.value
            let time = CallTime(from: start, to: start + .seconds(seconds), usual: .seconds(30))
            let task = gate.hang(at: door, then: Broken(), time: time)
            while gate.entered.value < 1 { await Task.yield() }

            task.cancel()
            door.open()
            await task.value

            #expect(await gate.outcome() == then)
            #expect(gate.faults.value.isEmpty == (then == "answered"))
        }
    }

    @Test(
        "A trial that waits for its place is refused when everybody was endangered meanwhile", .timeLimit(.minutes(1)))
    func endangeredTrial() async {
        let (gate, gross, other) = (Fixture(callsMax: 3, failuresMax: 1), Door(), Door())
        let running = [gate.hang(at: gross, bytes: 16_001), gate.hang(at: other)]
        while gate.entered.value < 2 { await Task.yield() }
        _ = await gate.outcome(Broken())
        gate.gate.apply(ModuleLimits(callsMax: 2, replyMax: 1_000, failuresMax: 1))
        gate.clock.change { $0 += .seconds(5) }
        async let trial = gate.outcome()
        while gate.gate.limiter.waiting < 1 { await Task.yield() }

        gross.open()

        #expect(await trial == "held back")
        #expect(gate.entered.value == 3)
        other.open()
        for task in running { await task.value }
    }

    @Test("One with little time that does not come back at all says nothing of the module", .timeLimit(.minutes(1)))
    func shortAndHung() async {
        let (gate, door) = (Fixture(failuresMax: 1, grace: .milliseconds(1)), Door())
        defer { door.open() }
        let start = gate.clock.value
        let time = CallTime(from: start, to: start + .seconds(1), usual: .seconds(30))
        let task = gate.hang(at: door, time: time)
        while gate.entered.value < 1 { await Task.yield() }
        let told = gate.troubles.value

        task.cancel()
        // That it is overdue, and that it was judged.
        while gate.troubles.value < told + 2 { await Task.yield() }

        #expect(gate.gate.overdue == 1 && gate.faults.value.isEmpty)
        #expect(await gate.outcome() == "answered")
    }

    @Test("Those who wait for a module that is disabled are told so at once", .timeLimit(.minutes(1)))
    func disabled() async {
        let (board, door) = (ModuleStatusBoard(), Door())
        let gate = board.gates(of: "slow", limits: ModuleLimits(callsMax: 1), metrics: RecordingMetrics())
            .gate(for: .clients)
        let running = Task {
            try await gate.call("ask", replyMax: 10) {
                await door.pass()
                return Reply(body: [])
            }
        }
        while !gate.isCrowded { await Task.yield() }
        let waiting = Task { try await gate.call("ask", replyMax: 10) { Reply(body: []) } }
        while gate.waiting < 1 { await Task.yield() }

        board.setSwitchedOff(true, "slow")

        await #expect(throws: Problem.disabled("slow")) { try await waiting.value }
        door.open()
        _ = try? await running.value
    }

    @Test("A trial that comes too late makes the next call one")
    func lateTrial() async {
        let gate = Fixture(failuresMax: 1)
        _ = await gate.outcome(Broken())
        gate.clock.change { $0 += .seconds(5) }

        await #expect(throws: Overloaded.self) { try await gate.ask(latestStart: gate.clock.value - .seconds(1)) }

        #expect(gate.gate.trouble != nil)
        #expect(await gate.outcome() == "answered")
        #expect(gate.gate.trouble == nil)
    }

    @Test("A call that does not come back is a failure soon after its deadline", .timeLimit(.minutes(1)))
    func judged() async {
        let (gate, door) = (Fixture(failuresMax: 1, grace: .milliseconds(1)), Door())
        defer { door.open() }
        let task = gate.hang(at: door)
        while gate.entered.value < 1 { await Task.yield() }

        task.cancel()
        while gate.gate.trouble == nil { await Task.yield() }

        #expect(await gate.outcome() == "held back")
        #expect(gate.faults.value == ["ask: it did not answer in time"])
    }

    @Test("Other limits hold for calls that wait already")
    func resized() async {
        let (gate, door) = (Fixture(callsMax: 1), Door())
        let first = gate.hang(at: door)
        while gate.entered.value < 1 { await Task.yield() }
        async let second = gate.outcome()

        gate.gate.apply(ModuleLimits(callsMax: 2))

        #expect(await second == "answered")
        door.open()
        _ = await first.value
    }

    private struct Broken: Error {}

    /// Does something while its text is made.
    private struct Talkative: Error, CustomStringConvertible {
        let whenAsked: @Sendable () -> Void
        init(_ whenAsked: @escaping @Sendable () -> Void) { self.whenAsked = whenAsked }
        var description: String {
            whenAsked()
            return "talkative"
        }
    }

    /// A gate with a clock that a test moves.
    private struct Fixture {
        let gate: ModuleGate
        let clock = Locked(ContinuousClock.now)
        let metrics = RecordingMetrics()
        let faults = Locked<[String]>([])
        let entered = Tally()
        /// How often the gate has said that its trouble may be another.
        let troubles = Tally()
        private let replyMax: Int

        init(
            callsMax: Int = 64, waitingMax: Int = 4_096, failuresMax: Int = 10, replyMax: Int = 1_000,
            grace: Duration = .seconds(60)
        ) {
            let (clock, faults, troubles) = (clock, faults, troubles)
            gate = ModuleGate(
                "slow",
                limits: ModuleLimits(
                    callsMax: callsMax, waitingMax: waitingMax, replyMax: replyMax, failuresMax: failuresMax),
                metrics: metrics, grace: grace, now: { clock.value },
                onFault: { doing, fault in faults.change { $0.append("\(doing): \(fault)") } },
                onTrouble: { troubles.add() })
            self.replyMax = replyMax
        }

        /// How a call that answers at once ends, or one that throws.
        func outcome(
            _ failure: (any Error & Sendable)? = nil, status: Int = 200, bytes: Int = 2, replyMax: Int? = nil
        ) async -> String {
            do {
                _ = try await gate.call("ask", replyMax: replyMax ?? self.replyMax) {
                    entered.add()
                    if let failure { throw failure }
                    return Reply(status: status, body: Array(repeating: 0x20, count: bytes))
                }
                return "answered"
            } catch is ModuleHeldBack {
                return "held back"
            } catch is ReplyTooLarge {
                return "too large"
            } catch {
                return "failed"
            }
        }

        /// A call that answers at once, unless it is too late.
        func ask(latestStart: ContinuousClock.Instant) async throws {
            let time = CallTime(from: latestStart - .seconds(15), to: latestStart + .seconds(15), usual: .seconds(30))
            _ = try await gate.call("ask", replyMax: replyMax, time: time) {
                entered.add()
                return Reply(body: [])
            }
        }

        /// A call that ignores that it is cancelled until the door opens.
        func hang(
            at door: Door, then failure: (any Error & Sendable)? = nil, bytes: Int = 0, time: CallTime? = nil
        ) -> Task<Void, Never> {
            Task {
                _ = try? await gate.call("ask", replyMax: replyMax, time: time) {
                    entered.add()
                    await door.pass()
                    if let failure { throw failure }
                    return Reply(body: Array(repeating: 0x20, count: bytes))
                }
            }
        }
    }
}
