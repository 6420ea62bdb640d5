import HTTPTypes
import NIOCore
import PluginAPI
import Testing

@testable import Host

@Suite("Parts of a request")
struct RequestPartsTests {
    @Test(
        "A target is split into path and query, undecoded",
        arguments: [
            ("/", "/", nil), ("/a?b=c", "/a", "b=c"), ("/a?", "/a", ""), ("/a?b?c", "/a", "b?c"), ("//a", "//a", nil),
            ("/%zz", "/%zz", nil), ("http://h/a?b", "/a", "b"), ("HTTP://h:1", "/", nil), ("https://h?b", "/", "b"),
        ] as [(String, String, String?)]
    )
    func targets(text: String, path: String, query: String?) {
        let target = RequestTarget(text)

        #expect(target?.path == path && target?.query == query)
    }

    @Test(
        "What is no target is refused",
        arguments: ["", "*", "a", "h:443", "/a b", "/ü", "/a#b", "/\u{1}", "http://", "ftp://h/"])
    func badTargets(text: String) {
        #expect(RequestTarget(text) == nil)
    }

    @Test(
        "Dates are spelled as RFC 9110 has them",
        arguments: [(0, "Thu, 01 Jan 1970 00:00:00 GMT"), (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT")])
    func dates(second: Int64, text: String) {
        #expect(HTTPDate.spell(second) == text)
    }

    @Test(
        "Only a well-formed traceparent is honoured",
        arguments: [
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", true),
            ("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more", true),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more", false),
            ("ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", false),
            ("00-00000000000000000000000000000000-00f067aa0ba902b7-01", false),
            ("00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", false),
            ("00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", false), ("", false), ("00-1-2-3", false),
        ]
    )
    func traceParents(text: String, isGood: Bool) {
        #expect((TraceParent(text) != nil) == isGood)
    }

    @Test("Generated request IDs differ and are well-formed")
    func generatedIDs() {
        let ids = (0..<1_000).map { _ in RequestID.generate() }

        #expect(Set(ids).count == 1_000)
        #expect(ids.allSatisfy(RequestID.isWellFormed))
    }

    @Test("A connection is closed when it has been idle for the time-out, not before")
    func idleness() {
        let start = NIODeadline.uptimeNanoseconds(0)
        var connection = ConnectionLifetime(idleTimeout: .seconds(60), openedAt: start)

        #expect(connection.firstCheck == start + .seconds(60))
        connection.answeredAtHand(at: start + .seconds(20))
        #expect(connection.check(at: start + .seconds(60)) == .check(at: start + .seconds(80)))
        connection.headRead()
        #expect(connection.check(at: start + .seconds(80)) == .check(at: start + .seconds(140)))
        #expect(connection.answerWritten(at: start + .seconds(90)) == .none)
        #expect(connection.check(at: start + .seconds(140)) == .check(at: start + .seconds(150)))
        #expect(connection.check(at: start + .seconds(150)) == .close)
    }

    @Test("A busy connection first answers, one that waits for the next request closes at once when asked to")
    func quiescing() {
        var busy = ConnectionLifetime(idleTimeout: .seconds(60), openedAt: .uptimeNanoseconds(0))
        var idle = busy
        busy.headRead()
        busy.headRead()
        idle.answeredAtHand(at: .uptimeNanoseconds(1))

        #expect(idle.quiesce() == .close)
        #expect(busy.quiesce() == .none)
        #expect(busy.answerWritten(at: .uptimeNanoseconds(2)) == .none)
        #expect(busy.answerWritten(at: .uptimeNanoseconds(3)) == .close)
    }

    @Test("Nothing can be answered before what is under way, nor after the answer that ends the connection")
    func free() {
        var connection = ConnectionLifetime(idleTimeout: .seconds(60), openedAt: .uptimeNanoseconds(0))

        #expect(connection.isFree)
        connection.headRead()
        #expect(!connection.isFree)
        connection.headWritten(keepsAlive: true)
        _ = connection.answerWritten(at: .uptimeNanoseconds(1))
        #expect(connection.isFree)
        connection.headWritten(keepsAlive: false)
        #expect(!connection.isFree)
    }

    @Test("The documentation page lists operations, escapes everything and loads nothing")
    func docs() {
        let openAPI = """
            {"info":{"title":"Concord <b>","version":"1"},"paths":{"/api/v1/x":{"get":{"tags":["book"],
            "summary":"<script>alert(1)</script>","parameters":[{"$ref":"#/components/parameters/limit"}],
            "responses":{"200":{"description":"As asked"}}}}},
            "components":{"parameters":{"limit":{"name":"limit","in":"query","schema":{"type":"integer","minimum":1,"maximum":500,"default":50}}}}}
            """

        let answer = DocsPage(openAPI: Array(openAPI.utf8)).answer

        #expect(answer.text.contains("/api/v1/x") && answer.text.contains("integer, 1…500, default 50"))
        #expect(!answer.text.contains("<script") && !answer.text.contains("<b>\(1)"))
        #expect(!answer.text.contains("src=") && !answer.text.contains("http://") && !answer.text.contains("https://"))
        #expect(answer.headers[.contentSecurityPolicy]?.hasPrefix("default-src 'none'") == true)
    }

    @Test("A document that is not JSON still makes a page", arguments: ["", "[1", "null", #"{"paths":[]}"#])
    func brokenDocs(text: String) {
        #expect(DocsPage(openAPI: Array(text.utf8)).answer.text.contains("<!doctype html>"))
    }
}
