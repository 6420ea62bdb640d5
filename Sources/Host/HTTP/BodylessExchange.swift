import HTTPTypes
import NIOHTTP1
import PluginAPI

/// A request without a body, from its head to the answer, for a connection that stays open.
///
/// It says what ``HTTPExchange`` says of the same request, without a body's and a connection's end to look after.
struct BodylessExchange {
    private let request: IncomingRequest
    private let serving: Serving
    private let start = ContinuousClock.now

    /// - Returns: `nil` for what ``HTTPExchange`` has to look at closer.
    init?(_ head: HTTPRequestHead, peer: String, connection: HTTPConnection) {
        let serving = connection.serving.current
        guard head.method == .GET || head.method == .HEAD, head.version == .http1_1, head.isKeepAlive,
            !head.headers.contains(name: "upgrade"), !head.headers.contains(name: "expect"),
            let request = IncomingRequest(
                head, peer: peer, at: connection.clock.now, deadline: start + serving.limits.requestTimeout)
        else { return nil }
        self.request = request
        self.serving = serving
    }

    /// - Parameter listener: Told of the answer once, on whatever thread it is made.
    func begin(_ listener: @escaping @Sendable (OutgoingAnswer) -> Void) {
        let handler = serving.handler
        handler.started()
        switch handler.admit(request) {
        case .answered(let answer, let label): finish(answer, label, listener)
        case .admitted(let admitted):
            AnswerRace.begin(within: serving.limits.requestTimeout) { [request] in
                await admitted.answer(request)
            } then: { answer in
                finish(answer ?? handler.refuse(.tooSlow, request), admitted.label, listener)
            }
        }
    }

    private func finish(
        _ answer: OutgoingAnswer, _ label: RequestLabel, _ listener: (OutgoingAnswer) -> Void
    ) {
        serving.handler.finished(FinishedExchange(request, answer, label, since: start))
        listener(answer)
    }
}

extension FinishedExchange {
    init(
        _ request: IncomingRequest,
        _ answer: OutgoingAnswer,
        _ label: RequestLabel,
        since start: ContinuousClock.Instant
    ) {
        self.init(
            method: request.method, route: label.route, status: answer.status, duration: ContinuousClock.now - start,
            bodyBytes: request.method == .head ? 0 : answer.body.count, peer: request.peer, subject: label.subject,
            role: label.role, requestID: request.requestID,
            traceID: request.headers[.traceParent].flatMap { TraceParent($0) }?.traceID)
    }
}
