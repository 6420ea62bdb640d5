import Logging
import PluginAPI
import Synchronization

/// The level below which entries are dropped; one for the process, changed while it runs.
final class LogLevelSwitch: Sendable {
    /// From the least to the gravest. Asking the type for them makes an array each time.
    private static let levels = LogLevel.allCases

    private let index: Atomic<Int>

    init(_ level: LogLevel) {
        index = Atomic(Self.index(of: level))
    }

    var level: LogLevel {
        get { Self.levels[index.load(ordering: .relaxed)] }
        set { index.store(Self.index(of: newValue), ordering: .relaxed) }
    }

    /// Whether entries of a level are kept.
    func takes(_ level: LogLevel) -> Bool { Self.index(of: level) >= index.load(ordering: .relaxed) }

    private static func index(of level: LogLevel) -> Int { levels.firstIndex(of: level) ?? 0 }
}

extension LogLevel {
    /// The same level in swift-log's words.
    var logging: Logging.Logger.Level {
        switch self {
        case .trace: .trace
        case .debug: .debug
        case .info: .info
        case .notice: .notice
        case .warning: .warning
        case .error: .error
        case .critical: .critical
        @unknown default: .critical
        }
    }

    init(_ level: Logging.Logger.Level) {
        self =
            switch level {
            case .trace: .trace
            case .debug: .debug
            case .info: .info
            case .notice: .notice
            case .warning: .warning
            case .error: .error
            case .critical: .critical
            }
    }
}
