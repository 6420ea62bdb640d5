import BenchmarkAnswer
import HTTPTypes
import Hummingbird
import NIOCore

/// A route of Hummingbird that answers the same bytes, and nothing else: no middleware, no log of requests.
@main
struct HummingbirdServer {
    static func main() async throws {
        let answer = try StaticAnswer(arguments: CommandLine.arguments)
        var headers = HTTPFields()
        for (name, value) in answer.headers {
            guard let name = HTTPField.Name(name) else { continue }
            headers.append(HTTPField(name: name, value: value))
        }
        let body = ByteBuffer(bytes: answer.body)
        let router = Router()
        router.get("/api/v1/positions/open") { [headers] _, _ in
            Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: body))
        }
        router.get("/api/v1/positions/closed") { [headers] _, _ in
            Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: body))
        }
        let application = Application(
            router: router,
            configuration: ApplicationConfiguration(
                address: .hostname("127.0.0.1", port: answer.port), serverName: nil, backlog: 1_024))
        try await application.runService()
    }
}
