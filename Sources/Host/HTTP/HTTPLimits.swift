/// How much of what a client may send, and how long anything may take.
struct HTTPLimits: Sendable {
    /// Bytes of a body; more is answered 413 and not read.
    var bodyMax: Int = 8 * 1_024 * 1_024
    /// Bytes of one header field, and of the request line; more is answered 431.
    var headerFieldMax: Int = 16 * 1_024
    /// Bytes of all header fields together.
    var headersMax: Int = 32 * 1_024
    var headerCountMax: Int = 100
    /// From the head of a request to its answer; 503 when it passes.
    var requestTimeout: Duration = .seconds(30)
    /// For a complete head to arrive, from the connection's start or the last answer. Silence is answered by closing.
    var idleTimeout: Duration = .seconds(60)
    /// For a client to take what it was sent.
    var writeTimeout: Duration = .seconds(30)
    /// For the rest of a body that nobody wants, so that the client reads the answer instead of a reset.
    var lingerTimeout: Duration = .seconds(2)
}
