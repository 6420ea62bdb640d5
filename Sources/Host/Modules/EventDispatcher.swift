import PluginAPI
import TradingBook

/// Brings stored events to the modules that observe them, each subscription by itself.
///
/// Any number of hosts do so on one storage. A host claims the queue of an account with a lease, delivers its next events one
/// after the other, and writes what became of them in one transaction; what was delivered and not written down, because the
/// host died, comes again when the lease has ended.
struct EventDispatcher: Sendable {
    /// How it works; tests make it small.
    struct Limits: Sendable {
        /// Accounts of one subscription whose events are under way at once.
        var accountsMax = 16
        /// From one look for due events to the next when nothing else tells.
        var pause: Duration = .milliseconds(250)
        var gaugesInterval: Duration = .seconds(10)
    }

    let lanes: [EventLane]
    private let limits: Limits
    private let gauges: EventGauges
    private let logger: any Logger

    /// - Parameter services: Those that observe are found among them, and so is the book, which has the outbox.
    init(
        _ services: [LoadedService],
        clock: any HostClock,
        metrics: any Metrics,
        logger: any Logger,
        limits: Limits = Limits()
    ) {
        let outbox = services.lazy.compactMap { $0.service as? BookModule }.first?.outbox
        lanes =
            outbox.map { outbox in
                EventSubscriptions.of(services).map { observed in
                    EventLane(
                        observed, outbox: outbox, clock: clock, meters: EventMeters(observed.name, metrics),
                        logger: logger)
                }
            } ?? []
        gauges = EventGauges(lanes.map(\.observed.name), outbox: outbox, clock: clock, metrics: metrics)
        self.limits = limits
        self.logger = logger
    }

    /// Shows how much waits for each subscription from now on.
    func announce() { gauges.announce() }

    /// Delivers until cancelled, and then returns when what was under way is written down.
    func run() async {
        await withTaskGroup { group in
            for lane in lanes { group.addTask { await run(lane) } }
            if !lanes.isEmpty {
                group.addTask {
                    repeat { await gauges.refresh() } while (try? await Task.sleep(for: limits.gaugesInterval)) != nil
                }
            }
        }
    }

    /// Why a lane looks for due events.
    private enum Wake { case delivered, time }

    private func run(_ lane: EventLane) async {
        await withTaskGroup(of: Wake.self) { group in
            let tick: @Sendable () async -> Wake = { [limits] in
                try? await Task.sleep(for: limits.pause)
                return .time
            }
            group.addTask(operation: tick)
            var free = limits.accountsMax
            while let wake = await group.next() {
                if wake == .delivered { free += 1 }
                guard !Task.isCancelled else { continue }
                if wake == .time { group.addTask(operation: tick) }
                for claim in await lane.claim(limit: free) {
                    free -= 1
                    group.addTask {
                        await lane.deliver(claim)
                        return .delivered
                    }
                }
            }
        }
    }
}

/// What modules observe, as the outbox knows it.
struct EventSubscriptions {
    /// One subscription of one module.
    struct Observed: Sendable {
        var service: LoadedService
        var observer: any EventObserver
        var subscription: EventSubscription

        var name: String { Outbox.name(of: subscription, in: service.id) }
    }

    static func of(_ services: [LoadedService]) -> [Observed] {
        services.flatMap { service -> [Observed] in
            guard let observer = service.service as? any EventObserver else { return [] }
            return observer.subscriptions.map { Observed(service: service, observer: observer, subscription: $0) }
        }
    }
}
