import Guards
import PluginAPI
import PluginTesting
import Positions
import Reconciliation
import TradingBook

/// Every service on one storage, driven through its operations as the host would.
struct Desk {
    let storage: any StorageBackend
    private let clock: ManualClock
    private let services: [any QueryService]
    private let guards: GuardsModule
    let book: BookModule

    /// - Parameter retention: The configuration's section of that name; without one everything is kept.
    init(on storage: any StorageBackend, clock: ManualClock, retention: ConfigurationValue? = nil) throws {
        self.storage = storage
        self.clock = clock
        func context(_ required: [String: any Module]) -> ModuleContext {
            ModuleContext(
                logger: Silence(), metrics: Silence(), clock: clock, storage: storage, invalidator: Silence(),
                required: required)
        }
        var settings = ModuleConfiguration(["instruments": .mapping([:])])
        settings.values["retention"] = retention
        book = try BookModule(configuration: settings, context: context([:]))
        // In the order of the configuration's default: guards log behind the run they belong to.
        let reconciliation = try ReconciliationModule(
            configuration: Desk.reconciliationSettings, context: context(["book": book]))
        guards = try GuardsModule(configuration: Desk.guardSettings, context: context(["book": book]))
        services = [
            book, reconciliation,
            try PositionsModule(
                configuration: ModuleConfiguration(["timeout": .duration(.seconds(30))]),
                context: context(["book": book])),
            guards,
        ]
        book.extend(with: services)
    }

    /// Every query there is.
    var queries: [PluginAPI.Operation] {
        services.flatMap(\.operations).filter { $0.method == .get }
    }

    /// What a command or query answers, or how it refuses, as text.
    func answer(
        to operation: PluginAPI.Operation, body: String = "", values: [String: Value] = [:],
        choices: [String: [String]] = [:], accounts: [String] = ["acc", "net"], cursor: [Value]? = nil
    ) async throws -> String {
        var parameters = values
        for parameter in operation.parameters where parameters[parameter.name] == nil {
            switch parameter.defaultValue {
            case .value(let value): parameters[parameter.name] = value
            case .ago(let duration): parameters[parameter.name] = .timestamp(clock.now - duration)
            case nil: break
            @unknown default: break
            }
        }
        let isQuery = operation.method == .get
        do {
            let reply = try await operation.handler(
                Request(
                    caller: isQuery
                        ? Caller(subject: "ann", role: .user) : Caller(subject: "bot", role: .operator, grant: .all),
                    user: "ann", accounts: accounts, account: accounts.first, parameters: parameters, choices: choices,
                    cursor: cursor, body: Array(body.utf8), contentType: "application/json", requestID: "r-1",
                    now: clock.now, cursors: HostCursors()))
            return Desk.withoutDurations(String(decoding: reply.body, as: UTF8.self))
        } catch let problem as Problem {
            return "\(problem)"
        }
    }

    /// How long a run took is measured, and no two take the same.
    private static func withoutDurations(_ answer: String) -> String {
        answer.replacing(/duration_ms":[0-9]+/, with: "duration_ms\":0")
    }

    func send(_ name: String, _ body: String, _ values: [String: Value] = [:]) async throws -> String {
        guard
            let operation = (services.flatMap(\.operations) + guards.adminOperations).first(where: { $0.name == name })
        else {
            throw ProgramFailed(what: "no operation \(name)")
        }
        return try await answer(to: operation, body: body, values: values)
    }

    func start() async throws {
        for service in services { try await service.start() }
    }

    /// What time alone causes.
    func runDue() async throws {
        for case let service as any ScheduledModule in services {
            try await service.runDue(at: clock.now, deadline: .now + .seconds(30))
        }
    }

    private static let guardSettings = ModuleConfiguration([
        "drawdown": .mapping([
            "warning": .decimal("15"), "max": .decimal("20"), "min_equity": .decimal("100"),
            "countdown": .duration(.seconds(10)), "act": .text("close"),
        ]),
        "market": .mapping(["price_gap": .decimal("5"), "spread": .decimal("0.5"), "act": .text("report")]),
    ])

    private static let reconciliationSettings = ModuleConfiguration([
        "grace": .duration(.seconds(20)), "batch_size": .integer(500), "acknowledge_for": .duration(.seconds(86_400)),
        "pairing": .mapping([
            "window": .duration(.seconds(120)), "price": .text("20 pips"), "candidates": .integer(64),
        ]),
        "tolerance": .mapping([
            "volume": .text("exact"), "entry_price": .text("5 pips"), "take_profit": .text("10 pips"),
            "stop_loss": .text("10 pips"),
        ]),
    ])
}

private struct Silence: Logger, Metrics, PluginAPI.Counter, Gauge, Histogram, CacheInvalidator {
    func log(_ level: LogLevel, _ message: String, _ metadata: [String: String]) {}
    func increment(by amount: Int) {}
    func set(_ value: Double) {}
    func record(_ value: Double) {}
    func invalidate(_ tags: [CacheTag]) async {}
    func counter(_ name: String, help: String, labels: [(name: String, value: String)]) -> any PluginAPI.Counter {
        self
    }
    func gauge(_ name: String, help: String, labels: [(name: String, value: String)]) -> any Gauge { self }
    func histogram(
        _ name: String, help: String, labels: [(name: String, value: String)], buckets: [Double]
    ) -> any Histogram { self }
}
