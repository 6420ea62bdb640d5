import PluginAPI

/// A storage that answers every statement with the rows of the same open positions, at once.
struct StillStorage: StorageBackend {
    static let descriptor = ModuleDescriptor(id: "still", summary: "The same rows always")

    private let rows = Self.openPositions

    init() {}
    init(configuration: ModuleConfiguration, context: ModuleContext) throws(ModuleError) {}

    var dialect: SQLDialect { .postgres }

    func rows(_ sql: SQL, deadline: ContinuousClock.Instant?) async throws(StorageError) -> Rows { rows }

    func transaction<Result: Sendable>(
        deadline: ContinuousClock.Instant?,
        _ body: @escaping @Sendable (any Transaction) throws -> Result
    ) async throws -> Result {
        throw StorageError.full("nothing can be written")
    }

    func migrationTransaction<Result: Sendable>(
        _ body: @escaping @Sendable (any Transaction) throws -> Result
    ) async throws -> Result {
        throw StorageError.full("nothing can be written")
    }

    private static var openPositions: Rows {
        let columns = [
            "position_id", "account_id", "ticket", "symbol", "broker_symbol", "digits", "direction", "volume",
            "entry_price", "entry_time", "current_price", "unrealized_pnl", "take_profit", "stop_loss", "status",
            "matched_trade_id", "last_updated_at", "closed_at", "close_price", "realized_pnl", "close_reason",
            "currency_digits", "holder", "currency", "current_equity", "current_as_of",
        ]
        let cells = (0..<AnswerBenchmark.positionsTotal).flatMap { position(Int64($0)) + account }
        return Rows(columns: columns, cells: cells, encoding: .native)
    }

    private static func position(_ number: Int64) -> [Value] {
        [
            .text("position-account-1-\(10_000_000 + number)"), .text("account-1"), .integer(10_000_000 + number),
            .text("EURUSD"), .text("EURUSD.pro"), .integer(5), .text(number.isMultiple(of: 2) ? "buy" : "sell"),
            stored(10_000_000 + number * 1_000_000), stored(108_345_000 + number * 3_000),
            .timestamp(Timestamp(microseconds: 1_767_607_200_000_000 + number * 61_000_000)),
            stored(108_745_000 + number * 3_000), stored(4_250_000_000), stored(109_000_000), .null, .text("open"),
            .text("trade-account-1-\(number)"), asOf, .null, .null, .null, .null, .integer(2),
        ]
    }

    private static var account: [Value] { [.text("account-1"), .text("USD"), stored(1_000_000_000_000), asOf] }

    private static var asOf: Value { .timestamp(Timestamp(microseconds: 1_767_693_600_123_000)) }

    private static func stored(_ units: Int64) -> Value { .decimal(FixedDecimal(storedUnits: units)) }
}
