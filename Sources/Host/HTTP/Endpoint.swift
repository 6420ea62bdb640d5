import HTTPTypes
import PluginAPI

/// What a route leads to.
struct Endpoint: Sendable {
    /// Whether a body is read and handed on; otherwise it is read and dropped.
    var takesBody: Bool
    var answer: @Sendable (EndpointCall) async -> OutgoingAnswer

    init(takesBody: Bool = false, _ answer: @escaping @Sendable (EndpointCall) async -> OutgoingAnswer) {
        self.takesBody = takesBody
        self.answer = answer
    }
}

/// A request on its way to an endpoint.
struct EndpointCall: Sendable {
    var request: IncomingRequest
    /// Decoded path parameters by name.
    var pathParameters: [String: String]
    /// `nil` on public routes only.
    var caller: Caller?
}
