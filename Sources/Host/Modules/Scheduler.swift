import PluginAPI

/// Lets modules do what time alone causes, each by itself, and brings them the events they observe, for as long as the host
/// serves.
struct Scheduler: Sendable {
    /// A module with scheduled work, and how it is now.
    struct Entry: Sendable {
        var id: ModuleDescriptor.ModuleID
        var module: any ScheduledModule
        var status: @Sendable () -> ModuleStatus
        var gates: ModuleGates?
        /// The module's own, so that another scheduler does not begin anew what hangs.
        var work: UnreturnedCall
    }

    /// How long one call may take.
    static let callMax: Duration = .seconds(30)
    /// How long after the start of the host, or of the module, the first call comes at most: a host that is often started
    /// anew would never come to rare work otherwise.
    static let firstPauseMax: Duration = .seconds(1)

    private let entries: [Entry]
    private let events: EventDispatcher
    private let clock: any HostClock
    private let logger: any Logger
    private let outcomes: [ModuleDescriptor.ModuleID: Outcomes]

    /// How often a module's work ended well and how often not.
    private struct Outcomes: Sendable {
        let ok: any Counter
        let failed: any Counter
    }

    init(_ services: [LoadedService], clock: any HostClock, metrics: any Metrics, logger: any Logger) {
        entries = services.compactMap { loaded in
            (loaded.service as? any ScheduledModule).map {
                Entry(id: loaded.id, module: $0, status: loaded.status, gates: loaded.gates, work: loaded.scheduledWork)
            }
        }
        events = EventDispatcher(services, clock: clock, metrics: metrics, logger: logger)
        self.clock = clock
        self.logger = logger
        outcomes = Dictionary(
            uniqueKeysWithValues: entries.map { entry in
                func counter(_ outcome: String) -> any Counter {
                    metrics.counter(
                        "module_calls_total", help: "Calls into modules by their outcome",
                        labels: [
                            (name: "module", value: entry.id), (name: "operation", value: "scheduled"),
                            (name: "outcome", value: outcome),
                        ])
                }
                return (entry.id, Outcomes(ok: counter("ok"), failed: counter("failed")))
            })
    }

    /// Names of what modules observe.
    var subscriptions: Set<String> { Set(events.lanes.map(\.observed.name)) }

    /// Shows what it works on from now on.
    func announce() { events.announce() }

    /// Calls every module at its interval, and delivers events, until cancelled.
    ///
    /// - Parameter firstPauseMax: How long the first call may wait for.
    func run(firstPauseMax: Duration = Scheduler.firstPauseMax) async {
        await withTaskGroup { group in
            group.addTask { await events.run() }
            for entry in entries {
                group.addTask {
                    let interval = entry.module.scheduleInterval
                    var pause = min(interval, firstPauseMax)
                    while (try? await Task.sleep(for: pause)) != nil {
                        if await call(entry) { pause = interval }
                    }
                }
            }
        }
    }

    /// Calls every module once, whatever its interval.
    func runOnce() async {
        for entry in entries { _ = await call(entry) }
    }

    /// - Returns: Whether the module serves, so that it was called.
    private func call(_ entry: Entry) async -> Bool {
        guard entry.status().isServing else { return false }
        guard entry.work.begin() else { return true }
        let now = clock.now
        do {
            try await withDeadline(Self.callMax) {
                defer { entry.work.end() }
                try await ModuleThreads.run(on: entry.gates?.threads) {
                    try await entry.module.runDue(at: now, deadline: .now + Self.callMax)
                }
            }
            outcomes[entry.id]?.ok.increment()
        } catch is CancellationError {
            // The host goes down; the next one finds the work still due.
        } catch {
            outcomes[entry.id]?.failed.increment()
            entry.gates?.note("scheduled work", error)
            logger.warning("scheduled work failed", ["module": entry.id, "error": "\(error)"])
        }
        return true
    }
}
