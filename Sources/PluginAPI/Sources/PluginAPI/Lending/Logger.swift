/// Where a module's events go. The host adds module, request ID and time.
public protocol Logger: Sendable {
    /// - Parameters:
    ///   - message: An event in lower case, without data in it: `snapshot stored`.
    ///   - metadata: The data; never a secret or a token.
    func log(_ level: LogLevel, _ message: String, _ metadata: [String: String])
}

public enum LogLevel: String, Sendable, CaseIterable {
    case trace, debug, info, notice, warning, error, critical
}

extension Logger {
    public func debug(_ message: String, _ metadata: [String: String] = [:]) { log(.debug, message, metadata) }
    public func info(_ message: String, _ metadata: [String: String] = [:]) { log(.info, message, metadata) }
    public func warning(_ message: String, _ metadata: [String: String] = [:]) { log(.warning, message, metadata) }
    public func error(_ message: String, _ metadata: [String: String] = [:]) { log(.error, message, metadata) }
}
