import HTTPTypes
import PluginAPI
import PluginTesting
import Testing

@testable import Host

@Suite("What clients' calls have done to a module takes nothing from operators")
struct OperatorsGateTests {
    @Test("An operator's order gets through to a module that is left alone because its queries fail")
    func leftAlone() async throws {
        let host = try Fixture(ModuleLimits(deadline: .seconds(3_600), failuresMax: 1, pause: .seconds(3_600)))
        _ = await host.ask("broken")

        let (query, order) = (await host.ask("broken"), await host.order("mend"))

        #expect(query.status == .serviceUnavailable && query.detail?.contains("last calls have failed") == true)
        #expect(order.status == .ok)
    }

    @Test(
        "An operator's order gets through while calls of clients that do not come back have all places",
        .timeLimit(.minutes(1)))
    func placesTaken() async throws {
        let host = try Fixture(ModuleLimits(callsMax: 1, waitingMax: 0, deadline: .seconds(3_600)))
        async let hung = host.ask("slow")
        while host.module.entered.value < 1 { await Task.yield() }

        let (query, order) = (await host.ask("broken"), await host.order("mend"))
        host.module.door.open()

        #expect(query.status == .serviceUnavailable && query.detail?.contains("Too many requests") == true)
        #expect(order.status == .ok)
        #expect(await hung.status == .ok)
    }

    @Test("Operators' orders fail as often as they like, are told of, and keep no client out")
    func failingOrders() async throws {
        let host = try Fixture(ModuleLimits(deadline: .seconds(3_600), failuresMax: 1, pause: .seconds(3_600)))
        var codes: [Int] = []
        for _ in 0..<3 { codes.append(await host.order("spoil").status.code) }

        #expect(codes == [500, 500, 500])
        #expect(await host.ask("slow", isOpen: true).status == .ok)
        #expect(host.record.lastFault?.doing == "spoil" && host.record.lastFault?.reason == "Broken()")
        #expect(host.record.status == .ok)
    }

    @Test(
        "An operator's order gets through while clients' calls hold all threads of the module", .timeLimit(.minutes(1)))
    func threadsTaken() async throws {
        let threads = OwnThreads(of: "administered")
        let host = try Fixture(ModuleLimits(deadline: .seconds(3_600)), threads: threads)
        let (isOver, begun) = (Once(), Tally())
        let loops = (0..<ModuleThreads.countMax).map { _ in
            Task {
                try await ModuleThreads.run(on: threads.ofClients) {
                    begun.add()
                    while !isOver.hasCome {}
                }
            }
        }
        while begun.value < loops.count { await Task.yield() }

        #expect(await host.order("mend").status == .ok)
        isOver.come()
        for loop in loops { try await loop.value }
    }

    @Test("An operator's order gets through to a module that has started and fails its health check")
    func failedHealth() async throws {
        let host = try Fixture(ModuleLimits(deadline: .seconds(3_600)))
        host.board.set(.failed(reason: "its health check took longer than 2.0 seconds"), for: "administered")
        let unstarted = await host.order("mend").status
        host.record.noteStart()

        #expect(unstarted == .serviceUnavailable)
        #expect(await host.order("mend").status == .ok)
        #expect(await host.ask("slow", isOpen: true).status == .serviceUnavailable)
        host.board.setSwitchedOff(true, "administered")
        #expect(await host.order("mend").status == .serviceUnavailable)
    }

