import HTTPTypes
import PluginAPI
import Testing

@testable import Host

/// Who may ask what: roles × scopes.
struct AccessTests {
    static let table:
        [(scope: String, caller: Caller, account: String?, status: Int, user: String, accounts: [String])] = [
            ("accounts", .ann, nil, 200, "ann", ["a1", "a2"]),
            ("accounts", .ann, "a1", 200, "ann", ["a1"]),
            ("accounts", .ann, "b1", 404, "", []),
            ("accounts", .ann, "ghost", 404, "", []),
            ("accounts", .nobody, nil, 200, "nobody", []),
            ("accounts", .nobody, "a1", 404, "", []),
            ("accounts", .agentOfA1, nil, 400, "", []),
            ("accounts", .agentOfA1, "a1", 200, "ann", ["a1"]),
            ("accounts", .agentOfA1, "a2", 404, "", []),
            ("accounts", .agentOfA1, "ghost", 404, "", []),
            ("accounts", .agentOfAll, nil, 400, "", []),
            ("accounts", .agentOfAll, "b1", 200, "bob", ["b1"]),
            ("accounts", .agentOfAll, "ghost", 404, "", []),
            ("accounts", .root, nil, 400, "", []),
            ("accounts", .root, "b1", 200, "bob", ["b1"]),
            ("accounts", .root, "ghost", 404, "", []),
            ("path", .ann, "a2", 200, "ann", ["a2"]),
            ("path", .ann, "b1", 404, "", []),
            ("path", .agentOfA1, "a1", 200, "ann", ["a1"]),
            ("path", .agentOfA1, "b1", 404, "", []),
            ("path", .root, "b1", 200, "bob", ["b1"]),
            ("path", .root, "ghost", 404, "", []),
            ("caller", .ann, nil, 200, "ann", ["a1", "a2"]),
            ("caller", .agentOfA1, nil, 200, "", []),
            ("caller", .root, nil, 200, "", []),
            ("platform", .ann, nil, 403, "", []),
            ("platform", .agentOfAll, nil, 403, "", []),
            ("platform", .root, nil, 200, "", []),
        ]

    @Test("A role gets what its scope allows, and nothing else", arguments: table)
    func rolesAndScopes(
        scope: String,
        caller: Caller,
        account: String?,
        status: Int,
        user: String,
        accounts: [String]
    ) async throws {
        let harness = try QueryPathHarness([echo(scope)])

        let answer =
            scope == "path"
            ? await harness.ask(as: caller, path: ["id": account ?? ""])
            : await harness.ask(account.map { "account_id=\($0)" }, as: caller)

        #expect(answer.status.code == status)
        if status == 200 {
            #expect(answer.text == #"{"user":"\#(user)","accounts":"\#(accounts.joined(separator: ","))"}"#)
        }
        #expect(harness.metrics.count("module_calls_total fake echo ok") == (status == 200 ? 1 : 0))
    }

    @Test("A foreign account and one that does not exist are refused by the same words")
    func noHint() async throws {
        let harness = try QueryPathHarness([echo("accounts")])

        let foreign = await harness.ask("account_id=b1")
        let unknown = await harness.ask("account_id=b9")

        #expect(foreign.text.split(separator: "b1").joined() == unknown.text.split(separator: "b9").joined())
        #expect(foreign.headers == unknown.headers)
    }

    @Test("Only the roles that an operation names may call it")
    func roles() async throws {
        let harness = try QueryPathHarness([.constant(roles: [.operator, .agent])])

        let answer = await harness.ask()

        #expect(answer.status == .forbidden)
        #expect(answer.detail == "A token with the role user may not do this; it takes agent or operator.")
    }

    @Test("Authorisation comes before the cache: what one may read another may not, hit or miss")
    func beforeTheCache() async throws {
        let harness = try QueryPathHarness([.constant()])
        #expect(await harness.ask("account_id=a1").header("Cache-Status") == "concord; fwd=uri-miss; stored")

        #expect(await harness.ask("account_id=a1", as: .agentOfA1).header("Cache-Status") == "concord; hit; ttl=10")
        #expect(await harness.ask("account_id=a1", as: .bob).status == .notFound)
    }

    @Test("Owners are looked up once, and again after a write that concerns them")
    func remembersOwners() async throws {
        let harness = try QueryPathHarness([.constant()])
        for _ in 0..<5 { _ = await harness.ask("account_id=b1", as: .bob) }
        #expect(harness.directory.lookUps == 1)

        harness.directory.give("b1", to: "ann")
        await harness.invalidations.invalidate([.account("b1"), .user("bob"), .user("ann")])

        #expect(await harness.ask("account_id=b1", as: .bob).status == .notFound)
        #expect(await harness.ask("account_id=b1", as: .ann).status == .ok)
    }

    @Test("What is remembered of accounts is bounded, and what is used stays")
    func boundedMemory() {
        var memory = TwoGenerations<String, Int>(generationSize: 10)
        for number in 0..<1_000 {
            memory.set(number, for: "\(number)")
            #expect(memory.value(for: "0") == 0)
        }

        #expect(memory.count <= 20)
        #expect(memory.value(for: "5") == nil)
    }

    @Test("Users with many accounts leave room for fewer, and whatever was forgotten is looked up again")
    func boundedByBytes() async throws {
        let directory = FakeDirectory()
        for number in 0..<8_000 { directory.give("an account, number \(number)", to: "user \(number / 200)") }
        let known = KnownAccounts(directory: directory, bytesMax: 512 << 10)

        for number in 0..<40 { _ = try await known.accounts(of: "user \(number)") }
        let kept = known.count
        #expect(try await known.accounts(of: "user 0").count == 200)

        // An account's name takes 64 bytes and its place in the list 16 or more: 16 KB or more of 256 KiB for each user.
        #expect((5...16).contains(kept))
        #expect(directory.lookUps == 41)
    }

    @Test("What weighs more leaves room for less, and what weighs too much is not kept")
    func weighed() {
        var memory = TwoGenerations<String, Int>(generationSize: 10) { $1 }
        for number in 0..<100 { memory.set(3, for: "\(number % 7)-\(number)") }
        #expect(memory.count == 4 || memory.count == 6)

        memory.removeAll()
        for _ in 0..<100 { memory.set(6, for: "same") }
        memory.set(4, for: "other")
        memory.set(11, for: "large")
        #expect(memory.value(for: "same") == 6 && memory.value(for: "other") == 4 && memory.value(for: "large") == nil)

        memory.set(1, for: "same")
        memory.remove("other")
        for number in 0..<9 { memory.set(1, for: "\(number)") }
        #expect(memory.count == 10)
    }
}

private func echo(_ scope: String) -> Operation {
    let scopes: [String: Operation.Scope] = [
        "accounts": .accounts, "path": .account(pathParameter: "id"), "caller": .caller, "platform": .platform,
    ]
    return .query(
        "echo", at: scope == "path" ? "/echo/{id}" : "/echo", scope: scopes[scope] ?? .platform, ttl: .seconds(10),
        reply: .anyObject
    ) { request in
        Reply { (json: inout JSONWriter) in
            json.field("user", request.user)
            json.field("accounts", request.accounts.joined(separator: ","))
        }
    }
}
