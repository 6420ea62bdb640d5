import Logging
import PluginAPI

/// The logger a module is lent, and the host's own: entries go through swift-log and carry the module's ID.
struct HostLogger: PluginAPI.Logger {
    /// The same logger for libraries that speak swift-log.
    let logging: Logging.Logger

    init(module: String, output: LogOutput) {
        logging = Logging.Logger(label: module) { HostLogHandler(label: $0, output: output) }
    }

    /// Whether an entry of this level goes anywhere.
    func takes(_ level: LogLevel) -> Bool { level.logging >= logging.logLevel }

    func log(_ level: LogLevel, _ message: String, _ metadata: [String: String]) {
        let level = level.logging
        guard level >= logging.logLevel else { return }
        logging.log(level: level, "\(message)", metadata: metadata.mapValues { .string($0) })
    }
}