    @Test("An order that does not come back is counted with the module's other calls", .timeLimit(.minutes(1)))
    func overdueOrder() async throws {
        let host = try Fixture(ModuleLimits(deadline: .milliseconds(50), failuresMax: 0))

        // On a busy machine an order may be too late before it is made, and another one is given before it is counted.
        while host.record.gates?.overdue == 0 { #expect(await host.order("linger").status == .serviceUnavailable) }

        #expect(host.metrics.level("module_calls_overdue administered") ?? 0 >= 1)
        host.module.door.open()
        while host.record.gates?.overdue != 0 { try await Task.sleep(for: .milliseconds(5)) }
        #expect(host.metrics.level("module_calls_overdue administered") == 0)
    }

    @Test(
        "Operators' places that are all overdue show in the module's status, and clients are let in",
        .timeLimit(.minutes(1)))
    func overduePlaces() async throws {
        let host = try Fixture(ModuleLimits(callsMax: 1, deadline: .milliseconds(50), failuresMax: 0))
        while host.record.status == .ok { #expect(await host.order("linger").status == .serviceUnavailable) }

        let (during, clientsTrouble) = (host.record.status, host.record.gates?.gate(for: .clients).trouble)
        host.module.door.open()
        while host.record.status != .ok { try await Task.sleep(for: .milliseconds(5)) }

        #expect(
            during
                == .degraded(
                    reason:
                        "for operators, as many of its calls as may run have passed their deadline and not come back"))
        #expect(clientsTrouble == nil)
    }

    struct Broken: Error {}

    /// A query path over one module, which stands on a board.
    private struct Fixture {
        let module = Administered()
        let metrics = RecordingMetrics()
        let board = ModuleStatusBoard()
        let record: ModuleRecord
        private let path: QueryPath

        init(_ limits: ModuleLimits, threads: OwnThreads? = nil) throws {
            let log = RecordingLogger()
            let record = board.record(of: "administered")
            record.threads = threads
            board.set(.ok, for: "administered")
            self.record = record
            let gates = board.gates(of: "administered", limits: limits, metrics: metrics)
            var settings = QueryPathSettings()
            settings.callTimeout = .seconds(3_600)
            settings.moduleLimits.usual = limits
            path = try QueryPath(
                services: [
                    LoadedService(
                        id: "administered", service: module, status: { record.status },
                        statusForOperators: { record.statusForOperators }, gates: gates)
                ],
                directory: FakeDirectory(), cache: nil, invalidations: Invalidations(logger: log),
                cursors: CursorCodec(secret: Array("a secret of the tests".utf8)), settings: settings,
                clock: ManualClock(), metrics: metrics, logger: log)
        }

        func ask(_ name: String, isOpen: Bool = false) async -> OutgoingAnswer {
            if isOpen { module.door.open() }
            return await answer(path.operations.first { $0.operation.name == name }, .get, .ann)
        }

        func order(_ name: String) async -> OutgoingAnswer {
            await answer(path.adminOperations.first { $0.operation.name == name }, .post, .root)
        }

        private func answer(
            _ target: BoundOperation?, _ method: HTTPRequest.Method, _ caller: Caller
        ) async -> OutgoingAnswer {
            guard let target else { return OutgoingAnswer(status: .notImplemented) }
            let incoming = IncomingRequest(
                method: method, path: target.template, headers: [:], peer: "127.0.0.1", requestID: "r-1",
                receivedAt: ManualClock().now)
            return await path.answer(target, to: incoming, pathParameters: [:], caller: caller)
        }
    }

    /// Its queries fail or hang, and operators can do something about it.
    private struct Administered: QueryService, AdministeredModule {
        static let descriptor = ModuleDescriptor(id: "administered", summary: "A test's")
        let door = Door()
        let entered = Tally()

        init() {}
        init(configuration: ModuleConfiguration, context: ModuleContext) throws(ModuleError) {}

        var operations: [PluginAPI.Operation] {
            [
                query("broken") { throw Broken() },
                query("slow") {
                    entered.add()
                    await door.pass()
                },
            ]
        }

        var adminOperations: [PluginAPI.Operation] {
            [command("mend") {}, command("spoil") { throw Broken() }, command("linger") { await door.pass() }]
        }

        private func query(_ name: String, _ body: @escaping @Sendable () async throws -> Void) -> PluginAPI.Operation {
            .query(name, at: "/\(name)", scope: .caller, roles: [.user], ttl: .zero, reply: .anyObject) {
                (_: Request) async throws -> Reply in
                try await body()
                return Reply(body: Array("{}".utf8))
            }
        }

        private func command(
            _ name: String, _ body: @escaping @Sendable () async throws -> Void
        ) -> PluginAPI.Operation {
            .command(name, at: "/\(name)", scope: .platform, roles: [.operator], reply: .anyObject) {
                (_: Request) async throws -> Reply in
                try await body()
                return Reply(body: Array("{}".utf8))
            }
        }
    }
}
