package import PluginAPI
import Synchronization

/// How many of a database's connections work now, as `storage_pool_connections{state}` shows it.
package final class ConnectionMeter: Sendable {
    private let idle: (any Gauge)?
    private let busy: (any Gauge)?
    private let state = Mutex((open: 0, busy: 0))

    /// - Parameter metrics: `nil` for a database that nobody watches.
    package init(_ metrics: (any Metrics)?) {
        func gauge(_ state: String) -> (any Gauge)? {
            metrics?.gauge(
                "storage_pool_connections", help: "Connections to storage, by state.",
                labels: [(name: "state", value: state)])
        }
        (idle, busy) = (gauge("idle"), gauge("busy"))
    }

    package func opened(_ connections: Int) { change { $0.open += connections } }
    package func closed(_ connections: Int) { change { $0.open -= connections } }

    /// Counts one connection as busy while `work` runs.
    package func working<Result>(_ work: () -> Result) -> Result {
        change { $0.busy += 1 }
        defer { change { $0.busy -= 1 } }
        return work()
    }

    private func change(_ body: (inout (open: Int, busy: Int)) -> Void) {
        guard let idle, let busy else { return }
        state.withLock { state in
            body(&state)
            idle.set(Double(state.open - state.busy))
            busy.set(Double(state.busy))
        }
    }
}
