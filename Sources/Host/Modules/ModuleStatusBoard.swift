import PluginAPI
import Synchronization

/// How one loaded module is now, for as long as it is loaded: a module that the next configuration carries over keeps its record.
final class ModuleRecord: Sendable {
    private struct State {
        var status = ModuleStatus.disabled
        var latency: Duration?
        var hasStarted = false
    }

    private let state = Mutex(State())

    var status: ModuleStatus { state.withLock { $0.status } }

    /// How long the module's last health check took; `nil` before the first.
    var latency: Duration? {
        get { state.withLock { $0.latency } }
        set { state.withLock { $0.latency = newValue } }
    }

    /// Whether a start has ever ended well; from then on the module is asked how it is, and not started again.
    var hasStarted: Bool { state.withLock { $0.hasStarted } }

    /// - Returns: Whether that is news.
    fileprivate func set(_ status: ModuleStatus) -> Bool {
        state.withLock { state in
            defer { state.status = status }
            return state.status != status
        }
    }

    func noteStart() { state.withLock { $0.hasStarted = true } }
}

/// The one place that knows how each module of a configuration is now; `/ready`, the admin API, metrics and logs read it.
final class ModuleStatusBoard: Sendable {
    private let records = Mutex<[ModuleDescriptor.ModuleID: ModuleRecord]>([:])
    private let onChange: @Sendable (ModuleDescriptor.ModuleID, ModuleStatus) -> Void

    /// - Parameter onChange: Told of each change, outside the lock.
    init(onChange: @escaping @Sendable (ModuleDescriptor.ModuleID, ModuleStatus) -> Void = { _, _ in }) {
        self.onChange = onChange
    }

    /// The status of a module; one nobody has loaded is disabled.
    subscript(id: ModuleDescriptor.ModuleID) -> ModuleStatus {
        records.withLock { $0[id] }?.status ?? .disabled
    }

    func set(_ status: ModuleStatus, for id: ModuleDescriptor.ModuleID) {
        if record(of: id).set(status) { onChange(id, status) }
    }

    /// How long the module's last health check took; `nil` before the first.
    func latency(of id: ModuleDescriptor.ModuleID) -> Duration? { records.withLock { $0[id] }?.latency }

    func setLatency(_ latency: Duration, of id: ModuleDescriptor.ModuleID) { record(of: id).latency = latency }

    /// The module's record, made when there is none yet.
    func record(of id: ModuleDescriptor.ModuleID) -> ModuleRecord {
        records.withLock { records in
            if let record = records[id] { return record }
            let record = ModuleRecord()
            records[id] = record
            return record
        }
    }

    /// Goes on with another board's record of a module that is carried over from there.
    func carry(_ id: ModuleDescriptor.ModuleID, from other: ModuleStatusBoard) {
        let record = other.record(of: id)
        records.withLock { $0[id] = record }
    }
}
