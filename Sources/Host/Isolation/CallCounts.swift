import PluginAPI
import Synchronization

/// How many calls into one module are in trouble or in line now, whoever has made them.
struct CallCounts: Sendable {
    /// Those that were given up and have not come back.
    let overdue: CallCount
    /// Those that have not begun.
    let waiting: CallCount

    init(of module: ModuleDescriptor.ModuleID, _ metrics: any Metrics) {
        overdue = CallCount(
            metrics.gauge(
                "module_calls_overdue", help: "Calls into a module that were given up and have not come back.",
                labels: [("module", module)]))
        waiting = CallCount(
            metrics.gauge(
                "module_calls_waiting", help: "Calls into a module that wait for their turn.",
                labels: [("module", module)]))
    }

    /// The gauges show another module's calls from now on.
    func retire() {
        overdue.retire()
        waiting.retire()
    }
}

/// A number that goes up and down, and the gauge that shows it.
final class CallCount: Sendable {
    private struct State {
        var value = 0
        var isRetired = false
    }

    private let state = Mutex(State())
    private let gauge: any Gauge

    init(_ gauge: any Gauge) { self.gauge = gauge }

    var value: Int { state.withLock { $0.value } }

    /// Sets the gauge under the lock, so that it shows the last of several changes.
    func change(by change: Int) {
        state.withLock { state in
            state.value += change
            if !state.isRetired { gauge.set(Double(state.value)) }
        }
    }

    func retire() {
        state.withLock { state in
            state.isRetired = true
            gauge.set(0)
        }
    }
}
