import HTTPTypes
import PluginAPI
import Testing

@testable import Host

/// POST and PUT: bodies, announcements, failures.
struct CommandTests {
    @Test("What a command changed is announced before it is answered")
    func readYourWrites() async throws {
        let value = Locked(0)
        let harness = try QueryPathHarness([
            .asking { _ in Reply(body: Array("\(value.value)".utf8)) },
            .command("set", at: "/set", scope: .accounts, roles: [.user], reply: .anyObject) { _ in
                value.change { $0 += 1 }
                return Reply(body: Array("{}".utf8), invalidates: [.account("a2"), .user("ann")])
            },
        ])

        for number in 0..<50 {
            #expect(await harness.ask(operation: "asking").text == "\(number)")
            #expect(await harness.ask(operation: "asking").header("Cache-Status") == "concord; hit; ttl=10")
            let answer = await harness.ask(method: .post, operation: "set")
            #expect(answer.status == .ok && answer.header("Cache-Control") == "no-store")
            #expect(answer.header("ETag") == nil)
        }
    }

    @Test("A command is not answered before a cache that takes its time has heard of the change")
    func slowInvalidation() async throws {
        let harness = try QueryPathHarness([
            .command("set", at: "/set", scope: .accounts, roles: [.user], reply: .anyObject) { _ in
                Reply(body: Array("{}".utf8), invalidates: [.user("ann")])
            }
        ])
        let cache = SlowCache()
        let listener = harness.invalidations.attach(
            known: KnownAccounts(directory: harness.directory), cache: nil, shared: cache)
        defer { withExtendedLifetime(listener) {} }
        let answered = Tally()
        let client = Task {
            let answer = await harness.ask(method: .post, operation: "set")
            answered.add()
            return answer
        }
        while cache.asked.value < 1 { await Task.yield() }

        // Time enough for an answer that waits for nothing.
        for _ in 0..<1_000 { await Task.yield() }
        #expect(answered.value == 0)
        cache.door.open()

        #expect(await client.value.status == .ok)
    }

    @Test("A write whose answer is too large is announced all the same, and its client told that it is done")
    func largeReply() async throws {
        let harness = try QueryPathHarness([
            .constant(),
            .command("set", at: "/set", scope: .accounts, roles: [.user], reply: .anyObject) { _ in
                Reply(body: Array(repeating: 0x20, count: 2_000), invalidates: [.user("ann")])
            },
        ]) { $0.moduleLimits.usual.replyMax = 1_000 }
        _ = await harness.ask(operation: "things")

        let answer = await harness.ask(method: .post, operation: "set")

        #expect(answer.status.code == 422)
        #expect(answer.detail == "It is done, and its answer is not sent: it has more than 1000 bytes.")
        #expect(await harness.ask(operation: "things").header("Cache-Status") == "concord; fwd=uri-miss; stored")
    }

    @Test(
        "A write whose answer is too large is not asked to be repeated, whatever it says that it has changed",
        arguments: [
            (201, "It is done, and its answer is not sent: it has more than 1000 bytes."),
            (409, "It was answered 409, and the answer is not sent: it has more than 1000 bytes."),
        ])
    func largeReplyOfNothing(status: Int, detail: String) async throws {
        let harness = try QueryPathHarness([
            .command("set", at: "/set", scope: .accounts, roles: [.user], reply: .anyObject) { _ in
                Reply(status: status, body: Array(repeating: 0x20, count: 2_000))
            }
        ]) { $0.moduleLimits.usual.replyMax = 1_000 }

        let answer = await harness.ask(method: .post, operation: "set")

        #expect(answer.status.code == 422)
        #expect(answer.detail == detail)
    }

    @Test("A write whose client has gone is announced all the same")
    func clientGone() async throws {
        let (gate, began) = (Door(), Tally())
        let harness = try QueryPathHarness([
            .constant(),
            .command("set", at: "/set", scope: .accounts, roles: [.user], reply: .anyObject) { _ in
                began.add()
                await gate.pass()
                return Reply(body: Array("{}".utf8), invalidates: [.user("ann")])
            },
        ])
        _ = await harness.ask(operation: "things")
        let client = Task { await harness.ask(method: .post, operation: "set") }
        while began.value < 1 { await Task.yield() }

        client.cancel()
        _ = await client.value
        gate.open()

        while harness.invalidations.epoch < 1 { await Task.yield() }
        #expect(await harness.ask(operation: "things").header("Cache-Status") == "concord; fwd=uri-miss; stored")
    }

