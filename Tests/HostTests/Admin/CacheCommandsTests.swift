import HTTPTypes
import PluginAPI
import PluginTesting
import SQLiteStorage
import Testing
import TradingBook

@testable import Host

@Suite("What operators do to the cache")
struct CacheCommandsTests {
    @Test(
        "Answers go by tag or by pattern, and others stay",
        arguments: [
            (#"{"tags":["account:a1"]}"#, true, false), (#"{"tags":["user:ann"]}"#, true, false),
            (#"{"tags":["user:bob","account:b1"]}"#, false, true), (#"{"tags":["module:fake"]}"#, true, true),
            (#"{"tags":["*"]}"#, true, true), (#"{"pattern":"concord_1:fake.asking:a:b1:*"}"#, false, true),
            (#"{"pattern":"*.asking:*"}"#, true, true), (#"{"tags":["account:c1"],"pattern":null}"#, false, false),
        ])
    func invalidate(body: String, ofAnn: Bool, ofBob: Bool) async throws {
        try await withHost { host, _, _ in
            let before = (await host.ask().body, await host.ask("account_id=b1", as: .bob).body)

            let answer = try await host.order("invalidateCache", body)

            #expect(answer.status == .ok, "\(answer.detail ?? "")")
            #expect((await host.ask().body != before.0) == ofAnn)
            #expect((await host.ask("account_id=b1", as: .bob).body != before.1) == ofBob)
        }
    }

    @Test("The answer says which tags, which keys were here, and how far it came")
    func answer() async throws {
        let shared = FakeSharedCache()
        try await withHost(shared: shared) { host, _, _ in
            _ = await host.ask("account_id=a1")
            let told = try await host.order("invalidateCache", #"{"pattern":"*:a:a1:*"}"#)
            shared.change { $0.isDown = true }
            let owed = try await host.order("invalidateCache", #"{"tags":["account:a1","user:ann"]}"#)

            #expect(
                String(decoding: told.body, as: UTF8.self)
                    == #"{"tags":["account:a1"],"pattern":"*:a:a1:*","keys":["concord_1:fake.asking:a:a1:"],"#
                    + #""reach":"shared"}"#)
            #expect(
                String(decoding: owed.body, as: UTF8.self)
                    == #"{"tags":["account:a1","user:ann"],"pattern":null,"keys":[],"reach":"owed"}"#)
        }
        try await withHost { host, _, _ in
            let local = try await host.order("invalidateCache", #"{"tags":["*"]}"#)

            #expect(local.json?["reach"] == .string("local"))
        }
    }

    @Test("Clearing lets go of all, and of what is being built")
    func clear() async throws {
        let door = Door()
        try await withHost(door: door) { host, calls, _ in
            async let slow = host.ask("account_id=a1")
            while calls.value == 0 { await Task.yield() }
            let empty = try await host.order("clearCache")
            door.open()
            _ = await slow
            _ = await host.ask("account_id=a1")
            #expect(calls.value == 2)
            #expect(empty.json?["entries"] == .number("0"))

            let full = try await host.order("clearCache", requestID: "r-2")

            #expect(full.json?["entries"] == .number("1") && full.json?["tags"] == .array([.string("*")]))
            #expect(await host.path.cache?.statistics.entries == 0)
        }
    }

    @Test(
        "Who did what, when and for which request is in the audit log before it is done, and what is still owed after")
    func audit() async throws {
        let shared = FakeSharedCache()
        try await withHost(shared: shared) { host, _, storage in
            _ = try await host.order("invalidateCache", #"{"pattern":"*:a:a1:*"}"#, requestID: "r-7")
            shared.change { $0.isDown = true }
            _ = try await host.order("clearCache", requestID: "r-8")
            let rows = try await storage.rows(
                "SELECT action, object, actor, at, after, request_id FROM audit_logs ORDER BY request_id, action")

            #expect(rows.map { $0.text(0) } == ["cache.invalidate", "cache.clear", "cache.clear.owed"])
            #expect(
                rows.allSatisfy { $0.text(1) == "cache" && $0.text(2) == "root" && $0.timestamp(3) == host.clock.now })
            #expect(rows.first?.json(4) == #"{"tags":["account:a1"],"pattern":"*:a:a1:*"}"#)
            #expect(rows.last?.json(4) == #"{"tags":["*"]}"#)
            #expect(rows.map { $0.text(5) } == ["r-7", "r-8", "r-8"])
        }
    }

    @Test("Where the audit log takes nothing, nothing is done: what is kept may be all there is to serve")
    func noStorage() async throws {
        let calls = Tally()
        let host = try QueryPathHarness([Self.counting(calls)], usesMemoryCache: true)
        _ = await host.ask()

        let refused = [
            try await host.order("invalidateCache", #"{"tags":["*"]}"#), try await host.order("clearCache"),
        ]
        _ = await host.ask()

        #expect(refused.map(\.status.code) == [503, 503] && refused.allSatisfy { $0.header("Retry-After") != nil })
        #expect(calls.value == 1)
    }

    @Test("A repeat under an Idempotency-Key is carried out and not written down again")
    func repeated() async throws {
        try await withHost { host, calls, storage in
            let body = #"{"tags":["account:a1"]}"#
            for time in 1...2 {
                _ = await host.ask()
                let answer = try await host.order("invalidateCache", body, key: "k", requestID: "r-\(time)")
                #expect(answer.status == .ok)
            }
            _ = await host.ask()
            let other = try await host.order("invalidateCache", #"{"tags":["*"]}"#, key: "k")

            #expect(calls.value == 3)
            #expect(other.status == .conflict)
            #expect(try await storage.rows("SELECT 1 FROM audit_logs").count == 1)
        }
    }

    @Test(
        "What names nothing is refused with its place",
        arguments: [
            (#"{}"#, "/tags", "is missing; give tags or a pattern"),
            (#"{"tags":[]}"#, "/tags", "has no elements; \"*\" is the tag of everything"),
            (#"{"tags":"*"}"#, "/tags", "must be an array, not a string"),
            (
                #"{"tags":["account:a1","module:fakes"]}"#, "/tags/1",
                "names no module that is loaded here; did you mean `fake`?"
            ),
            (#"{"tags":["write:any"]}"#, "/tags/0", "must be account:ID, user:ID, module:ID or *"),
            (
                #"{"tags":["account:"]}"#, "/tags/0",
                "has an ID that is not 1 to 128 characters of printable ASCII without space"
            ),
            (#"{"tags":["*"],"pattern":"*"}"#, "/pattern", "cannot be given beside tags; send two requests"),
            (#"{"pattern":""}"#, "/pattern", "must be 1 to 512 characters of printable ASCII without space"),
            (
                #"{"pattern":"fake.asking:*"}"#, "/pattern",
                "matches no key; a key is concord_1:MODULE.OPERATION:u:USER:PARAMETERS, with a:ACCOUNT or - in place of u:USER"
            ),
            (#"{"patern":"*"}"#, "/patern", "is not a field here; did you mean \"pattern\"?"),
        ])
    func refusals(body: String, pointer: String, detail: String) async throws {
        try await withHost { host, _, storage in
            let answer = try await host.order("invalidateCache", body)

            #expect(answer.status == .unprocessableContent)
            guard case .array(let errors)? = answer.json?["errors"] else { Issue.record("no errors"); return }
            let found = errors.map { [$0["pointer"], $0["detail"]] }
            #expect(found.contains([.string(pointer), .string(detail)]), "\(found)")
            #expect(try await storage.rows("SELECT 1 FROM audit_logs").isEmpty)
        }
    }

    @Test("Nobody but operators may", arguments: [Caller.ann, .agentOfAll])
    func roles(caller: Caller) async throws {
        try await withHost { host, _, _ in
            let invalidating = try await host.order("invalidateCache", #"{"tags":["*"]}"#, as: caller)
            let clearing = try await host.order("clearCache", as: caller)

            #expect(invalidating.status == .forbidden && clearing.status == .forbidden)
        }
    }

    // MARK: - A host on a database of its own

    private static func counting(_ calls: Tally, _ door: Door? = nil) -> PluginAPI.Operation {
        .asking { _ in
            let number = calls.add()
            await door?.pass()
            return Reply(body: Array(#"{"n":\#(number)}"#.utf8))
        }
    }

    private func withHost(
        shared: FakeSharedCache? = nil,
        door: Door? = nil,
        _ body: (QueryPathHarness, Tally, SQLiteStorageModule) async throws -> Void
    ) async throws {
        let directory = try TemporaryDirectory()
        let storage = SQLiteStorageModule(path: "\(directory.path)/concord.db")
        try await storage.start()
        try await storage.migrationTransaction { transaction in
            for migration in BookModule.migrations {
                try transaction.executeScript(Migration.script(migration.up, for: transaction.dialect))
            }
        }
        let calls = Tally()
        let harness = try QueryPathHarness(
            [Self.counting(calls, door)], usesMemoryCache: true, shared: shared, storage: storage)
        do { try await body(harness, calls, storage) } catch { Issue.record(error) }
        await storage.stop()
        directory.remove()
    }
}
