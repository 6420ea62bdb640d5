import HTTPTypes
import NIOHTTP1
import PluginAPI

/// The API of a running host, over HTTP.
struct RemoteHostAPI: HostAPI {
    /// `http://127.0.0.1:8000`
    var base: String
    var minter: TokenMinter
    var clock: any HostClock

    /// Long enough for the command, short enough to be worth nothing afterwards.
    private static let tokenLifetime: Duration = .seconds(300)

    func send(_ call: APICall) async throws -> APIAnswer {
        guard let exchange = SingleExchange(base: base) else {
            throw APIRefusal(status: 400, lines: ["\(base) is not an address"])
        }
        let token = minter.mint(call.caller, at: clock.now, lifetime: Self.tokenLifetime)
        var fields: HTTPHeaders = ["Authorization": "Bearer \(token)"]
        if let contentType = call.contentType { fields.add(name: "Content-Type", value: contentType) }
        let answer: APIAnswer
        do {
            answer = try await exchange.answer(
                HTTPMethod(rawValue: call.method.rawValue), call.target, fields, body: call.body, within: .seconds(120))
        } catch {
            throw APIRefusal(status: 502, lines: ["the host at \(base) gives no answer: \(error)"])
        }
        if answer.status == 401 {
            throw APIRefusal(
                status: 401,
                lines: ["the host at \(base) does not take tokens made with this configuration's secret"])
        }
        return answer
    }

    /// Whether a Concord host answers at `base`.
    static func answers(at base: String) async -> Bool { await status(of: "/api/v1/health", at: base) == 200 }

    /// The status a public route answers with; `nil` when nobody answers.
    static func status(of path: String, at base: String) async -> Int? {
        try? await SingleExchange(base: base)?.answer(.GET, path, within: .seconds(2)).status
    }
}