    static let bodies: [(type: String?, coding: String?, body: String, status: Int, detail: String?)] = [
        ("application/json", nil, "[]", 200, nil),
        ("Application/JSON; charset=\"UTF-8\"", nil, "[]", 200, nil),
        ("application/x-ndjson", nil, "{}", 200, nil),
        (nil, nil, "", 200, nil),
        (
            nil, nil, "[]", 415,
            "The body has no Content-Type; send application/json or application/x-ndjson."
        ),
        (
            "text/plain", nil, "[]", 415,
            "The body has the Content-Type text/plain; send application/json or application/x-ndjson."
        ),
        (
            "application/jsonx", nil, "", 415,
            "The body has the Content-Type application/jsonx; send application/json or application/x-ndjson."
        ),
        ("", nil, "[]", 415, "The body has the Content-Type ; send application/json or application/x-ndjson."),
        (
            "application/json; charset=latin1", nil, "[]", 415, "The body is in latin1; JSON is sent in UTF-8."
        ),
        ("application/json", "gzip", "[]", 415, "The body is encoded as gzip; send it as it is."),
        ("application/json", "identity", "[]", 200, nil),
        ("application/json", nil, String(repeating: " ", count: 101), 413, "The body has more than 100 bytes."),
    ]

    @Test("A body is what the command declares, or refused before anybody reads it", arguments: bodies)
    func bodyChecks(type: String?, coding: String?, body: String, status: Int, detail: String?) async throws {
        let harness = try QueryPathHarness([
            .command(
                "put", .put, at: "/put", roles: [.user],
                body: BodySchema(contentTypes: ["application/json", "application/x-ndjson"], schema: .anyObject),
                reply: .anyObject
            ) { request in Reply(body: Array("\"\(request.contentType ?? "")\"".utf8)) }
        ]) { $0.bodyMax = 100 }
        var headers = HTTPFields()
        headers[.contentType] = type
        headers[.contentEncoding] = coding

        let answer = await harness.ask(method: .put, headers: headers, body: body)

        #expect(answer.status.code == status)
        #expect(answer.detail == detail)
    }

    @Test("A body where none is taken is refused")
    func unwantedBody() async throws {
        let harness = try QueryPathHarness([
            .command("go", at: "/go", roles: [.user], reply: .anyObject) { _ in Reply(body: []) }
        ])

        #expect(await harness.ask(method: .post, body: "{}").status == .badRequest)
        #expect(await harness.ask(method: .post).header("Content-Type") == nil)
    }

