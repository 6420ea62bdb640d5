import HTTPTypes
import PluginAPI
import Testing

@testable import Host

@Suite("A module that does not come back from its start")
struct ModuleStartTests {
    private static let hung = "queries: [positions, probe: { diary: NAME, mood: hung }]\n"

    @Test("keeps the others from serving for as long as modules.start_timeout says, and is told of by name")
    func start() async throws {
        try await ReloadFixture.run("modules: { start_timeout: 200ms }\n" + Self.hung) { host in
            #expect(await host.ask("/api/v1/positions/open").status == .ok)
            #expect(await host.ask().status == .serviceUnavailable)
            let ready = await host.ask("/api/v1/ready")
            #expect(
                ready.text.contains(#""probe":{"status":"down","reason":"its start took longer than 0.2 seconds"}"#))
            #expect(await host.order(.get, "/admin/modules/probe").text.contains("took longer than 0.2 seconds"))
        }
    }

    @Test("ends a reload that names it, long before the request does")
    func reload() async throws {
        try await ReloadFixture.run("modules: { start_timeout: 200ms }\n") { host in
            host.write("modules: { start_timeout: 200ms }\n" + Self.hung)

            let answer = await host.order(.post, "/admin/config/reload")

            #expect(answer.status == .serviceUnavailable)
            #expect(
                answer.detail
                    == "The module probe does not start: its start took longer than 0.2 seconds; the configuration in use is kept."
            )
            #expect(await host.ask().status == .ok)
        }
    }

    @Test("ends a reload in time for its answer, however long starts may take")
    func shortRequest() async throws {
        let limits = "limits: { request_timeout: 10s }\nmodules: { start_timeout: 1h }\n"
        try await ReloadFixture.run(limits) { host in
            host.write(limits + Self.hung)

            let answer = await host.order(.post, "/admin/config/reload")

            #expect(answer.status == .serviceUnavailable)
            #expect(answer.detail?.hasPrefix("The module probe does not start: its start took longer than ") == true)
        }
    }
}

@Suite("Starts of a reload, all of which end by an instant")
struct HurriedStartTests {
    @Test("A module has no more time than those before it have left, and never more than it has otherwise")
    func left() {
        let module = Sleeper().supervised("sleeper")
        let end = ContinuousClock.now
        func limits(_ left: Duration) -> [Duration] {
            let limits = module.hurried(by: end, at: end - left).limits
            return [limits.start, limits.health]
        }

        #expect(limits(.seconds(3_600)) == [.seconds(30), .seconds(2)])
        #expect(limits(.seconds(1)) == [.seconds(1), .seconds(1)])
        #expect(limits(.seconds(-1)) == [.zero, .zero])
        #expect(module.hurried(by: nil).limits.start == .seconds(30))
    }

    @Test("Of a chain the one that hangs is named, with what the others have left it", .timeLimit(.minutes(5)))
    func chain() async {
        // Where the one before needs more than a second, it is to have more: a busy machine starts nothing sooner.
        for seconds in [1, 8, 64] where await chain(within: .seconds(seconds)) { return }
        Issue.record("No start of a tenth of a second came through in a minute")
    }

    /// - Returns: Whether the one before that which hangs came through in time, so that there was something to be seen.
    private func chain(within time: Duration) async -> Bool {
        let (board, door, ended) = (ModuleStatusBoard(), Door(), Locked<ContinuousClock.Instant?>(nil))
        let slow = Sleeper {
            try? await Task.sleep(for: .milliseconds(100))
            ended.value = .now
        }
        let end = ContinuousClock.now + time
        let modules = [
            slow.supervised("slow", on: board), Sleeper { await door.pass() }.supervised("hung", ["slow"], on: board),
            Sleeper().supervised("last", ["hung"], on: board),
        ]

        let failure = await #expect(throws: ReloadFailure.self) { try await ModuleStarts.start(modules, by: end) }
        door.open()

        guard board["slow"].isServing, let left = ended.value.map({ end - $0 }) else { return false }
        let told = failure?.detail.split(separator: "longer than ").last?.split(separator: " ").first.flatMap {
            Double($0)
        }
        #expect(failure?.detail.hasPrefix("The module hung does not start: its start took longer than ") == true)
        #expect(
            told.map { Duration.seconds($0) <= max(.zero, left) + .milliseconds(1) } == true, "\(failure?.detail ?? "")"
        )
        #expect(board["last"] == .failed(reason: "it requires hung, which is failed"))
        return true
    }

    @Test("Caches come first: what the others write as they start is to reach them", .timeLimit(.minutes(1)))
    func caches() async {
        let started = Locked<[String]>([])
        func module(_ id: String, _ kind: ModuleKind) -> SupervisedModule {
            Sleeper {
                // Others that do not wait would be through by then.
                if kind == .cache { for _ in 1...100 { await Task.yield() } }
                started.change { $0.append(id) }
            }.supervised(id, kind: kind)
        }

        await ModuleStarts.run([module("redis", .cache), module("book", .query), module("guards", .query)]) {
            _ = await $0.start()
        }

        #expect(started.value.first == "redis")
        #expect(started.value.count == 3)
    }

    private struct Sleeper: Module {
        static let descriptor = ModuleDescriptor(id: "sleeper", summary: "A test's")
        private let sleep: @Sendable () async -> Void

        init(_ sleep: @escaping @Sendable () async -> Void = {}) { self.sleep = sleep }
        init(configuration: ModuleConfiguration, context: ModuleContext) throws(ModuleError) { self.init() }

        func start() async throws { await sleep() }
        func health() async -> ModuleHealth { .ok }

        func supervised(
            _ id: String, _ requires: [String] = [], kind: ModuleKind = .query,
            on board: ModuleStatusBoard = ModuleStatusBoard()
        ) -> SupervisedModule {
            SupervisedModule(self, kind: kind, board: board, id: id, requires: requires)
        }
    }
}

@Suite("Who is told what is wrong with a module")
struct ModuleReasonTests {
    @Test(
        "Everybody hears that it is down, and operators alone what it says of itself",
        arguments: [
            ("broken", "it did not start", "it is broken"), ("ill", "its health check says so", "it is ill"),
        ])
    func reasons(mood: String, toAll: String, toOperators: String) async throws {
        try await ReloadFixture.run("queries: [probe: { diary: NAME, mood: \(mood) }]\n") { host in
            await host.generations.current.modules.watchOnce()
            let (ready, refused) = (await host.ask("/api/v1/ready"), await host.ask())

            #expect(ready.text.contains(#""probe":{"status":"down""#) && ready.text.contains(toAll), "\(ready.text)")
            #expect(!ready.text.contains(toOperators) && !refused.text.contains(toOperators))
            #expect(refused.status == .serviceUnavailable)
            #expect(await host.order(.get, "/admin/modules/probe").text.contains(#""reason":"\#(toOperators)""#))
        }
    }
}
