import Foundation
import FoundationNetworking
import HTTPTypes
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
        guard var request = Self.request(base + call.target, seconds: 120) else {
            throw APIRefusal(status: 400, lines: ["\(base)\(call.target) is not an address"])
        }
        request.httpMethod = call.method.rawValue
        let token = minter.mint(call.caller, at: clock.now, lifetime: Self.tokenLifetime)
        request.setValue("Bearer \(token)", forHTTPHeaderField: "Authorization")
        if let contentType = call.contentType { request.setValue(contentType, forHTTPHeaderField: "Content-Type") }
        if !call.body.isEmpty { request.httpBody = Data(call.body) }
        let answer = try await Self.exchange(request)
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
        guard let request = request(base + path, seconds: 2) else { return nil }
        return try? await exchange(request).status
    }

    private static func request(_ address: String, seconds: Double) -> URLRequest? {
        URL(string: address).map { URLRequest(url: $0, timeoutInterval: seconds) }
    }

    private static func exchange(_ request: URLRequest) async throws -> APIAnswer {
        let (data, response) = try await URLSession.shared.data(for: request)
        guard let response = response as? HTTPURLResponse else {
            throw APIRefusal(status: 502, lines: ["what answered is no HTTP server"])
        }
        return APIAnswer(status: response.statusCode, body: Array(data))
    }
}