    @Test(
        "An Idempotency-Key is passed on, or refused when it is none",
        arguments: [
            (["k-1"], 200), ([], 200), (["a", "b"], 400), (["a b"], 400), ([""], 400),
            ([String(repeating: "k", count: 256)], 400),
        ]
    )
    func idempotencyKey(keys: [String], status: Int) async throws {
        let harness = try QueryPathHarness([
            .command("go", at: "/go", roles: [.user], reply: .anyObject) { request in
                Reply(body: Array("\"\(request.idempotencyKey ?? "")\"".utf8))
            }
        ])
        var headers = HTTPFields()
        for key in keys { headers.append(HTTPField(name: .idempotencyKey, value: key)) }

        let answer = await harness.ask(method: .post, headers: headers)

        #expect(answer.status.code == status)
        if status == 200 { #expect(answer.text == "\"\(keys.first ?? "")\"") }
    }

    static let failures: [(any Error & Sendable, status: Int, retryAfter: String?, isLogged: Bool, outcome: String)] = [
        (Problem.conflict("It is so."), 409, nil, false, "refused"),
        (Problem.unavailable("Later.", retryAfter: 7), 503, "7", false, "unavailable"),
        (StorageError.unavailable(reason: "secret"), 503, "2", true, "unavailable"),
        (StorageError.timedOut, 503, "1", true, "unavailable"),
        (StorageError.full("secret"), 503, "30", true, "unavailable"),
        (StorageError.constraint("secret"), 409, nil, true, "failed"),
        (StorageError.statement("secret"), 500, nil, true, "failed"),
        (JSONSyntaxError(detail: "is empty", line: 1, column: 1), 400, nil, false, "refused"),
        (CancellationError(), 500, nil, true, "failed"),
        (Unheard(text: "secret"), 500, nil, true, "failed"),
    ]

    @Test("A failure is answered without anything of the inside, and logged under its request", arguments: 0..<10)
    func failureAnswers(_ index: Int) async throws {
        let failure = Self.failures[index]
        let harness = try QueryPathHarness([
            .command("go", at: "/go", roles: [.user], reply: .anyObject) { (_: Request) -> Reply in throw failure.0 }
        ])

        let answer = await harness.ask(method: .post)

        #expect(answer.status.code == failure.status)
        #expect(answer.header("Retry-After") == failure.retryAfter)
        #expect(answer.header("Content-Type") == "application/problem+json")
        #expect(!answer.text.contains("secret"))
        #expect(harness.log.all.count == (failure.isLogged ? 1 : 0))
        #expect(harness.log.all.allSatisfy { $0.contains("request_id=r-1") && $0.contains("fake.go") })
        #expect(harness.metrics.count("module_calls_total fake go \(failure.outcome)") == 1)
    }

    @Test("A service that does not serve answers 503, and keeps to itself what it says of that")
    func notServing() async throws {
        let harness = try QueryPathHarness([.constant()], status: .failed(reason: "no schema"))

        let answer = await harness.ask()

        #expect(answer.status == .serviceUnavailable && answer.header("Retry-After") == "5")
        #expect(answer.detail == "The service fake is failed.")
    }

    @Test(
        "A path that nobody would get through to is refused",
        arguments: ["/health", "/openapi.json", "/a b", "/%61", "/a/../b", "/a//b", "/a?x=1", "/{a}b", "/", "a"])
    func unreachable(path: String) {
        let error = #expect(throws: DeclarationError.self) { try QueryPathHarness([.constant(at: path)]) }
        #expect(error?.problems.first?.hasPrefix("fake.things cannot be reached: ") == true)
    }

    @Test("Declarations that cannot be served are refused, all at once, by name")
    func declarations() {
        let error = #expect(throws: DeclarationError.self) {
            try QueryPathHarness([
                .constant(at: "/things/{id", parameters: [Parameter("cursor", .id), Parameter("account_id", .id)]),
                .constant(
                    at: "/a", scope: .account(pathParameter: "id"), roles: [],
                    parameters: [Parameter("n", .integer(1...5), default: .value(.integer(9))), Parameter("n", .id)]),
            ])
        }

        #expect(
            error?.problems == [
                "fake.things cannot be reached: the route /things/{id has a parameter that is not a whole segment",
                "fake.things declares cursor, which the host adds itself",
                "fake.things declares account_id, which the host adds itself",
                "fake.things is declared twice",
                "fake.things takes its account from {id}, which is not in its path",
                "fake.things may be called by no role",
                "fake.things has a default for n that must be between 1 and 5",
                "fake.things declares n twice",
            ])
    }
}

private struct Unheard: Error { var text: String }

/// Hears of a change only when a test lets it, as a cache across a network may.
private final class SlowCache: SharedCache {
    static let descriptor = ModuleDescriptor(id: "slow_cache", summary: "A cache of a test")
    let (door, asked) = (Door(), Tally())

    init() {}
    init(configuration: ModuleConfiguration, context: ModuleContext) throws(ModuleError) {}

    let isLocalCopyGood = true
    func listen(_ heard: @escaping @Sendable (CacheNotice) -> Void) {}
    func lookUp(_ key: String, tags: [CacheTag]) async throws -> CacheLookUp { CacheLookUp(entry: nil, stamp: nil) }
    func storeSoon(_ entry: CacheEntry, for key: String) {}
    func stamp(for tags: [CacheTag]) async throws -> CacheStamp { CacheStamp(versions: []) }
    func entry(for key: String) async throws -> CacheEntry? { nil }
    func store(_ entry: CacheEntry, for key: String) async throws {}
    func invalidate(_ tags: [CacheTag]) async throws {
        asked.add()
        await door.pass()
    }
    func clear() async throws {}
    var statistics: CacheStatistics {
        CacheStatistics(entries: 0, bytes: 0, bytesMax: nil, evictions: 0, invalidations: 0)
    }
}
