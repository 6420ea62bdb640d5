public import PluginAPI
public import TradingBook

/// Watches accounts for losses and markets for jumps, at every complete snapshot, tells what it has seen, and has positions
/// closed by their accounts' own agents.
///
/// Its ``GuardStage`` runs behind those of the modules before it, so `reconciliation` stands before `guards` in the list
/// of query services: an equity that contradicts its own parts then never becomes a peak.
public struct GuardsModule: QueryService, BookExtension {
    public static let descriptor = ModuleDescriptor(
        id: "guards",
        summary: "Drawdown and market guards",
        requires: ["book"]
    )
    public static let configuration = ConfigurationSpec([
        ConfigurationKey("drawdown", .section(DrawdownLimits.keys), "Losses from an account's peak"),
        ConfigurationKey("market", .section(MarketLimits.keys), "Price gaps and wide spreads"),
    ])
    public static var migrations: [Migration] { GuardMigrations.all }

    let storage: any StorageBackend
    let book: BookModule
    let drawdownLimits: DrawdownLimits
    let marketGuard: MarketGuard
    let meters: GuardMeters
    let invalidator: any CacheInvalidator
    let lastLook = LastLook()

    public init(configuration: ModuleConfiguration, context: ModuleContext) throws(ModuleError) {
        storage = context.storage
        invalidator = context.invalidator
        meters = GuardMeters(context.metrics)
        drawdownLimits = try DrawdownLimits(configuration.section("drawdown"))
        marketGuard = MarketGuard(limits: MarketLimits(configuration.section("market")))
        book = context.module(BookModule.self)
    }

    public var ingestStages: [any IngestStage] {
        [GuardStage(book: book, drawdownLimits: drawdownLimits, marketGuard: marketGuard, meters: meters)]
    }

    public var operations: [Operation] { [drawdown, market, status, history] + closeCommandOperations }
}
