import Glibc
import PluginAPI
import Synchronization
import Testing

@testable import Host

@Suite("Calls that no task of the host's waits for", .timeLimit(.minutes(1)))
struct DirectCallTests {
    private let threads = ModuleThreads(of: "direct")
    private let metrics = RecordingMetrics()
    private let faults = Locked<[String]>([])

    @Test("The module is called on its threads, and told of there, with its place free again")
    func answered() async throws {
        let gate = gate(callsMax: 1)
        let places = Locked<[String]>([])
        let outcome = Locked<Result<Reply, any Error>?>(nil)

        for number in 1...2 {
            let stop = gate.callAtOnce("ask", replyMax: 10) {
                places.change { $0.append(Self.threadName) }
                await Task.yield()
                return Reply(status: 203, body: [0x20])
            } then: { result in
                places.change { $0.append(Self.threadName) }
                outcome.change { $0 = result }
            }
            #expect(stop != nil)
            while places.value.count < 2 * number || outcome.value == nil { await Task.yield() }
            #expect(try outcome.value?.get().status == 203)
            outcome.change { $0 = nil }
            // Of no effect on what has ended.
            stop?()
        }

        #expect(places.value == Array(repeating: "direct", count: 4))
        #expect(gate.overdue == 0 && gate.trouble == nil && faults.value.isEmpty)
    }

    @Test("Without threads of the module's, or without a place, nothing is called")
    func notNow() async throws {
        let (gate, door) = (gate(callsMax: 1), Door())
        let plain = ModuleGate("plain", limits: ModuleLimits(), metrics: metrics)
        let entered = Tally()
        #expect(call(plain, entered) == nil)

        let running = Task {
            try await gate.call("ask", replyMax: 10) {
                await door.pass()
                return Reply(body: [])
            }
        }
        while !gate.isCrowded { await Task.yield() }
        #expect(call(gate, entered) == nil)
        door.open()
        _ = try await running.value

        #expect(entered.value == 0)
    }

    @Test("What it throws is put in words, counts as a failure, and holds calls back as ever")
    func failing() async {
        let gate = gate(failuresMax: 1)

        #expect(await outcome(of: gate) { throw Broken() } == "Broken()")
        #expect(await outcome(of: gate) { Reply(body: []) } == "held back")
        #expect(faults.value == ["ask: Broken()"])
        #expect(metrics.count("module_breaker_openings_total direct") == 1)
        gate.reset()
        #expect(await outcome(of: gate) { throw CancellationError() } == "\(UnaskedCancellation())")
        gate.reset()
        #expect(await outcome(of: gate) { Reply(body: Array(repeating: 0, count: 11)) } == "too large")
        #expect(await outcome(of: gate) { Reply(body: Array(repeating: 0, count: 1_601)) } == "too large")
        #expect(await outcome(of: gate) { Reply(body: []) } == "held back")
        gate.reset()
        #expect(await outcome(of: gate) { Reply(body: []) } == "200")
        #expect(!gate.isCrowded)
    }

    @Test("One that is given up is cancelled, overdue until it comes back, and a failure then")
    func givenUp() async {
        let (gate, entered, isOver) = (gate(callsMax: 1, failuresMax: 1), Tally(), Once())
        let outcome = Locked<String?>(nil)
        let stop = gate.callAtOnce("ask", replyMax: 10) {
            entered.add()
            while !Task.isCancelled { try? await Task.sleep(for: .milliseconds(1)) }
            while !isOver.hasCome { await Task.yield() }
            return Reply(body: [])
        } then: { result in
            outcome.change { $0 = Self.word(result) }
        }
        while entered.value < 1 { await Task.yield() }

        stop?()
        stop?()

        #expect(gate.overdue == 1 && gate.trouble?.contains("not come back") == true)
        isOver.come()
        while outcome.value == nil { await Task.yield() }
        #expect(outcome.value == "200" && gate.overdue == 0)
        #expect(faults.value == ["ask: it did not answer in time"])
    }

