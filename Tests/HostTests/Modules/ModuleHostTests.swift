import PluginAPI
import Synchronization
import Testing

@testable import Host

@Suite("The lives of modules")
struct ModuleHostTests {
    @Test("Modules start behind what they require and stop in reverse")
    func order() async throws {
        let diary = Diary()
        let host = host(storage: Fake(diary, "sqlite"), services: [Fake(diary, "book"), Fake(diary, "guards")])

        try await host.startStorage()
        await host.startOthers()
        await host.shutDown()

        #expect(
            diary.lines == [
                "start sqlite", "start book", "start guards",
                "drain guards", "drain book", "drain sqlite", "stop guards", "stop book", "stop sqlite",
            ])
        #expect(host.all.allSatisfy { host.board[$0.id] == .stopped })
    }

    @Test("A module that hangs at its start holds up those that require it alone", .timeLimit(.minutes(1)))
    func hangingStart() async throws {
        let (diary, door) = (Diary(), Door())
        let board = ModuleStatusBoard()
        func supervised(_ name: String, requires: [String] = [], at door: Door? = nil) -> SupervisedModule {
            let module = Fake(diary, name)
            if let door { module.hang(startAt: door) }
            return SupervisedModule(module, kind: .query, board: board, id: name, requires: requires)
        }
        let modules = [
            supervised("slow", at: door), supervised("behind", requires: ["slow"]), supervised("beside"),
        ]

        async let started: Void = ModuleStarts.run(modules) { _ = await $0.start() }
        while board["beside"] != .ok { await Task.yield() }
        let meanwhile = (board["slow"], board["behind"])
        door.open()
        await started

        #expect(meanwhile.0 == .starting && meanwhile.1 == .disabled)
        #expect(board["behind"] == .ok && diary.lines.last == "start behind")
    }

    @Test("A query service that does not start is failed with its reason, and the others serve")
    func oneFails() async throws {
        let diary = Diary()
        let broken = Fake(diary, "guards", startFailure: .unavailable(reason: "its table is missing"))
        let host = host(storage: Fake(diary, "sqlite"), services: [Fake(diary, "book"), broken])

        try await host.startStorage()
        await host.startOthers()

        #expect(host.board["guards"] == .failed(reason: "its table is missing"))
        #expect(host.board.record(of: "guards").shown.reason == "it did not start")
        #expect(host.board["book"] == .ok)
    }

    @Test("A storage that does not start stops the host, with the storage's own reason")
    func storageFails() async {
        let broken = Fake(Diary(), "sqlite", startFailure: .unavailable(reason: "the lock is held"))
        let host = host(storage: broken, services: [])

        await #expect(throws: ModuleError.unavailable(reason: "the lock is held")) { try await host.startStorage() }
    }

    @Test("A module that says it failed answers again when it says it is well")
    func heals() async {
        let module = Fake(Diary(), "book")
        let supervised = SupervisedModule(module, kind: .query, board: ModuleStatusBoard())
        _ = await supervised.start()

        module.say(.failed(reason: "storage is gone"))
        await supervised.checkHealth()
        let whileIll = supervised.board[supervised.id]
        module.say(.ok)
        await supervised.checkHealth()

        #expect(whileIll == .failed(reason: "storage is gone"))
        #expect(supervised.board[supervised.id] == .ok)
    }

    @Test("A health check that hangs hangs once, and is made again when it has come back", .timeLimit(.minutes(1)))
    func hangingHealth() async {
        let (module, door) = (Fake(Diary(), "book"), Door())
        let supervised = SupervisedModule(
            module, kind: .query, board: ModuleStatusBoard(), limits: .init(health: .milliseconds(5)))
        _ = await supervised.start()
        module.hang(at: door)

        for _ in 0..<3 { await supervised.checkHealth() }
        let (asked, status) = (module.asked.value, supervised.board[supervised.id])
        door.open()
        while supervised.board[supervised.id] != .ok { await supervised.checkHealth() }

        #expect(asked == 1 && status.word == "failed")
        #expect(supervised.board.record(of: supervised.id).lastFault?.doing == "health check")
    }

    @Test("Modules that do not require one another are taken down beside one another", .timeLimit(.minutes(1)))
    func besideOneAnother() async throws {
        let (diary, door) = (Diary(), Door())
        let (waits, opens) = (Fake(diary, "waits"), Fake(diary, "opens"))
        let host = host(
            storage: Fake(diary, "sqlite"), services: [Fake(diary, "book"), opens, waits], drain: .seconds(3_600))
        waits.onDrain { await door.pass() }
        opens.onDrain { door.open() }
        try await host.startStorage()
        await host.startOthers()

        await host.shutDown()

        #expect(diary.lines.firstIndex(of: "drain waits") ?? .max < diary.lines.firstIndex(of: "drain book") ?? 0)
        #expect(diary.lines.last == "stop sqlite")
    }

    @Test("Modules that hang on the way down leave the storage its time", .timeLimit(.minutes(1)))
    func hangingEnd() async throws {
        let (diary, door) = (Diary(), Door())
        let hanging = ["one", "two", "three"].map { Fake(diary, $0) }
        let host = host(
            storage: Fake(diary, "sqlite"), services: [Fake(diary, "book")] + hanging, drain: .seconds(3_600))
        for module in hanging { module.onDrain { await door.pass() } }
        try await host.startStorage()
        await host.startOthers()

        await host.shutDown(by: .now + .seconds(2))
        let ended = diary.lines
        door.open()

        #expect(ended.filter { $0.contains("sqlite") } == ["start sqlite", "drain sqlite", "stop sqlite"])
        #expect(ended.last == "stop sqlite" && !ended.contains("drain one"))
    }

    @Test("A health check that busy threads have not come to says nothing against the module", .timeLimit(.minutes(1)))
    func busy() async throws {
        let (module, door, board) = (Fake(Diary(), "busy"), Door(), ModuleStatusBoard())
        let (threads, isOver, begun) = (OwnThreads(of: "busy"), Once(), Tally())
        board.record(of: "busy").threads = threads
        let supervised = SupervisedModule(
            module, kind: .query, board: board, id: "busy", limits: .init(health: .milliseconds(50)))
        let loops = (0..<OwnThreads.ofOperatorsMax).map { _ in
            Task {
                try await ModuleThreads.run(on: threads.ofOperators) {
                    begun.add()
                    while !isOver.hasCome {}
                }
            }
        }
        while begun.value < loops.count { await Task.yield() }
        board.set(.ok, for: "busy")

        await supervised.checkHealth()
        let status = board["busy"]
        isOver.come()
        for loop in loops { try await loop.value }
        while board["busy"] != .ok { await supervised.checkHealth() }
        module.hang(at: door)
        await supervised.checkHealth()
        door.open()

        #expect(status.word == "degraded" && status.reason?.contains("threads are busy") == true)
        #expect(board["busy"].word == "failed")
    }

    @Test("A call that hangs costs no more than its deadline")
    func deadline() async {
        let never = AsyncStream<Void> { _ in }

        await #expect(throws: DeadlineExceeded(limit: .milliseconds(5))) {
            try await withDeadline(.milliseconds(5)) { for await _ in never {} }
        }
    }

    private func host(storage: Fake, services: [Fake], drain: Duration = .seconds(5)) -> ModuleHost {
        let board = ModuleStatusBoard()
        let limits = SupervisedModule.Limits(drain: drain)
        return ModuleHost(
            storage: SupervisedModule(storage, kind: .storage, board: board, id: storage.name),
            cache: nil,
            services: services.map { module in
                SupervisedModule(
                    module, kind: .query, board: board, id: module.name,
                    requires: module.name == "book" ? [] : ["book"], limits: limits)
            },
            board: board
        )
    }
}

