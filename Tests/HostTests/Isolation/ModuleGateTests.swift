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
        #expect(trouble?.contains("Broken") == true)
        #expect(tried == "answered" && gate.gate.trouble == nil)
        #expect(gate.metrics.count("module_breaker_openings_total slow") == 1)
        #expect(gate.faults.value == Array(repeating: "ask: Broken()", count: 3))
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
        "A reply with more bytes than a module may give is a failure",
        arguments: [(100, "answered"), (101, "too large")])
    func large(bytes: Int, outcome: String) async {
        let gate = Fixture(failuresMax: 1, replyMax: 100)

        #expect(await gate.outcome(bytes: bytes) == outcome)
        #expect(await gate.outcome() == (outcome == "answered" ? "answered" : "held back"))
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

    /// A gate with a clock that a test moves.
    private struct Fixture {
        let gate: ModuleGate
        let clock = Locked(ContinuousClock.now)
        let metrics = RecordingMetrics()
        let faults = Locked<[String]>([])
        let entered = Tally()
        private let replyMax: Int

        init(callsMax: Int = 64, failuresMax: Int = 10, replyMax: Int = 1_000, grace: Duration = .seconds(60)) {
            let (clock, faults) = (clock, faults)
            gate = ModuleGate(
                "slow", limits: ModuleLimits(callsMax: callsMax, failuresMax: failuresMax), metrics: metrics,
                grace: grace, now: { clock.value },
                onFault: { doing, fault in faults.change { $0.append("\(doing): \(fault)") } })
            self.replyMax = replyMax
        }

        /// How a call that answers at once ends, or one that throws.
        func outcome(_ failure: (any Error & Sendable)? = nil, bytes: Int = 2) async -> String {
            do {
                _ = try await gate.call("ask", replyMax: replyMax) {
                    entered.add()
                    if let failure { throw failure }
                    return Reply(body: Array(repeating: 0x20, count: bytes))
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

        /// A call that ignores that it is cancelled until the door opens.
        func hang(at door: Door, then failure: (any Error & Sendable)? = nil) -> Task<Void, Never> {
            Task {
                _ = try? await gate.call("ask", replyMax: replyMax) {
                    entered.add()
                    await door.pass()
                    if let failure { throw failure }
                    return Reply(body: [])
                }
            }
        }
    }
}
