/// Where a module's events go. The host adds module, request ID and time.
public protocol Logger: Sendable {
    /// Takes one event.
    ///
    /// - Parameters:
    ///   - level: How much it matters.
    ///   - message: An event in lower case, without data in it: `snapshot stored`.
    ///   - metadata: The data; never a secret or a token.
    func log(_ level: LogLevel, _ message: String, _ metadata: [String: String])
}

/// How much an event matters, least first.
public enum LogLevel: String, Sendable, CaseIterable {
    /// One of the levels of swift-log, in its order.
    case trace, debug, info, notice, warning, error, critical
}

extension Logger {
    /// Logs what helps who debugs the module.
    public func debug(_ message: String, _ metadata: [String: String] = [:]) { log(.debug, message, metadata) }
    /// Logs what an operator may want to know.
    public func info(_ message: String, _ metadata: [String: String] = [:]) { log(.info, message, metadata) }
    /// Logs what an operator should look at some time.
    public func warning(_ message: String, _ metadata: [String: String] = [:]) { log(.warning, message, metadata) }
    /// Logs what has failed.
    public func error(_ message: String, _ metadata: [String: String] = [:]) { log(.error, message, metadata) }
}