/// What happened, in order.
private final class Diary: Sendable {
    private let entries = Mutex<[String]>([])
    var lines: [String] { entries.withLock { $0 } }
    func write(_ line: String) { entries.withLock { $0.append(line) } }
}

private final class Fake: Module {
    static let descriptor = ModuleDescriptor(id: "fake", summary: "")
    let name: String
    private let diary: Diary
    private let startFailure: ModuleError?
    private let word = Mutex(ModuleHealth.ok)
    private let door = Mutex<Door?>(nil)
    private let startDoor = Mutex<Door?>(nil)
    private let draining = Mutex<(@Sendable () async -> Void)?>(nil)
    let asked = Tally()

    init(_ diary: Diary, _ name: String, startFailure: ModuleError? = nil) {
        (self.diary, self.name, self.startFailure) = (diary, name, startFailure)
    }

    convenience init(configuration: ModuleConfiguration, context: ModuleContext) throws(ModuleError) {
        self.init(Diary(), "fake")
    }

    func say(_ health: ModuleHealth) { word.withLock { $0 = health } }
    func start() async throws {
        await startDoor.withLock { $0 }?.pass()
        diary.write("start \(name)")
        if let startFailure { throw startFailure }
    }
    func hang(startAt door: Door) { startDoor.withLock { $0 = door } }
    func hang(at door: Door) { self.door.withLock { $0 = door } }
    func health() async -> ModuleHealth {
        asked.add()
        await door.withLock { $0 }?.pass()
        return word.withLock { $0 }
    }
    func onDrain(_ body: @escaping @Sendable () async -> Void) { draining.withLock { $0 = body } }
    func drain() async {
        await draining.withLock { $0 }?()
        diary.write("drain \(name)")
    }
    func stop() async { diary.write("stop \(name)") }
}
