import HTTPTypes
import PluginAPI
import Testing

@testable import Host

struct RouteTableTests {
    static let found: [(String, String, String, [String: String])] = [
        ("GET", "/positions/open", "open", [:]),
        ("GET", "/positions/p-1", "position", ["position_id": "p-1"]),
        ("HEAD", "/positions/p-1", "position", ["position_id": "p-1"]),
        ("GET", "/positions/%6Fpen", "open", [:]),
        ("GET", "/positions/a%2Fb", "position", ["position_id": "a/b"]),
        ("GET", "/positions/a+b%20c", "position", ["position_id": "a+b c"]),
        ("GET", "/positions/%2525", "position", ["position_id": "%25"]),
        ("GET", "/positions/%C3%A9", "position", ["position_id": "é"]),
        ("GET", "/accounts/acc-1/equity", "equity", ["account": "acc-1"]),
        ("PUT", "/accounts/acc-1", "put", ["id": "acc-1"]),
        ("GET", "/accounts/equity", "account", ["id": "equity"]),
        ("GET", "/accounts/x/y", "pair", ["a": "x", "b": "y"]),
        ("POST", "/breaks/b-1/reopen", "reopen", ["id": "b-1"]),
        ("GET", "/", "root", [:]),
    ]

    @Test("A path leads to the most specific target, its parameters decoded once", arguments: found)
    func leads(method: String, path: String, target: String, parameters: [String: String]) throws {
        guard case .found(let found, _, let read) = try table().match(method: self.method(method), path: path) else {
            Issue.record("\(path) was not found")
            return
        }

        #expect(found == target)
        #expect(read == parameters)
    }

    @Test(
        "A method that a path does not take gets the sorted list of those it takes",
        arguments: [
            ("POST", "/positions/open", "GET, HEAD"), ("DELETE", "/accounts/a", "GET, HEAD, PUT"),
            ("GET", "/breaks/b/reopen", "POST"), ("HEAD", "/breaks/b/reopen", "POST"), ("OPTIONS", "/", "GET, HEAD"),
            ("PUT", "/positions/open", "GET, HEAD"),
        ]
    )
    func notAllowed(method: String, path: String, allow: String) throws {
        guard case .methodNotAllowed(_, let allowed) = try table().match(method: self.method(method), path: path) else {
            Issue.record("\(method) \(path) is not refused by its method")
            return
        }

        #expect(allowed == allow)
    }

    @Test(
        "A path that names nothing is not found",
        arguments: [
            "", "x", "/nothing", "/positions", "/positions/", "/positions//", "//positions/open", "/positions/open/",
            "/Positions/open", "/accounts/a/equity/b", "/po\u{212A}",
        ]
    )
    func notFound(path: String) throws {
        guard case .notFound = try table().match(method: .get, path: path) else {
            Issue.record("\(path) leads somewhere")
            return
        }
    }

    @Test(
        "A path that is not percent-encoded UTF-8 is bad", arguments: ["/positions/%", "/x/%4", "/%zz", "/%FF", "/%+1"])
    func badPath(path: String) throws {
        guard case .badPath = try table().match(method: .get, path: path) else {
            Issue.record("\(path) is decoded")
            return
        }
    }

    @Test("Two routes for the same requests are refused by both their names")
    func duplicates() {
        let entries: [RouteTable<String>.Entry] = [
            .init(method: .get, template: "/a/{x}/b", target: "1"),
            .init(method: .put, template: "/a/{x}/b", target: "2"),
            .init(method: .get, template: "/a/{y}/b", target: "3"),
        ]

        let error = #expect(throws: RouteTableError.self) { try RouteTable(entries) }

        #expect(error?.description == "the routes GET /a/{x}/b and GET /a/{y}/b answer the same requests")
    }

    @Test(
        "A template that is not one is refused",
        arguments: [
            ("a", "does not begin with a slash"), ("/a//b", "has an empty segment"), ("/a/", "has an empty segment"),
            ("/a/{x}/{x}", "names {x} twice"), ("/a/x{y}", "has a parameter that is not a whole segment"),
            ("/a/{}", "has a parameter that is not a whole segment"),
        ]
    )
    func templates(template: String, detail: String) {
        #expect(throws: RouteTableError.badTemplate(template, detail: detail)) {
            try RouteTable([.init(method: .get, template: template, target: 0)])
        }
    }

    @Test("A problem goes out as application/problem+json with its request's ID")
    func problemBody() {
        let answer = ProblemAnswer.make(
            .init(
                status: 422, title: "Unprocessable content", detail: "2 values break rules.",
                errors: [.init(.pointer("/positions/0/volume"), "is \"0\""), .init(.parameter("as_of"), "is empty")],
                retryAfter: 3), requestID: "r-9")

        #expect(answer.status.code == 422)
        #expect(answer.headers[.contentType] == "application/problem+json")
        #expect(answer.headers[.retryAfter] == "3")
        #expect(
            String(decoding: answer.body, as: UTF8.self) == """
                {"type":"about:blank","title":"Unprocessable content","status":422,"detail":"2 values break rules.",\
                "errors":[{"pointer":"/positions/0/volume","detail":"is \\"0\\""},\
                {"parameter":"as_of","detail":"is empty"}],"request_id":"r-9"}
                """)
    }

    @Test("A wrong method's answer says which are right")
    func wrongMethodBody() {
        let answer = ProblemAnswer.methodNotAllowed(.delete, allow: "GET, HEAD", requestID: "r-9")

        #expect(answer.status.code == 405)
        #expect(answer.headers[.allow] == "GET, HEAD")
        #expect(
            String(decoding: answer.body, as: UTF8.self).contains("This path does not take DELETE; it takes GET, HEAD.")
        )
    }

    private func method(_ name: String) -> HTTPRequest.Method { HTTPRequest.Method(name) ?? .trace }

    private func table() throws -> RouteTable<String> {
        try RouteTable([
            .init(method: .get, template: "/positions/{position_id}", target: "position"),
            .init(method: .get, template: "/positions/open", target: "open"),
            .init(method: .put, template: "/accounts/{id}", target: "put"),
            .init(method: .get, template: "/accounts/{id}", target: "account"),
            .init(method: .get, template: "/accounts/{account}/equity", target: "equity"),
            .init(method: .get, template: "/accounts/{a}/{b}", target: "pair"),
            .init(method: .post, template: "/breaks/{id}/reopen", target: "reopen"),
            .init(method: .get, template: "/", target: "root"),
        ])
    }
}
