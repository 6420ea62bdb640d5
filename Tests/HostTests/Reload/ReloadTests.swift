import HTTPTypes
import PluginAPI
import Testing

@testable import Host
@testable import TradingBook

@Suite("A changed configuration takes over from the one in use")
struct ReloadTests {
    // MARK: The plan

    @Test("A file that says the same makes a new generation of the same modules")
    func same() async throws {
        try await ReloadFixture.run { host in
            let before = host.generations.current.loaded

            let outcome = try await host.reload()

            #expect(outcome.plan.lines == ["sqlite", "memory", "book", "probe"].map { "\($0) unchanged" })
            #expect(outcome.plan.settings.isEmpty && outcome.generation == 2)
            #expect(host.text("config_generation") == "2")
            #expect(host.diary.lines == ["start a"])
            #expect(Self.book(before) === Self.book(host.generations.current.loaded))
        }
    }

    @Test("A module is made anew when its settings change, or those of what it requires; the others are carried over")
    func plan() async throws {
        try await ReloadFixture.run("queries: [positions, guards, probe: { diary: NAME }]\n") { host in
            host.write("queries: [positions, guards: { drawdown: { max: 25% } }, probe: { diary: NAME }]\n")
            let guards = try await host.reload().plan
            host.write(
                "instruments: { GOLD: { digits: 2, pip: 0.1, multiplier: 100, quote_currency: USD } }\nqueries: [positions, probe: { diary: NAME }]\n"
            )
            let book = try await host.reload().plan

            #expect(
                guards.lines == [
                    "sqlite unchanged", "memory unchanged", "book unchanged", "positions unchanged", "guards changed",
                    "probe unchanged",
                ])
            #expect(guards.modules[4].settings == ["queries.guards.drawdown.max"])
            #expect(
                book.lines == [
                    "sqlite unchanged", "memory unchanged", "book changed", "positions changed", "probe changed",
                    "guards removed",
                ])
            #expect(book.modules[2].settings == ["instruments.GOLD"])
            #expect(book.modules[3].settings.isEmpty && book.modules[3].requirements == ["book"])
        }
    }

    @Test("A dry run answers the plan and changes nothing")
    func dryRun() async throws {
        try await ReloadFixture.run { host in
            host.writeProbe("answer: b")

            let outcome = try await host.reload(isDryRun: true)

            #expect(outcome.plan.lines.last == "probe changed" && outcome.generation == 1)
            #expect(host.diary.lines == ["start a"])
            #expect(await host.ask().text == #"{"answer":"a"}"#)
            #expect(host.text("config_generation") == "1")
        }
    }

    @Test("A subscription that goes takes its gauges with it, and one that stays keeps them")
    func subscriptions() async throws {
        func endpoints(_ names: String...) -> String {
            let all = names.map { "\($0): { url: \"https://\($0).example\", secret: sixteen-bytes-or-more }" }
            return "queries: [probe: { diary: NAME }, webhook: { endpoints: { \(all.joined(separator: ", ")) } }]\n"
        }
        let names = ["events_waiting", "events_oldest_seconds", "event_dead_letters"]
        try await ReloadFixture.run(endpoints("desk", "night")) { host in
            let before = names.map { host.text(#"\#($0){subscription="webhook/desk"}"#) }
            host.write(endpoints("night"))
            try await host.reload()

            #expect(before == ["0", "0", "0"])
            #expect(names.map { host.text(#"\#($0){subscription="webhook/desk"}"#) } == ["", "", ""])
            #expect(names.map { host.text(#"\#($0){subscription="webhook/night"}"#) } == ["0", "0", "0"])
        }
    }

    @Test("A subscription has gauges once its configuration is in use, and none before")
    func futureSubscriptions() async throws {
        let name = #"events_waiting{subscription="webhook/desk"}"#
        try await ReloadFixture.run { host in
            host.write(
                "queries: [webhook: { endpoints: { desk: { url: \"https://desk.example\", secret: sixteen-bytes-or-more } } }]\n"
            )
            try await host.reload(isDryRun: true)
            let planned = host.text(name)
            await #expect(throws: StorageError.unavailable(reason: "gone")) {
                try await host.reload { _, _ in throw StorageError.unavailable(reason: "gone") }
            }
            let failed = host.text(name)
            try await host.reload()

            #expect((planned, failed) == ("", ""))
            #expect(host.text(name) == "0")
        }
    }

    // MARK: The swap

    @Test("What is made anew starts before it takes over, and what it replaces stops after its last request")
    func order() async throws {
        try await ReloadFixture.run { host in
            async let slow = host.ask("/api/v1/probe/slow")
            while host.diary.asked.value == 0 { await Task.yield() }
            host.writeProbe("answer: b")
            try await host.reload()
            host.writeProbe("answer: c")
            try await host.reload()
            let during = (await host.ask().text, host.diary.lines)
            host.diary.door.open()

            #expect(await slow.text == #"{"answer":"a"}"#)
            #expect(during == (#"{"answer":"c"}"#, ["start a", "start b", "start c"]))
            #expect(await host.eventually { host.diary.lines.count == 7 })
            #expect(host.diary.lines.suffix(4) == ["drain a", "stop a", "drain b", "stop b"])
        }
    }

    @Test("Answers that the old configuration has kept, or keeps later, are not given any more")
    func kept() async throws {
        try await ReloadFixture.run { host in
            async let slow = host.ask("/api/v1/probe/slow")
            while host.diary.asked.value == 0 { await Task.yield() }
            _ = await host.ask()
            #expect(await host.ask().header("Cache-Status")?.contains("hit") == true)

            host.writeProbe("answer: b")
            try await host.reload()
            host.diary.door.open()

            #expect(await slow.text == #"{"answer":"a"}"#)
            #expect(await host.ask().text == #"{"answer":"b"}"#)
            #expect(await host.ask("/api/v1/probe/slow").text == #"{"answer":"b"}"#)
        }
    }

    @Test("A request that came before the swap and is answered after it leaves nothing behind")
    func late() async throws {
        try await ReloadFixture.run { host in
            let request = host.request()
            guard case .admitted(let late) = host.generations.clients.current.handler.admit(request) else {
                Issue.record("not admitted")
                return
            }
            host.writeProbe("answer: b")
            try await host.reload()

            #expect(await late.answer(request).text == #"{"answer":"a"}"#)
            #expect(await host.ask().text == #"{"answer":"b"}"#)
        }
    }

    @Test("What a write makes stale is stale for the generation in use and for the one before it")
    func writes() async throws {
        try await ReloadFixture.run { host in
            _ = await host.ask()
            let old = host.generations.clients.current
            // Both caches are made anew with another prefix, so that the two have nothing in common.
            host.write("cache: { prefix: other_ }\n")
            try await host.reload()
            _ = await host.ask()
            let request = host.request()
            await host.generations.foundation.invalidations.invalidate([.module("probe")])
            guard case .admitted(let late) = old.handler.admit(request) else {
                Issue.record("not admitted")
                return
            }

            #expect(await late.answer(request).header("Cache-Status")?.contains("hit") == false)
            #expect(await host.ask().header("Cache-Status")?.contains("hit") == false)
        }
    }

    @Test(
        "Answers are kept over a reload that leaves them as they are, and no longer than the new configuration says",
        arguments: [
            ("cors: { origins: [https://a.example] }\n", true), ("limits: { body: 1MiB }\n", true),
            ("cache: { default_ttl: 3s }\n", false), ("cache: { stale_if_error: 1s }\n", false),
        ])
    func lives(yaml: String, stays: Bool) async throws {
        try await ReloadFixture.run { host in
            _ = await host.ask()

            host.write(yaml)
            try await host.reload()

            #expect(await host.ask().header("Cache-Status")?.contains("hit") == stays)
        }
    }

    @Test("Tokens of a secret that was changed are good no longer, and neither are kept answers with its cursors")
    func secret() async throws {
        try await ReloadFixture.run { host in
            #expect(await host.ask().status == .ok)

            host.write("", secret: "another-secret-of-forty-characters-for-tests")
            try await host.reload()

            #expect(await host.ask().status == .unauthorized)
            #expect(host.generations.current.queryPath.localEntry(for: "") == nil)
            host.write("")
            try await host.reload()
            #expect(await host.ask().header("Cache-Status")?.contains("hit") == false)
        }
    }

    @Test("What callers have used up of a rate stays used up, until the rate is another")
    func rates() async throws {
        try await ReloadFixture.run { host in
            _ = await host.ask()
            try await host.reload()
            let same = await host.ask()
            host.write("limits: { requests_per_minute: 7 }\n")
            try await host.reload()
            let other = await host.ask()

            #expect(
                same.header("RateLimit")?.hasPrefix(#""requests";r=598"#) == true, "\(same.header("RateLimit") ?? "")")
            #expect(other.header("RateLimit-Policy") == #""requests";q=7;w=60"#)
        }
    }

    @Test("Routes come and go with their modules")
    func routes() async throws {
        try await ReloadFixture.run { host in
            #expect(await host.ask("/api/v1/positions/open").status == .notFound)
            host.write("queries: [positions]\n")
            try await host.reload()
            let (positions, probe) = (await host.ask("/api/v1/positions/open"), await host.ask())

            #expect(positions.status == .ok && probe.status == .notFound)
            #expect(await host.eventually { host.diary.lines == ["start a", "drain a", "stop a"] })
        }
    }

    @Test("A book that is carried over works with the new stages from then on, with each once")
    func stages() async throws {
        try await ReloadFixture.run("queries: [reconciliation, guards]\n") { host in
            let book = Self.book(host.generations.current.loaded)
            host.write("queries: [reconciliation, guards: { drawdown: { max: 90% } }]\n")
            _ = try await host.reload(isDryRun: true)
            let before = Self.stages(book)
            try await host.reload()
            let after = Self.stages(book)
            host.write("queries: [reconciliation]\n")
            try await host.reload()

            #expect(before.count == 2 && before[1].contains("20"), "\(before)")
            #expect(after.count == 2 && after[1].contains("90"), "\(after)")
            #expect(Self.stages(book).count == 1)
        }
    }

    // MARK: Failures

    @Test(
        "Whatever is wrong, the configuration in use goes on, and the failure says what",
        arguments: [
            (
                "queries: [probe: { diary: NAME, answer: b, mood: broken }]\n",
                "The module probe does not start: it is broken"
            ),
            ("queries: [probe: { diary: NAME, answer: b, mood: ill }]\n", "The module probe does not start: it is ill"),
            ("queries: [probe: { mood: picky }]\n", "c.yaml:4:26: error: `queries.probe.mood` is not to its taste"),
            ("queries: [prob]\n", "c.yaml:4:11: error: no query service `prob` is compiled in; did you mean `probe`?"),
            ("limits: { body: many }\n", "c.yaml:4:17: error: `limits.body`"),
            ("limits: { body: 1MiB\n", "c.yaml:"),
            ("admin: { port: 9 }\n", "c.yaml:4:16: error: `admin.port` takes a restart to change; it was 8001"),
        ])
    func failures(yaml: String, words: String) async throws {
        try await ReloadFixture.run { host in
            host.write(yaml)

            let failure = await #expect(throws: ReloadFailure.self) { try await host.reload() }

            let text = ([failure?.detail ?? ""] + (failure?.mistakes ?? [])).joined(separator: "\n")
            #expect(text.contains(words), "\(text)")
            #expect(await host.ask().text == #"{"answer":"a"}"#)
            #expect(host.generations.current.modules.board["probe"] == .ok)
            #expect(host.text("config_generation") == "1" && host.text("config_reload_failures_total") == "1")
            #expect(!host.diary.lines.contains("stop a"))
            #expect(host.diary.lines.contains("start b") == host.diary.lines.contains("stop b"))
            host.writeProbe("answer: c")
            let next = try await host.reload().generation
            #expect(next == 2)
            #expect(await host.ask().text == #"{"answer":"c"}"#)
        }
    }

    @Test("What is not confirmed does not take over")
    func unconfirmed() async throws {
        try await ReloadFixture.run { host in
            host.writeProbe("answer: b")

            await #expect(throws: StorageError.unavailable(reason: "gone")) {
                try await host.reload { _, _ in throw StorageError.unavailable(reason: "gone") }
            }

            #expect(await host.ask().text == #"{"answer":"a"}"#)
            #expect(host.diary.lines == ["start a", "start b", "stop b"])
        }
    }

    @Test("A reload whose request is given up while it waits for its turn is not carried out", .timeLimit(.minutes(1)))
    func givenUp() async throws {
        try await ReloadFixture.run { host in
            let (isHeld, door) = (Tally(), Door())
            let first = Task {
                try await host.reload { _, _ in
                    isHeld.add()
                    await door.pass()
                }
            }
            while isHeld.value < 1 { await Task.yield() }
            let second = Task { try await host.reload() }
            second.cancel()
            let outcome = await second.result
            door.open()
            _ = try await first.value

            #expect(throws: CancellationError.self) { try outcome.get() }
            #expect(try await host.reload().generation == 3)
        }
    }

    @Test("Two reloads at once come one after the other")
    func together() async throws {
        try await ReloadFixture.run { host in
            let generations = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<8 { group.addTask { try await host.reload { _, _ in await Task.yield() }.generation } }
                return try await group.reduce(into: []) { $0.append($1) }
            }

            #expect(generations.sorted() == Array(2...9))
        }
    }

    @Test("A host on its way down keeps what it has")
    func goingDown() async throws {
        try await ReloadFixture.run { host in
            _ = await host.generations.close()

            let failure = await #expect(throws: ReloadFailure.self) { try await host.reload() }

            #expect(failure?.problem.status == 503)
        }
    }

    private static func book(_ loaded: LoadedModules) -> BookModule? {
        loaded.services.lazy.compactMap { $0 as? BookModule }.first
    }

    private static func stages(_ book: BookModule?) -> [String] { book?.stages.map { "\($0)" } ?? [] }
}