    @Test("One that is given up before the module's threads come to it is not begun")
    func givenUpInLine() async {
        let (gate, begun, isOver) = (gate(), Tally(), Once())
        let loops = (0..<ModuleThreads.countMax).map { _ in
            threads.begin {
                begun.add()
                while !isOver.hasCome {}
            }
        }
        while begun.value < loops.count { await Task.yield() }
        let outcome = Locked<String?>(nil)
        let stop = gate.callAtOnce("ask", replyMax: 10) {
            begun.add()
            return Reply(body: [])
        } then: { result in
            outcome.change { $0 = Self.word(result) }
        }

        #expect(gate.isCrowded, "one at a time")
        stop?()
        #expect(!gate.isCrowded, "no longer")
        isOver.come()
        while outcome.value == nil { await Task.yield() }

        #expect(outcome.value == "\(CancellationError())" && begun.value == loops.count)
        for loop in loops { await loop.value }
    }

    @Test("A module from outside is called by one at a time until it has answered", arguments: [true, false])
    func probation(answers: Bool) async {
        let gate = gate(failuresMax: 0)
        let (first, later) = (Once(), Once())
        defer { later.come() }
        let begins = { (end: Once) in
            let stop = gate.callAtOnce("ask", replyMax: 10) {
                while !end.hasCome { await Task.yield() }
                if !answers { throw Broken() }
                return Reply(body: [])
            } then: { _ in
            }
            return stop != nil
        }
        #expect(begins(first))
        #expect(!begins(first))

        first.come()
        while gate.isCrowded { await Task.yield() }

        #expect(begins(later) && begins(later) == answers)
    }

    @Test("One that takes longer for its first answer is called by as many as may, those included that wait already")
    func slowFirst() async throws {
        let (gate, entered, door) = (gate(callsMax: 2, probation: .milliseconds(1)), Tally(), Door())
        let calls = (1...2).map { _ in
            Task {
                try await gate.call("ask", replyMax: 10) {
                    entered.add()
                    await door.pass()
                    return Reply(body: [])
                }
            }
        }

        while entered.value < 2 { try await Task.sleep(for: .milliseconds(1)) }

        door.open()
        for call in calls { _ = try await call.value }
    }

