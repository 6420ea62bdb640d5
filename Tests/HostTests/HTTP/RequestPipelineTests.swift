import HTTPTypes
import PluginAPI
import PluginTesting
import Testing

@testable import Host

@Suite("The pipeline")
struct RequestPipelineTests {
    @Test(
        "Public routes need no token",
        arguments: [
            "/health", "/api/v1/health", "/ready", "/api/v1/ready", "/api/v1/trading/health", "/metrics",
            "/api/v1/openapi.json", "/docs",
        ]
    )
    func publicRoutes(path: String) async throws {
        let host = try PipelineFixture(perMinute: 1)

        for _ in 0..<3 {
            let answer = await host.answer(host.request(.get, path, token: nil))

            #expect(answer.status == .ok)
            #expect(answer.headers[.requestID] != nil)
            #expect(answer.headers[.rateLimit] == nil)
        }
    }

    @Test(
        "Anything else without a token is 401 with a challenge, whether it exists or not",
        arguments: ["/api/v1/things/1", "/nothing", "/"])
    func unauthenticated(path: String) async throws {
        let host = try PipelineFixture()

        let answer = await host.answer(host.request(.get, path, token: nil))

        #expect(answer.status == .unauthorized)
        #expect(answer.headers[.wwwAuthenticate] == "Bearer realm=\"concord\"")
        #expect(answer.headers[.contentType] == "application/problem+json")
    }

    @Test("A bad token's challenge says so")
    func badToken() async throws {
        let host = try PipelineFixture()

        let answer = await host.answer(host.request(.get, "/api/v1/things/1", [.authorization: "Bearer x"], token: nil))

        #expect(answer.status == .unauthorized)
        #expect(answer.headers[.wwwAuthenticate]?.contains("error=\"invalid_token\"") == true)
    }

    @Test("A token's subject and the path's parameters reach the endpoint")
    func endpoint() async throws {
        let host = try PipelineFixture()

        let answer = await host.answer(host.request(.get, "/api/v1/things/a%20b"))

        #expect(answer.text == "\"u-1 a b\"")
        #expect(answer.headers[.rateLimitPolicy] == "\"requests\";q=600;w=60")
        #expect(answer.headers[.rateLimit] == "\"requests\";r=599;t=1")
    }

    @Test("A wrong method is 405 with what is allowed, on public and protected paths")
    func wrongMethod() async throws {
        let host = try PipelineFixture()

        let health = await host.answer(host.request(.post, "/health", token: nil))
        let thing = await host.answer(host.request(.delete, "/api/v1/things/1"))

        #expect(health.status == .methodNotAllowed && health.headers[.allow] == "GET, HEAD")
        #expect(thing.status == .methodNotAllowed && thing.headers[.allow] == "GET, HEAD")
    }

    @Test(
        "An unknown path is 404 and a broken one 400, with a token",
        arguments: [("/x", 404), ("/api/v1/things/%zz", 400)])
    func unknownPaths(path: String, status: Int) async throws {
        let host = try PipelineFixture()

        let answer = await host.answer(host.request(.get, path))

        #expect(answer.status.code == status)
    }

    @Test("HEAD reaches what GET does")
    func head() async throws {
        let host = try PipelineFixture()

        let answer = await host.answer(host.request(.head, "/api/v1/things/1"))

        #expect(answer.status == .ok && answer.text == "\"u-1 1\"")
    }

    @Test("Beyond the rate a request is 429 with the time to wait, and passes after it")
    func limited() async throws {
        let host = try PipelineFixture(perMinute: 1)

        let first = await host.answer(host.request(.get, "/api/v1/things/1"))
        let second = await host.answer(host.request(.get, "/api/v1/things/1"))
        host.tokens.clock.advance(by: .seconds(60))
        let third = await host.answer(host.request(.get, "/api/v1/things/1"))

        #expect(first.status == .ok && third.status == .ok)
        #expect(second.status.code == 429)
        #expect(second.headers[.retryAfter] == "60")
        #expect(second.headers[.rateLimit] == "\"requests\";r=0;t=60")
    }

