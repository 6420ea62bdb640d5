import PluginAPI
import PluginTesting
import Testing

@testable import Host

@Suite("Work that time alone causes")
struct SchedulerTests {
    @Test("Every serving module that has such work is called with the host's clock")
    func calls() async {
        let (punctual, idle) = (TimedService(), FakeService([]))
        let clock = ManualClock()
        let scheduler = scheduler([("punctual", punctual, .ok), ("idle", idle, .ok)], clock)

        await scheduler.runOnce()
        clock.advance(by: .seconds(60))
        await scheduler.runOnce()

        #expect(punctual.calls.value == [clock.now - .seconds(60), clock.now])
    }

    @Test("A module that does not serve is left alone", arguments: [ModuleStatus.starting, .failed(reason: "x")])
    func notServing(status: ModuleStatus) async {
        let service = TimedService()

        await scheduler([("punctual", service, status)], ManualClock()).runOnce()

        #expect(service.calls.value.isEmpty)
    }

    @Test("Work that fails is logged and counted, keeps nobody else from theirs, and is tried again")
    func failure() async {
        let (broken, punctual) = (TimedService(failure: .unavailable(reason: "gone")), TimedService())
        let (metrics, log) = (RecordingMetrics(), RecordingLogger())
        let scheduler = scheduler(
            [("broken", broken, .ok), ("punctual", punctual, .ok)], ManualClock(), metrics: metrics, log: log)

        await scheduler.runOnce()
        await scheduler.runOnce()

        #expect(broken.calls.value.count == 2)
        #expect(punctual.calls.value.count == 2)
        #expect(metrics.count("module_calls_total broken scheduled failed") == 2)
        #expect(metrics.count("module_calls_total punctual scheduled ok") == 2)
        #expect(log.all.count == 2)
        #expect(log.all.allSatisfy { $0.contains("module=broken") && $0.contains("gone") })
    }

    @Test("Work that has not come back is not begun again before it has")
    func hanging() async {
        let door = Door()
        let service = TimedService(door: door)
        let scheduler = scheduler([("punctual", service, .ok)], ManualClock())
        let first = Task { await scheduler.runOnce() }
        while service.calls.value.isEmpty { await Task.yield() }

        await scheduler.runOnce()
        let meanwhile = service.calls.value.count
        door.open()
        await first.value
        await scheduler.runOnce()

        #expect(meanwhile == 1 && service.calls.value.count == 2)
    }

    @Test("Work that hangs is not begun again by the scheduler of another configuration")
    func hangingAcrossSchedulers() async {
        let (door, work) = (Door(), UnreturnedCall())
        let service = TimedService(door: door)
        let schedulers = (0..<2).map { _ in
            let loaded = LoadedService(id: "punctual", service: service, status: { .ok }, scheduledWork: work)
            return Scheduler([loaded], clock: ManualClock(), metrics: RecordingMetrics(), logger: RecordingLogger())
        }
        let first = Task { await schedulers[0].runOnce() }
        while service.calls.value.isEmpty { await Task.yield() }
        first.cancel()
        await first.value

        await schedulers[1].runOnce()

        #expect(service.calls.value.count == 1)
        door.open()
    }

    @Test("It goes on until it is cancelled", .timeLimit(.minutes(1)))
    func goesOn() async {
        let service = TimedService()
        let scheduler = scheduler([("punctual", service, .ok)], ManualClock())

        let running = Task { await scheduler.run() }
        while service.calls.value.count < 3 { await Task.yield() }
        running.cancel()
        await running.value
    }

    @Test(
        "Rare work is looked at soon after the start, so that a host that is often started anew comes to it",
        .timeLimit(.minutes(1)))
    func soonAfterStart() async {
        let (called, calling) = AsyncStream.makeStream(of: Void.self)
        let service = TimedService(interval: .seconds(86_400)) { calling.yield() }
        let scheduler = scheduler([("rare", service, .ok)], ManualClock())

        let running = Task { await scheduler.run() }
        for await _ in called { break }
        running.cancel()
        await running.value

        #expect(service.calls.value.count == 1)
    }

    private func scheduler(
        _ services: [(id: String, service: any QueryService, status: ModuleStatus)],
        _ clock: ManualClock,
        metrics: RecordingMetrics = RecordingMetrics(),
        log: RecordingLogger = RecordingLogger()
    ) -> Scheduler {
        Scheduler(
            services.map { entry in LoadedService(id: entry.id, service: entry.service, status: { entry.status }) },
            clock: clock, metrics: metrics, logger: log)
    }
}

/// Remembers when it was called.
private struct TimedService: QueryService, ScheduledModule {
    static let descriptor = ModuleDescriptor(id: "timed", summary: "A test's work")
    let operations: [Operation] = []
    var scheduleInterval: Duration = .milliseconds(1)
    let calls = Locked<[Timestamp]>([])
    var failure: StorageError?
    var onCall: @Sendable () -> Void = {}

    var door: Door?

    init(failure: StorageError? = nil, door: Door? = nil) { (self.failure, self.door) = (failure, door) }
    init(interval: Duration, onCall: @escaping @Sendable () -> Void) {
        (scheduleInterval, self.onCall) = (interval, onCall)
    }
    init(configuration: ModuleConfiguration, context: ModuleContext) throws(ModuleError) {}

    func runDue(at now: Timestamp, deadline: ContinuousClock.Instant) async throws {
        calls.change { $0.append(now) }
        onCall()
        await door?.pass()
        if let failure { throw failure }
    }
}
