import HTTPTypes
import PluginAPI

extension QueryPath {
    func command(
        _ target: BoundOperation,
        _ incoming: IncomingRequest,
        _ segments: [String: String],
        _ caller: Caller
    ) async throws -> OutgoingAnswer {
        let contentType = try CommandBody.check(incoming, for: target.operation, bodyMax: settings.bodyMax)
        let idempotencyKey = try CommandBody.idempotencyKey(of: incoming)
        let call = try await authorise(target, incoming, segments, caller)
        let arrival = arrival(of: incoming, at: target)
        var request = request(call, arrival)
        request.body = incoming.body
        request.contentType = contentType
        request.idempotencyKey = idempotencyKey
        return answer(with: try await carryOut(request, target, arrival.time))
    }

    /// Calls the service and announces what it changed, before anybody is told of it.
    ///
    /// The call is not the request's: a client that goes away neither undoes the change nor silences the announcement.
    private func carryOut(
        _ request: Request,
        _ target: BoundOperation,
        _ time: CallTime
    ) async throws -> Reply {
        let call = SharedCall<Reply>()
        call.start(deadline: time.deadline) {
            do {
                let reply = try await self.reply(to: request, of: target, time)
                await self.invalidations.invalidate(reply.invalidates)
                return reply
            } catch var excess as ReplyTooLarge {
                excess.isOfCommand = true
                await self.invalidations.invalidate(excess.invalidates)
                throw excess
            }
        }
        return try await call.value()
    }

    private func answer(with reply: Reply) -> OutgoingAnswer {
        var answer = OutgoingAnswer(status: HTTPResponse.Status(code: reply.status), body: reply.body)
        if !reply.body.isEmpty { answer.headers[.contentType] = "application/json" }
        answer.headers[.cacheControl] = "no-store"
        return answer
    }
}

/// What the host makes sure of before a service sees a body.
enum CommandBody {
    /// - Returns: The media type in lower case without parameters; `nil` when none is named.
    static func check(
        _ incoming: IncomingRequest,
        for operation: Operation,
        bodyMax: Int
    ) throws(Problem) -> String? {
        guard incoming.body.count <= bodyMax else {
            throw .tooLarge("The body has more than \(bodyMax) bytes.")
        }
        guard let schema = operation.body else {
            guard incoming.body.isEmpty else { throw .badRequest("A body is not taken here; send none.") }
            return nil
        }
        if let coding = incoming.headers[.contentEncoding], coding.lowercased() != "identity" {
            throw .unsupportedMediaType("The body is encoded as \(coding); send it as it is.")
        }
        guard let header = incoming.headers[.contentType] else {
            guard incoming.body.isEmpty else { throw refusal("has no Content-Type", schema) }
            return nil
        }
        let parts = header.split(separator: ";", omittingEmptySubsequences: false).map(trimmed)
        guard let type = parts.first, schema.contentTypes.contains(type) else {
            throw refusal("has the Content-Type \(header)", schema)
        }
        if type.contains("json"), let charset = charset(in: parts.dropFirst()), charset != "utf-8" {
            throw .unsupportedMediaType("The body is in \(charset); JSON is sent in UTF-8.")
        }
        return type
    }

    /// The header `Idempotency-Key`, bounded.
    static func idempotencyKey(of incoming: IncomingRequest) throws(Problem) -> String? {
        let keys = incoming.headers[values: .idempotencyKey]
        guard let key = keys.first else { return nil }
        let isPrintable = key.utf8.allSatisfy { (0x21...0x7E).contains($0) }
        guard keys.count == 1, isPrintable, (1...255).contains(key.utf8.count) else {
            let detail =
                keys.count > 1 ? "is given more than once" : "must be 1 to 255 bytes of printable ASCII without space"
            throw .badParameter("Idempotency-Key", detail)
        }
        return key
    }

    private static func refusal(_ what: String, _ schema: BodySchema) -> Problem {
        .unsupportedMediaType("The body \(what); send \(schema.contentTypes.joined(separator: " or ")).")
    }

    private static func charset(in parameters: some Sequence<String>) -> String? {
        let prefix = "charset="
        return parameters.first { $0.hasPrefix(prefix) }.map { text in
            String(text.dropFirst(prefix.count).filter { $0 != "\"" })
        }
    }

    private static func trimmed(_ part: Substring) -> String {
        var part = part.lowercased()[...]
        while part.first == " " || part.first == "\t" { part = part.dropFirst() }
        while part.last == " " || part.last == "\t" { part = part.dropLast() }
        return String(part)
    }
}