    @Test("Whoever waits for its place is refused when it has endangered everybody")
    func endangered() async throws {
        let (gate, first, entered) = (gate(callsMax: 8), Once(), Tally())
        let stop = gate.callAtOnce("ask", replyMax: 10) {
            while !first.hasCome { await Task.yield() }
            return Reply(body: Array(repeating: 0, count: 1_601))
        } then: { _ in
        }
        let waiting = (0..<3).map { _ in
            Task {
                try await gate.call("ask", replyMax: 10) {
                    entered.add()
                    return Reply(body: [])
                }
            }
        }
        while gate.limiter.waiting < waiting.count { await Task.yield() }

        first.come()

        for call in waiting { await #expect(throws: ModuleHeldBack.self) { try await call.value } }
        #expect(stop != nil && entered.value == 0)
    }

    @Test("Whoever has been given a place is refused when everybody was endangered before it was used")
    func endangeredInBetween() async {
        let (gate, first, second, entered) = (gate(callsMax: 2), Once(), Once(), Tally())
        #expect(await outcome(of: gate) { Reply(body: []) } == "200")
        #expect(holds(gate, until: first, entered))
        let stop = gate.callAtOnce("ask", replyMax: 10) {
            while !second.hasCome { await Task.yield() }
            return Reply(body: Array(repeating: 0, count: 1_601))
        } then: { _ in
        }
        #expect(stop != nil)
        let (hand, outcome) = (HandRunExecutor(), Locked<Result<Reply, any Error>?>(nil))
        Task(executorPreference: hand) {
            do {
                let reply = try await gate.call("ask", replyMax: 10) {
                    entered.add()
                    return Reply(body: [])
                }
                outcome.change { $0 = .success(reply) }
            } catch {
                outcome.change { $0 = .failure(error) }
            }
        }
        await hand.run { gate.limiter.waiting == 1 }

        first.come()
        while gate.limiter.waiting == 1 { await Task.yield() }
        second.come()
        while gate.trouble == nil { await Task.yield() }
        await hand.run { outcome.value != nil }

        #expect(outcome.value.map(Self.word) == "held back")
        #expect(entered.value == 1)
    }

    @Test("One that is enabled begins anew beside the calls that are under way, which may hang")
    func enabled() async {
        let (gate, end, entered) = (gate(callsMax: 3), Once(), Tally())
        defer { end.come() }
        #expect(await outcome(of: gate) { Reply(body: []) } == "200")
        gate.reset()
        #expect(holds(gate, until: end, entered) && !holds(gate, until: end, entered))
        gate.reset()
        #expect(holds(gate, until: end, entered) && !holds(gate, until: end, entered))
        gate.reset()
        #expect(holds(gate, until: end, entered) && !holds(gate, until: end, entered))
        gate.reset()
        #expect(gate.isCrowded)
    }

    @Test("What was under way when it was enabled proves nothing, and makes no room when it ends")
    func forgotten() async {
        let (gate, gross, good, new, last) = (gate(callsMax: 8), Once(), Once(), Once(), Once())
        let entered = Tally()
        defer { last.come() }
        #expect(await outcome(of: gate) { Reply(body: []) } == "200")
        let grossEnd = ended(gate, when: gross, bytes: 1_601)
        let goodEnd = ended(gate, when: good)
        gate.reset()

        gross.come()
        while grossEnd.value < 1 { await Task.yield() }
        #expect(gate.trouble == nil && faults.value.isEmpty)
        let newEnd = ended(gate, when: new)
        #expect(newEnd.value == 0 && !holds(gate, until: new, entered))
        good.come()
        while goodEnd.value < 1 { await Task.yield() }
        #expect(!holds(gate, until: new, entered))

        new.come()
        while newEnd.value < 1 { await Task.yield() }
        #expect(holds(gate, until: last, entered) && holds(gate, until: last, entered))
    }

    @Test("What has stood in line too long is refused, and its place is free again")
    func tooLate() async {
        let (gate, refused) = (gate(callsMax: 1), Locked<Result<Reply, any Error>?>(nil))
        let stop = gate.callAtOnce(
            "ask", replyMax: 10, time: CallTime(from: .now - .seconds(40), to: .now + .seconds(10), usual: .seconds(50))
        ) {
            Reply(body: [])
        } then: { result in
            refused.change { $0 = result }
        }
        #expect(stop != nil)
        while refused.value == nil { await Task.yield() }
        #expect(throws: Overloaded.self) { try refused.value?.get() }
        #expect(await outcome(of: gate) { Reply(body: []) } == "200")
    }

    @Test("What has a place and waits for one of the module's threads until it is too late is not begun")
    func lateThread() async {
        let clock = Locked(ContinuousClock.now)
        let own = ModuleThreads(of: "late", countMax: 1)
        let gate = ModuleGate(
            "late", limits: ModuleLimits(callsMax: 3), metrics: metrics, threads: own, probation: nil,
            now: { clock.value })
        let (busy, end, entered, refused) = (Once(), Once(), Tally(), Tally())
        let running = Task {
            try await gate.call("ask", replyMax: 10) {
                busy.come()
                // Holds the only thread.
                while !end.hasCome { sched_yield() }
                return Reply(body: [])
            }
        }
        while !busy.hasCome { await Task.yield() }
        let start = clock.value
        let time = CallTime(from: start, to: start + .seconds(30), usual: .seconds(30))
        let stop = gate.callAtOnce("ask", replyMax: 10, time: time) {
            entered.add()
            return Reply(body: [])
        } then: { result in
            if case .failure(is Overloaded) = result { refused.add() }
        }
        let waiting = Task {
            try await gate.call("ask", replyMax: 10, time: time) {
                entered.add()
                return Reply(body: [])
            }
        }
        while !gate.isCrowded { await Task.yield() }

        clock.change { $0 += .seconds(16) }
        end.come()

        await #expect(throws: Overloaded.self) { try await waiting.value }
        while refused.value < 1 { await Task.yield() }
        #expect(stop != nil && entered.value == 0 && gate.trouble == nil)
        _ = try? await running.value
    }

    @Test("What may not run yet may wait, even where nothing else may")
    func waiting() async throws {
        let threads = threads
        let gate = ModuleGate(
            "direct", limits: ModuleLimits(callsMax: 3, waitingMax: 0), metrics: metrics, threads: threads,
            probation: .seconds(60))
        let (end, entered) = (Once(), Tally())
        #expect(holds(gate, until: end, entered))
        let waiting = (0..<2).map { _ in Task { try await gate.call("ask", replyMax: 10) { Reply(body: []) } } }
        while gate.limiter.waiting < 2 { await Task.yield() }
        #expect(gate.refusalAtHand is Overloaded)

        end.come()
        for call in waiting { _ = try await call.value }
    }

    @Test("A probation ends by its own time, not by that of one before it")
    func renewed() {
        var probation = Probation(isOver: false)
        let first = probation.begin()
        #expect(first != nil && probation.begin() == nil)
        probation.renew(beside: 2)
        #expect(probation.callsMax == 3)
        #expect(!probation.end(first) && !probation.isOver)
        let second = probation.begin()
        #expect(probation.end(second) && probation.isOver)
        #expect(!probation.end(second) && !probation.end(nil))
    }

    /// - Returns: Whether a call was begun, which ends when it is told to.
    private func holds(_ gate: ModuleGate, until end: Once, _ entered: Tally) -> Bool {
        gate.callAtOnce("ask", replyMax: 10) {
            entered.add()
            while !end.hasCome { await Task.yield() }
            return Reply(body: [])
        } then: { _ in
        } != nil
    }

    /// - Returns: Whether a call has ended that does when it is told to; 1 at once where none was begun.
    private func ended(_ gate: ModuleGate, when end: Once, bytes: Int = 0) -> Tally {
        let ended = Tally()
        let stop = gate.callAtOnce("ask", replyMax: 10) {
            while !end.hasCome { await Task.yield() }
            return Reply(body: Array(repeating: 0, count: bytes))
        } then: { _ in
            ended.add()
        }
        if stop == nil { ended.add() }
        return ended
    }

    private func gate(callsMax: Int = 8, failuresMax: Int = 10, probation: Duration = .seconds(60)) -> ModuleGate {
        let faults = faults
        return ModuleGate(
            "direct", limits: ModuleLimits(callsMax: callsMax, replyMax: 100, failuresMax: failuresMax),
            metrics: metrics, threads: threads, probation: probation,
            onFault: { doing, fault in faults.change { $0.append("\(doing): \(fault)") } })
    }

    private func call(_ gate: ModuleGate, _ entered: Tally) -> (@Sendable () -> Void)? {
        gate.callAtOnce("ask", replyMax: 10) {
            entered.add()
            return Reply(body: [])
        } then: { _ in
            entered.add()
        }
    }

    /// How a call ends that there is a place for.
    private func outcome(
        of gate: ModuleGate, _ body: @escaping @Sendable () async throws -> Reply
    ) async -> String {
        await withCheckedContinuation { continuation in
            let stop = gate.callAtOnce("ask", replyMax: 10, body) { continuation.resume(returning: Self.word($0)) }
            if stop == nil { continuation.resume(returning: "not called") }
        }
    }

    private static func word(_ result: Result<Reply, any Error>) -> String {
        switch result {
        case .success(let reply): "\(reply.status)"
        case .failure(is ModuleHeldBack): "held back"
        case .failure(is ReplyTooLarge): "too large"
        case .failure(let error): "\(error)"
        }
    }

    private static var threadName: String {
        guard let file = fopen("/proc/thread-self/comm", "r") else { return "" }
        defer { fclose(file) }
        var name = [UInt8](repeating: 0, count: 64)
        let count = fread(&name, 1, name.count, file)
        return String(decoding: name.prefix(count).dropLast(), as: UTF8.self)
    }

    private struct Broken: Error {}
}

/// Runs what has to be run when it is told to, so that a test decides what happens in between.
private final class HandRunExecutor: TaskExecutor {
    private let jobs = Locked<[UnownedJob]>([])

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        jobs.change { $0.append(job) }
    }

    func run(until isOver: () -> Bool) async {
        while !isOver() {
            var due: [UnownedJob] = []
            jobs.change { jobs in (due, jobs) = (jobs, []) }
            for job in due { job.runSynchronously(on: asUnownedTaskExecutor()) }
            await Task.yield()
        }
    }
}
