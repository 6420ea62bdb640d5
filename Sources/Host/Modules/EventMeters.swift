import PluginAPI
import TradingBook

/// What became of deliveries to one subscription.
struct EventMeters: Sendable {
    let delivered: any Counter
    /// To be tried again.
    let failed: any Counter
    /// Given up.
    let dead: any Counter

    init(_ subscription: String, _ metrics: any Metrics) {
        func counter(_ outcome: String) -> any Counter {
            metrics.counter(
                "event_deliveries_total", help: "Deliveries of events to observers by their outcome.",
                labels: [(name: "subscription", value: subscription), (name: "outcome", value: outcome)])
        }
        (delivered, failed, dead) = (counter("delivered"), counter("failed"), counter("dead"))
    }
}

/// How much waits for each subscription, over all hosts.
struct EventGauges: Sendable {
    private struct Gauges: Sendable {
        let waiting: any Gauge
        let oldest: any Gauge
        let dead: any Gauge
    }

    private let gauges: [String: Gauges]
    private let outbox: Outbox?
    private let clock: any HostClock

    init(_ subscriptions: [String], outbox: Outbox?, clock: any HostClock, metrics: any Metrics) {
        self.outbox = outbox
        self.clock = clock
        gauges = Dictionary(
            uniqueKeysWithValues: subscriptions.map { subscription in
                func gauge(_ name: String, _ help: String) -> any Gauge {
                    metrics.gauge(name, help: help, labels: [(name: "subscription", value: subscription)])
                }
                let made = Gauges(
                    waiting: gauge("events_waiting", "Stored events that are not delivered yet."),
                    oldest: gauge("events_oldest_seconds", "Age of the event that has waited longest."),
                    dead: gauge("event_dead_letters", "Events that were given up and not put back."))
                return (subscription, made)
            })
    }

    /// Leaves the gauges as they are while storage does not answer.
    func refresh() async {
        guard let outbox, let depths = try? await outbox.depths() else { return }
        for (subscription, gauges) in gauges {
            let depth = depths[subscription] ?? Outbox.Depth()
            let age = depth.oldest.map { max(0, clock.now.microseconds - $0.microseconds) } ?? 0
            gauges.waiting.set(Double(depth.waiting))
            gauges.oldest.set(Double(age) / 1_000_000)
            gauges.dead.set(Double(depth.dead))
        }
    }
}
