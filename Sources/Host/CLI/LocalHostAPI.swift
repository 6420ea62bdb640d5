import HTTPTypes
import PluginAPI

/// The API of a host put together in this process for the length of a command: it holds the storage's lock meanwhile.
struct LocalHostAPI: HostAPI {
    let assembly: HostAssembly

    func send(_ call: APICall) async throws -> APIAnswer {
        let (path, query) = Self.split(call.target)
        guard case .found(let operation, _, let parameters) = assembly.operations.match(method: call.method, path: path)
        else { throw APIRefusal(status: 404, lines: ["no loaded module serves \(call.method.rawValue) \(path)"]) }
        var headers = HTTPFields()
        if let contentType = call.contentType { headers[.contentType] = contentType }
        let request = IncomingRequest(
            method: call.method, path: path, query: query, headers: headers, body: call.body, peer: "command",
            requestID: "command", receivedAt: assembly.clock.now)
        let answer = await assembly.queryPath.answer(
            operation, to: request, pathParameters: parameters, caller: call.caller)
        return APIAnswer(status: answer.status.code, body: answer.body)
    }

    private static func split(_ target: String) -> (path: String, query: String?) {
        guard let mark = target.firstIndex(of: "?") else { return (target, nil) }
        return (String(target[..<mark]), String(target[target.index(after: mark)...]))
    }
}
