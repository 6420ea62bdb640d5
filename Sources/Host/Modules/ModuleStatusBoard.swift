import PluginAPI
import Synchronization

/// How one loaded module is now, for as long as it is loaded: a module that the next configuration carries over keeps its record.
final class ModuleRecord: Sendable {
    private struct State {
        /// What starts, health checks and drains have come to.
        var ownStatus = ModuleStatus.disabled
        /// Why that is so, in the host's words.
        var ownWords: String?
        /// What its calls have come to.
        var trouble: String?
        var isSwitchedOff = false
        var latency: Duration?
        var hasStarted = false
        var lastFault: ModuleFault?
        var gates: ModuleGates?
        var threads: OwnThreads?

        var status: ModuleStatus {
            switch ownStatus {
            case .draining, .stopped: ownStatus
            case _ where isSwitchedOff: .disabled
            case .ok: trouble.map { .degraded(reason: $0) } ?? .ok
            default: ownStatus
            }
        }

        var publicReason: String? {
            guard let reason = status.reason else { return nil }
            return ownStatus == .ok ? reason : ownWords
        }
    }

    private let state = Mutex(State())
    /// Its start, how it is asked how it is, and what it does on a schedule.
    let start = UnreturnedCall(), healthCheck = UnreturnedCall(), scheduledWork = UnreturnedCall()
    /// Events that it was brought and has not come back from.
    let deliveries = AbandonedCalls()

    var status: ModuleStatus { state.withLock { $0.status } }

    /// The same for calls of operators, who may mend a module that has started and says nothing good of itself since.
    var statusForOperators: ModuleStatus {
        state.withLock { state in
            if case .failed(let reason) = state.status, state.hasStarted { return .degraded(reason: reason) }
            return state.status
        }
    }

    /// The status and, in the host's words alone, why it is so: what a module says of itself is for operators.
    var shown: (status: ModuleStatus, reason: String?) { state.withLock { ($0.status, $0.publicReason) } }

    /// What starts, health checks and drains have come to, whether or not an operator has disabled the module.
    var ownStatus: ModuleStatus { state.withLock { $0.ownStatus } }

    /// How long the module's last health check took; `nil` before the first.
    var latency: Duration? {
        get { state.withLock { $0.latency } }
        set { state.withLock { $0.latency = newValue } }
    }

    /// Whether a start has ever ended well; from then on the module is asked how it is, and not started again.
    var hasStarted: Bool { state.withLock { $0.hasStarted } }

    /// Whether an operator has disabled the module.
    var isSwitchedOff: Bool { state.withLock { $0.isSwitchedOff } }

    /// The last thing that went wrong; `nil` for nothing since it was loaded.
    var lastFault: ModuleFault? {
        get { state.withLock { $0.lastFault } }
        set { state.withLock { $0.lastFault = newValue } }
    }

    /// Where its calls go through; `nil` for modules that nobody calls.
    var gates: ModuleGates? { state.withLock { $0.gates } }

    /// Where its code runs; `nil` for where the host's does. Known before anything calls it.
    var threads: OwnThreads? {
        get { state.withLock { $0.threads } }
        set { state.withLock { $0.threads = newValue } }
    }

    /// - Returns: Whether that is news.
    fileprivate func set(_ status: ModuleStatus, _ words: String?) -> Bool {
        change { ($0.ownStatus, $0.ownWords) = (status, words) }
    }

    /// - Returns: Whether that is news.
    fileprivate func setSwitchedOff(_ isOff: Bool) -> Bool { change { $0.isSwitchedOff = isOff } }

    /// Asks the gates anew. - Returns: Whether that is news.
    fileprivate func refreshTrouble() -> Bool {
        // Asked under the lock, so that the last to ask knows best.
        change { $0.trouble = $0.gates?.trouble }
    }

    private func change(_ body: (inout State) -> Void) -> Bool {
        state.withLock { state in
            let before = state.status
            body(&state)
            return state.status != before
        }
    }

    func noteStart() { state.withLock { $0.hasStarted = true } }

    /// The module's gates, made when there are none yet.
    fileprivate func gates(make: () -> ModuleGates) -> ModuleGates {
        state.withLock { state in
            let gates = state.gates ?? make()
            state.gates = gates
            return gates
        }
    }
}

/// Something that went wrong with a module.
struct ModuleFault: Sendable, Equatable {
    var at: Timestamp
    /// `start`, `health check`, `scheduled work` or the name of an operation.
    var doing: String
    var reason: String
}

/// The one place that knows how each module of a configuration is now; `/ready`, the admin API, metrics and logs read it.
final class ModuleStatusBoard: Sendable {
    private let records = Mutex<[ModuleDescriptor.ModuleID: ModuleRecord]>([:])
    private let clock: any HostClock
    private let onChange: @Sendable (ModuleDescriptor.ModuleID, ModuleStatus) -> Void

    /// - Parameter onChange: Told of each change, outside the lock.
    init(
        clock: any HostClock = SystemClock(),
        onChange: @escaping @Sendable (ModuleDescriptor.ModuleID, ModuleStatus) -> Void = { _, _ in }
    ) {
        (self.clock, self.onChange) = (clock, onChange)
    }

    /// The status of a module; one nobody has loaded is disabled.
    subscript(id: ModuleDescriptor.ModuleID) -> ModuleStatus {
        records.withLock { $0[id] }?.status ?? .disabled
    }

    /// - Parameter words: Why it is so for everybody to hear; `nil` says nothing but the status.
    func set(_ status: ModuleStatus, for id: ModuleDescriptor.ModuleID, inWords words: String? = nil) {
        let record = record(of: id)
        if record.set(status, words) { onChange(id, record.status) }
    }

    /// Disables a module, or enables it again.
    func setSwitchedOff(_ isOff: Bool, _ id: ModuleDescriptor.ModuleID) {
        let record = record(of: id)
        if record.setSwitchedOff(isOff) { onChange(id, record.status) }
        if isOff { record.gates?.refuseWaiting(.disabled(id)) }
    }

    /// Writes down what went wrong.
    func note(_ reason: String, doing: String, of id: ModuleDescriptor.ModuleID) {
        record(of: id).lastFault = ModuleFault(at: clock.now, doing: doing, reason: FaultText.cut(reason))
    }

    /// Where the module's calls go through, for as long as it is loaded.
    func gates(of id: ModuleDescriptor.ModuleID, limits: ModuleLimits, metrics: any Metrics) -> ModuleGates {
        let (record, clock, onChange) = (record(of: id), clock, onChange)
        let threads = record.threads
        return record.gates {
            ModuleGates(
                id, limits: limits, metrics: metrics, threads: threads,
                onFault: { [weak record] doing, reason in
                    record?.lastFault = ModuleFault(at: clock.now, doing: doing, reason: reason)
                },
                onTrouble: { [weak record] in
                    if let record, record.refreshTrouble() { onChange(id, record.status) }
                })
        }
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
