import HTTPTypes
import PluginAPI
import PluginTesting
import Testing

@testable import Host

/// Hits, misses, conditional requests, expiry and outages as clients see them.
struct CachedQueryTests {
    @Test("The second request is a hit with the first one's tag and its age")
    func hit() async throws {
        let calls = Tally()
        let harness = try QueryPathHarness([.asking { _ in Reply(body: Array(#"{"n":\#(calls.add())}"#.utf8)) }])

        let miss = await harness.ask()
        harness.clock.advance(by: .seconds(3))
        let hit = await harness.ask()

        #expect(miss.status == .ok)
        #expect(miss.header("Content-Type") == "application/json")
        #expect(miss.header("Cache-Control") == "private, no-cache")
        #expect(miss.header("Age") == "0")
        #expect(miss.header("Cache-Status") == "concord; fwd=uri-miss; stored")
        #expect(hit.body == miss.body)
        #expect(hit.header("ETag") == miss.header("ETag"))
        #expect(hit.header("Age") == "3")
        #expect(hit.header("Cache-Status") == "concord; hit; ttl=7")
        #expect(calls.value == 1)
        #expect(harness.metrics.count("cache_requests_total memory fake.asking hit") == 1)
        #expect(harness.metrics.count("cache_requests_total memory fake.asking miss") == 1)
        #expect(harness.metrics.count("module_calls_total fake asking ok") == 1)
    }

    static let conditions: [(header: @Sendable (String) -> String, status: Int)] = [
        ({ $0 }, 304), ({ "W/\($0)" }, 304), ({ _ in "*" }, 304), ({ "\"x\", \($0)" }, 304),
        ({ "\"a,b\",\t W/\($0) , \"y\"" }, 304), ({ " \($0) " }, 304), ({ _ in "\"x\"" }, 200), ({ _ in "" }, 200),
        ({ String($0.dropFirst().dropLast()) }, 200), ({ "\"x\" \($0)" }, 200), ({ "w/\($0)" }, 200),
        ({ _ in "\"" }, 200), ({ "\($0)x" }, 304), ({ _ in "*, \"x\"" }, 200),
    ]

    @Test("If-None-Match in all its forms", arguments: 0..<14)
    func conditional(_ index: Int) async throws {
        let condition = Self.conditions[index]
        let harness = try QueryPathHarness([.constant()])
        let tag = try #require(await harness.ask().header("ETag"))
        var headers = HTTPFields()
        headers[.ifNoneMatch] = condition.header(tag)

        let answer = await harness.ask(headers: headers)

        #expect(answer.status.code == condition.status)
        #expect(answer.header("ETag") == tag)
        #expect(answer.body.isEmpty == (condition.status == 304))
        #expect(answer.header("Cache-Status") == "concord; hit; ttl=10")
        #expect((answer.header("Content-Type") == nil) == (condition.status == 304))
    }

    @Test("HEAD is GET without its body")
    func head() async throws {
        let harness = try QueryPathHarness([.constant(#"{"n":1}"#)])

        let get = await harness.ask()
        let head = await harness.ask(method: .head)
        let refused = await harness.ask("limt=1", method: .head)

        #expect(head.body.isEmpty && head.status == .ok)
        #expect(head.header("Content-Length") == "7")
        #expect(head.header("ETag") == get.header("ETag"))
        #expect(refused.status == .badRequest && refused.body.isEmpty)
    }

    @Test("A TTL is jittered, ends where the answer says so, and 404 is known for a second")
    func expiry() async throws {
        let end = Timestamp(seconds: 1_767_607_200) + .seconds(4)
        let harness = try QueryPathHarness([
            .asking { _ in Reply(body: Array("{}".utf8)) },
            .query("ending", at: "/ending", ttl: .seconds(10), reply: .anyObject) { _ in
                Reply(body: Array("{}".utf8), validUntil: end)
            },
            .query("missing", at: "/missing", ttl: .seconds(10), reply: .anyObject) { (_: Request) -> Reply in
                throw Problem.notFound("There is no such thing.")
            },
        ]) { $0.jitter = { 900 } }
        for name in ["asking", "ending", "missing"] { _ = await harness.ask(operation: name) }

        #expect(await harness.ask(operation: "asking").header("Cache-Status") == "concord; hit; ttl=9")
        #expect(await harness.ask(operation: "ending").header("Cache-Status") == "concord; hit; ttl=4")
        let missing = await harness.ask(operation: "missing")
        #expect(missing.header("Cache-Status") == "concord; hit; ttl=1")
        #expect(missing.status == .notFound && missing.detail == "There is no such thing.")
        #expect(missing.json?["request_id"] == .string("r-1"))

        harness.clock.advance(by: .seconds(1))
        #expect(await harness.ask(operation: "missing").header("Cache-Status") == "concord; fwd=uri-miss; stored")
        harness.clock.advance(by: .seconds(3))
        #expect(await harness.ask(operation: "ending").header("Cache-Status") == "concord; fwd=uri-miss")
        #expect(await harness.ask(operation: "asking").header("Cache-Status") == "concord; hit; ttl=5")
    }

    @Test("Lives differ by a tenth either way, and no more")
    func jitter() {
        let settings = QueryPathSettings()
        let drawn = (0..<20_000).map { _ in settings.jitter() }

        #expect(drawn.allSatisfy { (900...1_100).contains($0) })
        #expect((drawn.min() ?? 0) < 905 && (drawn.max() ?? 0) > 1_095)
        #expect(abs(drawn.reduce(0, +) / drawn.count - 1_000) < 5)
    }

    @Test("A failure is told to who asked, and is not kept", arguments: [400, 409, 422, 500, 503])
    func failuresAreNotKept(status: Int) async throws {
        let calls = Tally()
        let harness = try QueryPathHarness([
            .asking { _ in
                if calls.add() == 1 { throw Problem(status: status, title: "No", detail: "Not now.") }
                return Reply(body: Array("{}".utf8))
            }
        ])

        #expect(await harness.ask().status.code == status)
        #expect(harness.cache.keys.isEmpty)
        #expect(await harness.ask().status == .ok)
    }

    @Test("While storage is down the last answer is served, marked, for as long as the configuration says")
    func staleIfError() async throws {
        let storage = FailingStorage()
        let harness = try QueryPathHarness([.asking { _ in try storage.reply() }])
        _ = await harness.ask()

        storage.failure = .unavailable(reason: "secret host name")
        harness.clock.advance(by: .seconds(15))
        let stale = await harness.ask()
        harness.clock.advance(by: .seconds(54))
        let last = await harness.ask()
        harness.clock.advance(by: .seconds(1))
        let over = await harness.ask()

        #expect(stale.status == .ok && stale.text == #"{"n":1}"#)
        #expect(stale.header("Age") == "15")
        #expect(stale.header("Cache-Status") == "concord; hit; ttl=-5; detail=stale-if-error")
        #expect(last.status == .ok)
        #expect(over.status == .serviceUnavailable && over.header("Retry-After") == "2")
        #expect(!over.text.contains("secret"))
        #expect(harness.metrics.count("cache_requests_total memory fake.asking stale") == 2)
        #expect(harness.metrics.count("cache_requests_total memory fake.asking error") == 1)
        #expect(harness.metrics.count("module_calls_total fake asking unavailable") == 3)
    }

    @Test("An old answer is better than none where more calls wait for the service than may")
    func staleIfOverloaded() async throws {
        let (door, calls) = (Door(), Tally())
        let harness = try QueryPathHarness([
            .asking(parameters: [Parameter("n", .integer(0...9))]) { _ in
                if calls.add() == 2 { await door.pass() }
                return Reply(body: Array(#"{"n":1}"#.utf8))
            }
        ]) { $0.moduleLimits.usual = ModuleLimits(callsMax: 1, waitingMax: 0, deadline: .seconds(3_600)) }
        _ = await harness.ask("n=1")
        harness.clock.advance(by: .seconds(15))
        async let running = harness.ask("n=2")
        while calls.value < 2 { await Task.yield() }

        let (old, none) = (await harness.ask("n=1"), await harness.ask("n=3"))
        door.open()

        #expect(old.status == .ok && old.header("Cache-Status") == "concord; hit; ttl=-5; detail=stale-if-error")
        #expect(none.status == .serviceUnavailable)
        #expect(await running.status == .ok)
    }

    @Test("Nothing old is served after a write, past its end, of an operation that forbids it, or for our own mistakes")
    func notStale() async throws {
        for reason in ["written", "ended", "forbidden", "mistake"] {
            let storage = FailingStorage()
            let end = Timestamp(seconds: 1_767_607_200) + .seconds(12)
            let harness = try QueryPathHarness([
                .asking(isServedStale: reason != "forbidden") { _ in
                    try storage.reply(validUntil: reason == "ended" ? end : nil)
                }
            ])
            _ = await harness.ask()

            storage.failure = reason == "mistake" ? .statement("no such column: x") : .timedOut
            harness.clock.advance(by: .seconds(12))
            if reason == "written" { await harness.invalidations.invalidate([.account("a1")]) }
            let answer = await harness.ask()

            #expect(answer.status.code == (reason == "mistake" ? 500 : 503), "\(reason)")
        }
    }

    @Test("Two users never share an answer; an agent and the owner do")
    func separation() async throws {
        let calls = Tally()
        let harness = try QueryPathHarness([
            .asking { request in
                calls.add()
                return Reply(body: Array(#"{"user":"\#(request.user)","role":"\#(request.caller.role)"}"#.utf8))
            }
        ])

        let texts = [
            await harness.ask(as: .ann).text, await harness.ask(as: .bob).text,
            await harness.ask("account_id=a1", as: .agentOfA1).text, await harness.ask("account_id=a1", as: .ann).text,
            await harness.ask("account_id=a1", as: .root).text,
        ]

        let ann = #"{"user":"ann","role":"user"}"#
        #expect(texts == [ann, #"{"user":"bob","role":"user"}"#, ann, ann, ann])
        #expect(calls.value == 3)
        #expect(
            harness.cache.keys == [
                "concord_1:fake.asking:a:a1:", "concord_1:fake.asking:u:ann:", "concord_1:fake.asking:u:bob:",
            ])
    }

    @Test("A relative time does not make every request another question")
    func relativeTimes() async throws {
        let harness = try QueryPathHarness([.constant(parameters: [.time("from", default: .ago(days: 1))])])
        _ = await harness.ask("from=-30d")

        harness.clock.advance(by: .seconds(5))

        #expect(await harness.ask("from=-720h").header("Cache-Status") == "concord; hit; ttl=5")
    }

    @Test("Without a cache, and for operations that keep nothing, every request is answered anew")
    func uncached() async throws {
        let calls = Tally()
        let handler: @Sendable (Request) async throws -> Reply = { _ in
            Reply(body: Array("\(calls.add())".utf8))
        }
        let none = try QueryPathHarness([.asking(handler)], usesCache: false)
        let zero = try QueryPathHarness([.asking(ttl: .zero, handler)])

        #expect(await none.ask().header("Cache-Status") == "concord; fwd=uri-miss")
        #expect(await none.ask().text == "2")
        #expect(await zero.ask().header("Cache-Status") == "concord; fwd=bypass")
        #expect(await zero.ask().text == "4")
        #expect(zero.cache.keys.isEmpty)
    }

    @Test("A view of the platform is old after any write at all")
    func platformViews() async throws {
        let harness = try QueryPathHarness([.constant(scope: .caller)])
        _ = await harness.ask(as: .root)

        await harness.invalidations.invalidate([.account("new")])

        #expect(await harness.ask(as: .root).header("Cache-Status") == "concord; fwd=uri-miss; stored")
    }
}

/// Answers until a test says otherwise.
private final class FailingStorage: Sendable {
    private let state = Locked<StorageError?>(nil)
    var failure: StorageError? {
        get { state.value }
        set { state.value = newValue }
    }

    func reply(validUntil: Timestamp? = nil) throws -> Reply {
        if let failure { throw failure }
        return Reply(body: Array(#"{"n":1}"#.utf8), validUntil: validUntil)
    }
}
