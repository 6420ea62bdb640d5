public import PluginAPI
import TradingBook

/// Answers what is open at the broker, what was, and what one position looks like.
///
/// Every figure was put into `positions` when the snapshot was stored; a query reads it in one round trip and computes
/// percentages only.
public struct PositionsModule: QueryService {
    public static let descriptor = ModuleDescriptor(
        id: "positions",
        summary: "Open and closed positions with their profit and loss",
        requires: ["book"]
    )
    public static let configuration = ConfigurationSpec([
        ConfigurationKey(
            "timeout", .duration(.milliseconds(1) ... .seconds(600)), default: "30s",
            "How long a query may take before it is given up")
    ])

    let storage: any StorageBackend
    let book: BookModule
    /// How long one query may take.
    let timeout: Duration

    public init(configuration: ModuleConfiguration, context: ModuleContext) throws(ModuleError) {
        storage = context.storage
        book = context.module(BookModule.self)
        timeout = configuration.duration("timeout")
    }

    public var operations: [Operation] { [open, closed, byID] }

    /// Reads within the module's time-out and the request's deadline, whichever ends first.
    func rows(_ sql: SQL, for request: Request) async throws(StorageError) -> Rows {
        let ownDeadline = ContinuousClock.now + timeout
        return try await storage.rows(sql, deadline: request.deadline.map { min($0, ownDeadline) } ?? ownDeadline)
    }

    /// The condition that the request's `symbol` makes, behind others; nothing when it names none.
    func onlySymbol(of request: Request) -> SQL {
        request.text("symbol").map { " AND p.symbol = \(book.canonicalSymbol($0))" } ?? ""
    }
}
