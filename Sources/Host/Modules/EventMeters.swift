import PluginAPI
import Synchronization
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
///
/// There are gauges once a configuration is in use: one that is only planned, or fails, leaves none behind.
final class EventGauges: Sendable {
    private struct Gauges: Sendable {
        let waiting: any Gauge
        let oldest: any Gauge
        let dead: any Gauge
    }

    /// The name of each gauge and what it tells.
    private static let waiting = ("events_waiting", "Stored events that are not delivered yet.")
    private static let oldest = (
        "events_oldest_seconds", "For how long the oldest event waits, since it happened or was put back."
    )
    private static let dead = ("event_dead_letters", "Events that were given up and not put back.")

    private let gauges = Mutex<[String: Gauges]>([:])
    private let subscriptions: [String]
    private let outbox: Outbox?
    private let clock: any HostClock
    private let metrics: any Metrics

    init(_ subscriptions: [String], outbox: Outbox?, clock: any HostClock, metrics: any Metrics) {
        (self.subscriptions, self.outbox, self.clock, self.metrics) = (subscriptions, outbox, clock, metrics)
    }

    /// Makes the gauges known.
    func announce() {
        let made = subscriptions.map { subscription in
            func gauge(_ told: (name: String, help: String)) -> any Gauge {
                metrics.gauge(told.name, help: told.help, labels: Self.labels(subscription))
            }
            return (
                subscription,
                Gauges(waiting: gauge(Self.waiting), oldest: gauge(Self.oldest), dead: gauge(Self.dead))
            )
        }
        gauges.withLock { $0 = Dictionary(uniqueKeysWithValues: made) }
    }

    private static func labels(_ subscription: String) -> [(name: String, value: String)] {
        [(name: "subscription", value: subscription)]
    }

    /// Takes the gauges of subscriptions away that nobody refreshes any more.
    static func remove(_ subscriptions: some Sequence<String>, from registry: MetricsRegistry) {
        for subscription in subscriptions {
            for (name, _) in [waiting, oldest, dead] { registry.remove(name, labels: labels(subscription)) }
        }
    }

    /// Leaves the gauges as they are while storage does not answer.
    func refresh() async {
        guard let outbox, let depths = try? await outbox.depths() else { return }
        for (subscription, gauges) in gauges.withLock({ $0 }) {
            let depth = depths[subscription] ?? Outbox.Depth()
            let age = depth.oldest.map { max(0, clock.now.microseconds - $0.microseconds) } ?? 0
            gauges.waiting.set(Double(depth.waiting))
            gauges.oldest.set(Double(age) / 1_000_000)
            gauges.dead.set(Double(depth.dead))
        }
    }
}
