import BuiltIn
import HTTPTypes
import PluginAPI
import PluginTesting
import Synchronization

@testable import Host

/// A host without listeners on a database of its own, with a service of the tests beside those that are compiled in. Its
/// configuration is what the test has written last.
struct ReloadFixture: Sendable {
    let generations: HostGenerations
    let diary: ProbeDiary
    private let file: Locked<String>
    private let head: String
    private let token: String
    private let clock: ManualClock

    static let catalog = ModuleCatalog(
        storages: ModuleCatalog.compiledIn.storages, caches: ModuleCatalog.compiledIn.caches,
        services: ModuleCatalog.compiledIn.services + [.init(ProbeModule.self)])

    /// Runs `body` on a host that has started with a configuration, and takes everything away afterwards.
    static func run(_ yaml: String = "", _ body: (ReloadFixture) async throws -> Void) async throws {
        let fixture = try await ReloadFixture(yaml)
        let running = Task { [generations = fixture.generations] in await generations.run() }
        let outcome: Result<Void, any Error>
        do { outcome = .success(try await body(fixture)) } catch { outcome = .failure(error) }
        fixture.diary.door.open()
        running.cancel()
        await running.value
        await fixture.generations.close().shutDown()
        ProbeDiary.all.change { $0[fixture.diary.name] = nil }
        try outcome.get()
    }

    private init(_ yaml: String) async throws {
        let directory = try TemporaryDirectory().path
        let diary = ProbeDiary(name: directory)
        ProbeDiary.all.change { $0[directory] = diary }
        let (head, clock) = (
            """
            log: { level: critical }
            auth: { jwt: { secret: \(Self.secret) } }
            storage: { sqlite: { path: \(directory)/concord.db } }

            """, ManualClock()
        )
        let file = Locked(head + Self.body(yaml, directory))
        let load: @Sendable () -> ConfigurationReport = {
            ConfigurationLoader(catalog: Self.catalog).load(ConfigurationSource(name: "c.yaml", text: file.value))
        }
        let report = load()
        guard let configuration = report.configuration else { throw ReloadFailure.mistakes(report) }
        let foundation = HostFoundation(
            configuration, clock: clock, registered: BuiltInModules.services + [ProbeModule.self])
        let assembly = try HostAssembly(
            configuration, document: report.document, secret: Secret(Self.secret), on: foundation)
        try await Startup(assembly: assembly).open()
        token = assembly.minter.mint(Caller(subject: "ann", role: .user), at: clock.now, lifetime: .seconds(3_600))
        generations = HostGenerations(first: assembly, load: load)
        (self.diary, self.file, self.head, self.clock) = (diary, file, head, clock)
    }

    static let secret = "a-secret-of-forty-characters-for-tests-only"

    private static func body(_ yaml: String, _ diary: String) -> String {
        yaml.replacing("NAME", with: diary)
            + (yaml.contains("queries:") ? "" : "queries: [probe: { diary: \(diary) }]\n")
    }

    // MARK: What a test does

    /// Writes the file. In its text, `NAME` is the diary's; without `queries` it lists the tests' service alone.
    func write(_ yaml: String, secret: String = secret) {
        file.value = head.replacing(Self.secret, with: secret) + Self.body(yaml, diary.name)
    }

    /// Writes the settings of the tests' service.
    func writeProbe(_ settings: String, _ more: String = "") {
        write(more + "queries: [probe: { diary: NAME, \(settings) }]\n")
    }

    @discardableResult
    func reload(
        isDryRun: Bool = false,
        confirm: @escaping @Sendable (ReloadPlan, Int) async throws -> Void = { _, _ in }
    ) async throws -> ReloadOutcome {
        try await generations.foundation.reloading.reload(
            ReloadOrder(reason: "test", isDryRun: isDryRun, confirm: confirm))
    }

    /// A client's request, as a connection has it answered.
    func ask(_ path: String = "/api/v1/probe") async -> OutgoingAnswer {
        let (handler, request) = (generations.clients.current.handler, request(path))
        return switch handler.admit(request) {
        case .answered(let answer, _): answer
        case .admitted(let admitted): await admitted.answer(request)
        }
    }

    /// An operator's request on the operators' listener.
    func order(_ method: HTTPRequest.Method, _ path: String) async -> OutgoingAnswer {
        let caller = Caller(subject: "root", role: .operator)
        let token = generations.current.minter.mint(caller, at: clock.now, lifetime: .seconds(3_600))
        let request = IncomingRequest(
            method: method, path: path, headers: [.authorization: "Bearer \(token)"], peer: "127.0.0.1",
            requestID: "r-2", receivedAt: clock.now)
        return switch generations.operators.current.handler.admit(request) {
        case .answered(let answer, _): answer
        case .admitted(let admitted): await admitted.answer(request)
        }
    }

