import HTTPTypes
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

    @Test("An idle connection is closed; a busy one first answers")
    func lifetimes() {
        var idle = ConnectionLifetime()
        var busy = ConnectionLifetime()

        #expect(idle.opened() == .startIdleTimer)
        #expect(idle.idleTimerFired() == .close)
        #expect(busy.headRead() == .cancelIdleTimer)
        #expect(busy.idleTimerFired() == .none)
        #expect(busy.headRead() == .cancelIdleTimer)
        #expect(busy.quiesce() == .none)
        #expect(busy.answerWritten() == .none)
        #expect(busy.answerWritten() == .close)
    }

    @Test("A connection that has answered waits for the next request, or closes at once when asked to")
    func keepAlive() {
        var connection = ConnectionLifetime()
        _ = connection.headRead()

        #expect(connection.answerWritten() == .startIdleTimer)
        #expect(connection.quiesce() == .close)
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