    @Test("An address that keeps failing gets 429, and a good token from it still passes")
    func failures() async throws {
        let host = try PipelineFixture(failuresPerMinute: 2)

        var statuses: [Int] = []
        for _ in 0..<3 { statuses.append(await host.answer(host.request(.get, "/x", token: nil)).status.code) }
        let good = await host.answer(host.request(.get, "/api/v1/things/1"))

        #expect(statuses == [401, 401, 429])
        #expect(good.status == .ok)
    }

    @Test("A role that a listener does not serve is 403")
    func roles() async throws {
        let host = try PipelineFixture(policy: .init(roles: [.operator], limitsRequests: false))

        let user = await host.answer(host.request(.get, "/api/v1/things/1"))
        let other = await host.answer(host.request(.get, "/api/v1/things/1", token: #"{"sub":"op","role":"operator"}"#))

        #expect(user.status == .forbidden)
        #expect(other.status == .ok && other.headers[.rateLimit] == nil)
    }

    @Test(
        "A client's request ID is kept when it is harmless and replaced otherwise",
        arguments: [
            ("abc-1.2_3", true), (String(repeating: "a", count: 64), true), (String(repeating: "a", count: 65), false),
            ("a b", false), ("ü", false), ("a\"b", false), ("", false),
        ]
    )
    func requestIDs(sent: String, isKept: Bool) async throws {
        let host = try PipelineFixture()

        let answer = await host.answer(host.request(.get, "/health", [.requestID: sent], token: nil))

        #expect((answer.headers[.requestID] == sent) == isKept)
        #expect(RequestID.isWellFormed(answer.headers[.requestID] ?? ""))
    }

    @Test("Only listed origins may read answers, and never with credentials or a star")
    func crossOrigin() async throws {
        let host = try PipelineFixture(policy: .init(cors: CORSPolicy(origins: ["https://a.example"])))

        let listed = await host.answer(host.request(.get, "/health", [.origin: "https://a.example"], token: nil))
        let other = await host.answer(host.request(.get, "/health", [.origin: "https://a.example.evil"], token: nil))

        #expect(listed.headers[.accessControlAllowOrigin] == "https://a.example")
        #expect(listed.headers[.accessControlAllowCredentials] == nil)
        #expect(listed.headers[.vary] == "Origin" && other.headers[.vary] == "Origin")
        #expect(other.headers[.accessControlAllowOrigin] == nil)
    }

    @Test("A preflight is answered 200 to listed origins without a token, 403 to others")
    func preflight() async throws {
        let host = try PipelineFixture(policy: .init(cors: CORSPolicy(origins: ["https://a.example"])))
        func ask(_ origin: String) async -> OutgoingAnswer {
            await host.answer(
                host.request(
                    .options, "/api/v1/things/1", [.origin: origin, .accessControlRequestMethod: "GET"], token: nil))
        }

        let listed = await ask("https://a.example")
        let other = await ask("https://b.example")

        #expect(listed.status == .ok && listed.body.isEmpty)
        #expect(listed.headers[.accessControlAllowHeaders]?.contains("Authorization") == true)
        #expect(other.status == .forbidden)
    }

    @Test("What is written while a request is answered carries its ID and its trace")
    func scope() async throws {
        let endpoint = Endpoint { _ in
            .json(Array("\(RequestScope.current?.requestID ?? "-") \(RequestScope.current?.traceID ?? "-")".utf8))
        }
        let host = try PipelineFixture(endpoints: [.init(method: .get, template: "/x", target: endpoint)])
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736"

        let answer = await host.answer(
            host.request(.get, "/x", [.requestID: "r-1", .traceParent: "00-\(trace)-00f067aa0ba902b7-01"]))

        #expect(answer.text == "r-1 \(trace)")
    }
}
