import CPluginABI
import PluginAPI
import Synchronization

// A module that uses PluginAPI widely. It is compiled against the first recorded version and has to work on every later one:
// it is never changed.

public struct OlderModule: QueryService, AdministeredModule, ScheduledModule, EventObserver {
    public static let descriptor = ModuleDescriptor(
        id: "older", summary: "Built long ago", requires: ["book"], version: "0.1.0")
    public static let configuration = ConfigurationSpec([
        ConfigurationKey("days", .integer(1...3650), default: "3650", "How far back."),
        ConfigurationKey("least", .decimal("0.01"..."100"), default: "0.01", "The smallest volume."),
        ConfigurationKey("note", .text, secret: true, "Not for everybody."),
        ConfigurationKey("pause", .duration(.milliseconds(10) ... .seconds(60)), default: "50ms", "Between two looks."),
    ])

    private let context: ModuleContext
    private let settings: ModuleConfiguration
    private let looks: any Counter
    private let seen = Seen()

    public init(configuration: ModuleConfiguration, context: ModuleContext) throws(ModuleError) {
        guard configuration.secret("note").revealed() != "none" else {
            throw ModuleError.misconfigured(key: "note", detail: "says nothing")
        }
        (self.context, settings) = (context, configuration)
        looks = context.metrics.counter("older_looks_total", help: "Looks at what is due.", labels: [])
    }

    public func start() async throws {
        context.logger.warning("older module started", ["note": "\(settings.secret("note"))"])
    }

    public func health() async -> ModuleHealth { .degraded(reason: "it is old") }

    // MARK: Queries

    public var operations: [Operation] {
        [
            .query(
                "trades", at: "/older/trades", summary: "Trades", ttl: .seconds(5),
                parameters: [.symbol, .limit(default: 10), .time("from", default: .ago(days: 3650))],
                reply: .rows(["trade_id": .text, "symbol": .text, "volume": .decimal, "entry_time": .timestamp])
            ) { request in
                try await context.views.rows(
                    """
                    SELECT trade_id, symbol, volume, entry_time FROM v_trades
                    WHERE entry_time >= \(request.time("from")) AND volume >= \(settings.decimal("least"))
                    ORDER BY trade_id LIMIT \(request.limit)
                    """, for: request)
            },
            .query(
                "sum", at: "/older/sum/{account_id}", scope: .account(pathParameter: "account_id"),
                parameters: [Parameter("account_id", .id)],
                reply: .object(["sum": .decimal, "latest": .optional(.timestamp), "asked": .text, "seen": .integer])
            ) { (request: Request) async throws -> Reply in
                let rows = try await context.views.rows("SELECT volume, entry_time FROM v_trades", for: request)
                var (sum, latest) = (FixedDecimal(storedUnits: 0), Timestamp?.none)
                for row in rows {
                    sum = sum + (row.decimal(0) ?? FixedDecimal(storedUnits: 0))
                    if let time = row.timestamp(1), latest.map({ $0 < time }) ?? true { latest = time }
                }
                guard !rows.isEmpty else { throw Problem.notFound("There is no trade in \(request.account ?? "").") }
                return Reply { (json: inout JSONWriter) in
                    json.field("sum", sum)
                    json.field("latest", latest)
                    json.field("asked", request.caller.role.rawValue)
                    json.field("seen", Int64(seen.count))
                }
            },
        ]
    }

    public var adminOperations: [Operation] {
        [
            .query(
                "all", at: "/older", scope: .platform, roles: [.operator], ttl: .zero,
                reply: .object(["trades": .integer])
            ) {
                (request: Request) async throws -> Reply in
                let rows = try await context.views.rows("SELECT count(*) AS n FROM v_trades", for: request)
                return Reply { (json: inout JSONWriter) in json.field("trades", rows.first?.integer(0) ?? 0) }
            }
        ]
    }

    // MARK: Work of its own

    public var scheduleInterval: Duration { settings.duration("pause") }

    public func runDue(at now: Timestamp, deadline: ContinuousClock.Instant) async throws {
        looks.increment()
        await context.invalidator.invalidate([.module("older")])
    }

    public var subscriptions: [EventSubscription] { [EventSubscription(name: "watch", kinds: [.snapshotStored])] }

    public func observe(_ event: Event, for subscription: String) async throws {
        guard event.kind == .snapshotStored, subscription == "watch" else {
            throw EventNotTaken.refused(reason: "not asked for")
        }
        seen.note()
    }
}

private final class Seen: Sendable {
    private let number = Mutex(0)
    var count: Int { number.withLock { $0 } }
    func note() { number.withLock { $0 += 1 } }
}

@c(concord_plugin) public func plugin() -> concord_plugin_build { concord_plugin_build_here() }
@c(concord_module) public func module() -> UnsafeMutableRawPointer { DynamicModule(OlderModule.self).retained() }
