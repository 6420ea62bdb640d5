import CPluginABI
import PluginAPI

/// Traded volume by symbol, for accounts that want to know where they are busy.
public struct TurnoverModule: QueryService {
    public static let descriptor = ModuleDescriptor(
        id: "turnover", summary: "Traded volume by symbol", requires: ["book"])
    private let views: any ViewReader

    public init(configuration: ModuleConfiguration, context: ModuleContext) { views = context.views }

    public var operations: [Operation] {
        [
            .query(
                "bySymbol", at: "/turnover/by_symbol", summary: "Traded volume by symbol", ttl: .seconds(10),
                parameters: [.time("from", default: .ago(days: 30), "Entered at or after")],
                reply: .rows(["symbol": .text, "trades": .integer, "lots": .decimal])
            ) { request in
                try await views.rows(
                    """
                    SELECT symbol, count(*) AS trades, sum(volume) AS lots FROM v_trades
                    WHERE entry_time >= \(request.time("from"))
                    GROUP BY symbol ORDER BY lots DESC, symbol
                    """, for: request)
            }
        ]
    }
}

@c(concord_plugin) public func plugin() -> concord_plugin_build { concord_plugin_build_here() }
@c(concord_module) public func module() -> UnsafeMutableRawPointer { DynamicModule(TurnoverModule.self).retained() }
