import Logging
import PluginAPI

/// The logger a module is lent, and the host's own: entries go through swift-log and carry the module's ID.
struct HostLogger: PluginAPI.Logger {
    /// The same logger for libraries that speak swift-log.
    let logging: Logging.Logger
    private let module: String
    private let output: LogOutput

    init(module: String, output: LogOutput) {
        (self.module, self.output) = (module, output)
        logging = Logging.Logger(label: module) { HostLogHandler(label: $0, output: output) }
    }

    /// Whether an entry of this level goes anywhere.
    func takes(_ level: LogLevel) -> Bool { output.level.takes(level) }

    func log(_ level: LogLevel, _ message: String, _ metadata: [String: String]) {
        guard takes(level) else { return }
        logging.log(level: level.logging, "\(message)", metadata: metadata.mapValues { .string($0) })
    }

    /// An entry with fields of the host's own, as they are: their keys are in order, each is there once and none names a secret.
    /// Refusals have such entries, thousands at once when a module is flooded, and event loops write them.
    func log(_ level: LogLevel, _ message: String, inOrder fields: [(key: String, value: String)]) {
        guard takes(level) else { return }
        assert(!fields.contains { LogFormat.isSecret($0.key) }, "such fields are masked by the other method")
        output.write(level, message, inOrder: [(key: "module", value: module)] + fields)
    }
}
