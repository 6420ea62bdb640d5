import Logging
import PluginAPI

/// The logger a module is lent, and the host's own: entries go through swift-log and carry the module's ID.
struct HostLogger: PluginAPI.Logger {
    /// The same logger for libraries that speak swift-log.
    let logging: Logging.Logger
    private let level: LogLevelSwitch

    init(module: String, output: LogOutput) {
        level = output.level
        logging = Logging.Logger(label: module) { HostLogHandler(label: $0, output: output) }
    }

    /// Whether an entry of this level goes anywhere.
    func takes(_ level: LogLevel) -> Bool { self.level.takes(level) }

    func log(_ level: LogLevel, _ message: String, _ metadata: [String: String]) {
        guard takes(level) else { return }
        logging.log(level: level.logging, "\(message)", metadata: metadata.mapValues { .string($0) })
    }
}
