import Logging
import PluginAPI

/// swift-log's backend: spells entries in Concord's format and hands them to a sink.
struct HostLogHandler: LogHandler {
    var metadata: Logging.Logger.Metadata = [:]

    private let label: String
    private let output: LogOutput

    init(label: String, output: LogOutput) {
        self.label = label
        self.output = output
    }

    /// The process's level; setting it on one logger would have no effect and is therefore ignored.
    var logLevel: Logging.Logger.Level {
        get { output.level.level.logging }
        set { _ = newValue }
    }

    subscript(metadataKey key: String) -> Logging.Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { _, new in new }
        var fields = all.map { (key: $0.key, value: $0.value.description) }
        if let error = event.error { fields.append((key: "error", value: "\(error)")) }
        output.write(LogLevel(event.level), event.message.description, module: label, fields)
    }
}

/// What all loggers of a process share: level, format, clock and sink.
struct LogOutput: Sendable {
    var level: LogLevelSwitch
    var format: LogFormat
    var clock: any HostClock
    var sink: any LogSink
    let losses = LogLosses()

    /// Adds module and request, sorts the fields by key and writes the entry.
    func write(_ level: LogLevel, _ message: String, module: String, _ fields: [(key: String, value: String)]) {
        var all: [(key: String, value: String)] = [(key: "module", value: module)]
        if let scope = RequestScope.current {
            all.append((key: "request_id", value: scope.requestID))
            if let traceID = scope.traceID { all.append((key: "trace_id", value: traceID)) }
        }
        let taken = Set(all.map(\.key))
        all += fields.filter { !taken.contains($0.key) }.sorted { $0.key < $1.key }
        write(level, message, inOrder: LogFormat.masked(all))
    }

    /// Writes an entry whose fields are in their order and hold no secret.
    func write(_ level: LogLevel, _ message: String, inOrder fields: [(key: String, value: String)]) {
        let lost = sink.lostTotal
        sink.write(format.line(level, message, fields, at: clock.now))
        // There was room for it, so that there is for this.
        if lost > 0, sink.lostTotal == lost { tellLosses(lost) }
    }

    /// Says once that entries are missing above.
    private func tellLosses(_ total: Int) {
        let untold = losses.takeUntold(of: total)
        guard untold > 0 else { return }
        let fields = [(key: "module", value: "host"), (key: "entries", value: "\(untold)")]
        sink.write(format.line(.warning, "log entries lost", fields, at: clock.now))
    }

    /// Shows among the metrics how many entries were lost.
    func register(in registry: MetricsRegistry) {
        let shown = registry.fractionalCounter(
            "log_entries_lost_total",
            help: "Log entries that were lost because nobody read the log fast enough, or it could not be written.")
        registry.onCollection(of: "log") { [sink] in shown.set(Double(sink.lostTotal)) }
    }
}
