import NIOHTTP1
import PluginAPI

/// Decides about requests in two steps, so that nobody has to read the body of a request that is refused anyway.
protocol RequestHandler: Sendable {
    /// What the head alone decides. Runs on the connection's way and therefore neither waits nor blocks.
    func admit(_ request: IncomingRequest) -> Admission

    /// Writes the answer to a request without a body, if it is at hand and nothing has to be waited for, blocked on or
    /// looked at closer; reported as finished then.
    ///
    /// What has only to be built is told of; it is reported as finished once it is.
    func immediate(_ head: HTTPRequestHead, peer: String, to writer: AnswerWriter) -> ImmediateAnswer

    /// Turns a refusal of the server itself, such as a body too large, into an answer like all others.
    func refuse(_ problem: Problem, _ request: IncomingRequest) -> OutgoingAnswer

    /// A request has come in; ``finished(_:)`` follows exactly once.
    func started()
    func finished(_ exchange: FinishedExchange)
}

extension RequestHandler {
    func immediate(_ head: HTTPRequestHead, peer: String, to writer: AnswerWriter) -> ImmediateAnswer { .usual }
}

/// What can be done about a request on the event loop.
enum ImmediateAnswer {
    case written
    /// To be begun by whoever is told.
    case awaited(AwaitedAnswer)
    /// The request goes the usual way, and nothing has been counted.
    case usual
}

/// The decision about a request's head.
enum Admission: Sendable {
    /// Answered without its body.
    case answered(OutgoingAnswer, RequestLabel)
    case admitted(AdmittedRequest)
}

/// What logs and metrics call a request.
struct RequestLabel: Sendable, Equatable {
    /// The route's template, or `unmatched`.
    var route: String
    var subject: String?
    var role: Role?

    static let unmatched = RequestLabel(route: "unmatched")
}

/// A request that may be answered once its body is there.
struct AdmittedRequest: Sendable {
    var label: RequestLabel
    var takesBody: Bool
    /// Given the request with its body; the answer is complete, `X-Request-Id` included.
    var answer: @Sendable (IncomingRequest) async -> OutgoingAnswer
}
