/// What log entries written while a request is served have in common.
struct RequestScope: Sendable {
    var requestID: String
    /// From the client's `traceparent`.
    var traceID: String?

    /// The request that the running task serves; `nil` outside requests.
    @TaskLocal static var current: RequestScope?
}