    func request(_ path: String = "/api/v1/probe") -> IncomingRequest {
        IncomingRequest(
            method: .get, path: path, headers: [.authorization: "Bearer \(token)"], peer: "127.0.0.1",
            requestID: "r-1", receivedAt: clock.now)
    }

    func text(_ name: String) -> String {
        String(decoding: MetricsText(generations.foundation.registry.snapshot()).bytes, as: UTF8.self)
            .split(separator: "\n").first { $0.hasPrefix(name + " ") }.map { String($0.dropFirst(name.count + 1)) }
            ?? ""
    }

    /// Waits until what the host does by itself has been done.
    func eventually(_ isTrue: () -> Bool) async -> Bool {
        for _ in 0..<6_000 {
            if isTrue() { return true }
            try? await Task.sleep(for: .milliseconds(5))
        }
        return false
    }
}

extension ReloadPlan {
    /// `sqlite unchanged`, …
    var lines: [String] { modules.map { "\($0.id) \($0.change.rawValue)" } }
}

/// What the tests' modules of one host have gone through, in order.
final class ProbeDiary: Sendable {
    static let all = Locked<[String: ProbeDiary]>([:])

    let name: String
    /// Where requests of `slow` wait.
    let door = Door()
    let asked = Tally()
    private let entries = Mutex<[String]>([])

    init(name: String) {
        self.name = name
    }

    var lines: [String] { entries.withLock { $0 } }
    func write(_ line: String) { entries.withLock { $0.append(line) } }
}

/// A service that answers as it is configured, and writes down its life.
struct ProbeModule: QueryService {
    static let descriptor = ModuleDescriptor(id: "probe", summary: "The tests' own", requires: ["book"])
    static let configuration = ConfigurationSpec([
        ConfigurationKey("diary", .text, default: "none", "Where it writes."),
        ConfigurationKey("answer", .text, default: "a", "What it answers."),
        ConfigurationKey("ttl", .duration(.zero ... .seconds(60)), optional: true, "How long."),
        ConfigurationKey(
            "mood", .choice(["well", "broken", "ill", "picky", "hung", "deaf"]), default: "well", "How it is."),
    ])

    private let answer: String
    private let mood: String
    private let ttl: Duration?
    private let diary: ProbeDiary?

    init(configuration: ModuleConfiguration, context: ModuleContext) throws(ModuleError) {
        answer = configuration.text("answer")
        mood = configuration.text("mood")
        ttl = configuration.has("ttl") ? configuration.duration("ttl") : nil
        diary = ProbeDiary.all.value[configuration.text("diary")]
        if mood == "picky" { throw .misconfigured(key: "mood", detail: "is not to its taste") }
    }

    func start() async throws {
        diary?.write("start \(answer)")
        if mood == "hung" { await diary?.door.pass() }
        if mood == "broken" { throw ModuleError.unavailable(reason: "it is broken") }
    }

    func health() async -> ModuleHealth {
        if mood == "deaf" { await diary?.door.pass() }
        return mood == "ill" ? .failed(reason: "it is ill") : .ok
    }

    func drain() async { diary?.write("drain \(answer)") }
    func stop() async { diary?.write("stop \(answer)") }

    var operations: [PluginAPI.Operation] {
        [
            query("ask", "/probe"), query("slow", "/probe/slow"), query("huge", "/probe/huge"),
            query("sorry", "/probe/sorry"), broken,
        ]
    }

    private var broken: PluginAPI.Operation {
        .query("broken", at: "/probe/broken", scope: .caller, roles: [.user], ttl: .zero, reply: .anyObject) {
            (_: Request) async throws -> Reply in
            diary?.asked.add()
            throw Trouble()
        }
    }

    struct Trouble: Error {}

    private func query(_ name: String, _ path: String) -> PluginAPI.Operation {
        .query(name, at: path, scope: .caller, roles: [.user], ttl: ttl, reply: .object(["answer": .text])) {
            (_: Request) async throws -> Reply in
            if name == "slow" {
                diary?.asked.add()
                await diary?.door.pass()
            }
            if name == "huge" {
                diary?.asked.add()
                return Reply(body: Array(repeating: 0x20, count: 10_000))
            }
            if name == "sorry" {
                diary?.asked.add()
                return Reply(status: 502, body: Array("{}".utf8))
            }
            return Reply { (json: inout JSONWriter) in json.field("answer", answer) }
        }
    }
}
