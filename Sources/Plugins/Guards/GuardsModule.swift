public import PluginAPI
import TradingBook

/// Watches accounts for losses and markets for jumps, at every complete snapshot, and tells what it has seen.
///
/// Its ``GuardStage`` runs behind the stages attached before it, so `reconciliation` stands before `guards` in the list
/// of query services: an equity that contradicts its own parts then never becomes a peak.
public struct GuardsModule: QueryService {
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

    public init(configuration: ModuleConfiguration, context: ModuleContext) throws(ModuleError) {
        storage = context.storage
        drawdownLimits = try DrawdownLimits(configuration.section("drawdown"))
        marketGuard = MarketGuard(limits: MarketLimits(configuration.section("market")))
        book = context.module(BookModule.self)
        book.attach(
            GuardStage(
                drawdownLimits: drawdownLimits, marketGuard: marketGuard, meters: GuardMeters(context.metrics)))
    }

    public var operations: [Operation] { [drawdown, market, status, history] }
}
