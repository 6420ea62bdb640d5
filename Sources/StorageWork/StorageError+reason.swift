package import PluginAPI

extension StorageError {
    /// What happened, in words.
    package var reason: String {
        switch self {
        case .unavailable(let reason): reason
        case .timedOut: "no answer in time"
        case .constraint(let detail), .full(let detail), .statement(let detail): detail
        @unknown default: "\(self)"
        }
    }
}
