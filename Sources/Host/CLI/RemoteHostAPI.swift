import AsyncHTTPClient
import HTTPTypes
import NIOCore
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
    private static let answerMax = 64 << 20

    func send(_ call: APICall) async throws -> APIAnswer {
        var request = HTTPClientRequest(url: base + call.target)
        request.method = .init(rawValue: call.method.rawValue)
        let token = try minter.mint(call.caller, at: clock.now, lifetime: Self.tokenLifetime)
        request.headers.add(name: "Authorization", value: "Bearer \(token)")
        if let contentType = call.contentType { request.headers.add(name: "Content-Type", value: contentType) }
        if !call.body.isEmpty { request.body = .bytes(call.body) }
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(120))
        let body = try await response.body.collect(upTo: Self.answerMax)
        if response.status == .unauthorized {
            throw APIRefusal(
                status: 401,
                lines: ["the host at \(base) does not take tokens made with this configuration's secret"])
        }
        return APIAnswer(status: Int(response.status.code), body: Array(body.readableBytesView))
    }

    /// Whether a Concord host answers at `base`.
    static func answers(at base: String) async -> Bool { await status(of: "/api/v1/health", at: base) == 200 }

    /// The status a public route answers with; `nil` when nobody answers.
    static func status(of path: String, at base: String) async -> Int? {
        let request = HTTPClientRequest(url: base + path)
        guard let response = try? await HTTPClient.shared.execute(request, timeout: .seconds(2)) else { return nil }
        _ = try? await response.body.collect(upTo: answerMax)
        return Int(response.status.code)
    }
}
