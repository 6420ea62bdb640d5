public import PluginAPI
public import TradingBook

/// Compares the bot's book with the broker's snapshots and answers what differs.
///
/// Runs are made inside the transaction that stores a snapshot; everything that clients poll is read from what the runs
/// have computed.
public final class ReconciliationModule: QueryService, BookExtension {
    public static let descriptor = ModuleDescriptor(
        id: "reconciliation",
        summary: "Differences between the bot's book and the broker's snapshots",
        requires: ["book"]
    )
    public static var configuration: ConfigurationSpec { ReconciliationSettings.specification }
    public static var migrations: [Migration] { ReconciliationMigrations.all }

    let context: ModuleContext
    let book: BookModule
    let settings: ReconciliationSettings
    let metrics: RunMetrics
    let gauges: BreakGauges

    public init(configuration: ModuleConfiguration, context: ModuleContext) throws(ModuleError) {
        self.context = context
        book = context.module(BookModule.self)
        settings = try ReconciliationSettings(configuration)
        gauges = BreakGauges(context)
        metrics = RunMetrics(context.metrics, gauges: gauges)
    }

    public var ingestStages: [any IngestStage] {
        [ReconciliationStage(settings: settings, clock: context.clock, logger: context.logger, metrics: metrics)]
    }

    public var sweeps: [Sweep] { Sweep.ofReconciliation(book.retentionSettings) }

    public var partitionedTables: [PartitionedTable] { [.log(book.retentionSettings)] }

    /// Refreshes the gauges on the way, at most every ten seconds.
    public func health() async -> ModuleHealth {
        do {
            try await gauges.refreshIfDue()
            return .ok
        } catch {
            return .degraded(reason: "the breaks cannot be counted: storage does not answer")
        }
    }

    public var operations: [Operation] {
        [status, logs, breaks, oneBreak, breakEvents, runs, oneRun, rerun] + breakCommands
    }

    private static let ttl: Duration = .seconds(5)

    private var status: Operation {
        let query = StatusQuery(storage: context.storage)
        return .query(
            "status", at: "/reconciliation/status", summary: "How the reconciliation stands", ttl: Self.ttl,
            isWarmable: true, reply: StatusQuery.schema
        ) { (request) async throws -> Reply in try await query.reply(to: request) }
    }

    private var logs: Operation {
        let query = LogsQuery(storage: context.storage, book: book)
        return .query(
            "logs", at: "/reconciliation/logs", summary: "What happened, newest first", ttl: Self.ttl,
            parameters: LogsQuery.parameters, isPaged: true, isWarmable: true, reply: LogsQuery.schema
        ) { (request) async throws -> Reply in try await query.reply(to: request) }
    }

    private var breaks: Operation {
        let query = BreaksQuery(storage: context.storage, book: book)
        return .query(
            "breaks", at: "/reconciliation/breaks", summary: "Differences, gravest first", ttl: Self.ttl,
            parameters: BreaksQuery.parameters, isPaged: true, isWarmable: true, reply: BreaksQuery.listSchema
        ) { (request) async throws -> Reply in try await query.list(request) }
    }

    private var oneBreak: Operation {
        let query = BreaksQuery(storage: context.storage, book: book)
        return .query(
            "break", at: "/reconciliation/breaks/{break_id}", summary: "One difference", ttl: Self.ttl,
            parameters: [BreaksQuery.idParameter], reply: .object(BreakRow.members)
        ) { (request) async throws -> Reply in try await query.one(request) }
    }

    private var breakEvents: Operation {
        let query = BreaksQuery(storage: context.storage, book: book)
        return .query(
            "breakEvents", at: "/reconciliation/breaks/{break_id}/events", summary: "A difference's history",
            ttl: Self.ttl, parameters: [BreaksQuery.idParameter], reply: BreaksQuery.eventsSchema
        ) { (request) async throws -> Reply in try await query.events(request) }
    }

    private var runs: Operation {
        let query = RunsQuery(storage: context.storage)
        return .query(
            "runs", at: "/reconciliation/runs", summary: "Runs, newest first", ttl: Self.ttl,
            parameters: [.limit(default: 50)], isPaged: true, reply: RunsQuery.listSchema
        ) { (request) async throws -> Reply in try await query.list(request) }
    }

    private var oneRun: Operation {
        let query = RunsQuery(storage: context.storage)
        return .query(
            "run", at: "/reconciliation/runs/{run_id}", summary: "One run", ttl: Self.ttl,
            parameters: [RunsQuery.idParameter], reply: .object(RunsQuery.members)
        ) { (request) async throws -> Reply in try await query.one(request) }
    }
}
