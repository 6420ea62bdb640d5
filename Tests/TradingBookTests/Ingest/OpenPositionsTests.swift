import PluginAPI
import PluginTesting
import Testing

@testable import TradingBook

@Suite("Open positions after a snapshot")
struct OpenPositionsTests {
    @Test("After each of many random snapshots they are what it lists, in every column", arguments: UInt64(1)...8)
    func random(seed: UInt64) async throws {
        var random = SplitMix(seed: seed)
        try await BookFixture.run { book in
            for minute in 0..<12 {
                let listed = (1...6).filter { _ in Bool.random(using: &random) }.map { RandomPosition($0, &random) }
                _ = try await book.call("snapshots", Self.body(listed, minute: minute))

                let stored = try await book.rows(
                    """
                    SELECT ticket, symbol, direction, volume, entry_price, current_price, take_profit, stop_loss,
                    profit, swap, comment, magic, unrealized_pnl, closed_at, last_listed_at
                    FROM positions WHERE status = 'open' ORDER BY ticket
                    """)
                #expect(stored.map { RandomPosition($0) } == listed)
                for row in stored {
                    let profit = (row.decimal(8) ?? .zero) + (row.decimal(9) ?? .zero)
                    #expect(row.decimal(12) == profit)
                    #expect(row.timestamp(13) == nil)
                    #expect(row.timestamp(14) == Self.start + .seconds(60 * minute))
                }
            }
        }
    }

    @Test("Prices of open trades count among the digits seen of an instrument that nobody has described")
    func digitsOfTrades() async throws {
        let stage = RecordingStage()
        try await BookFixture.run(stages: [stage]) { book in
            _ = try await book.call(
                "trades",
                """
                [{"trade_id": "t-1", "account_id": "acc-1", "symbol": "ABC", "direction": "buy", "volume": 0.1,
                  "entry_price": 1.1005, "entry_time": "2026-01-05T08:00:00Z", "status": "open"}]
                """)
            _ = try await book.call(
                "snapshots",
                """
                {"account_id": "acc-1", "as_of": "\(Self.start)", "completeness": "complete", "positions": [
                  {"ticket": 1, "symbol": "ABC", "direction": "buy", "volume": 0.1, "entry_price": 1.1,
                   "entry_time": "2026-01-05T08:00:00Z", "current_price": 1.2, "profit": 1}]}
                """)

            #expect(stage.changes.first?.instruments["ABC"]?.digits == 4)
            #expect(try await book.rows("SELECT digits FROM positions").first?.integer(0) == 4)
        }
    }

    private static let start = Timestamp(seconds: 1_767_603_600)

    private static func body(_ positions: [RandomPosition], minute: Int) -> String {
        """
        {"account_id": "acc-1", "as_of": "\(start + .seconds(60 * minute))", "completeness": "complete",
         "positions": [\(positions.map(\.json).joined(separator: ","))]}
        """
    }
}

/// A position of which each part often stays as it was and sometimes does not.
private struct RandomPosition: Equatable {
    var ticket: Int64
    var symbol: String
    var direction: String
    var volume: FixedDecimal
    var entryPrice: FixedDecimal
    var currentPrice: FixedDecimal
    var takeProfit: FixedDecimal?
    var stopLoss: FixedDecimal?
    var profit: FixedDecimal
    var swap: FixedDecimal
    var comment: String?
    var magic: Int64?

    init(_ ticket: Int, _ random: inout SplitMix) {
        func rarely<T>(_ usual: T, _ other: T) -> T { Int.random(in: 0..<8, using: &random) == 0 ? other : usual }
        self.ticket = Int64(ticket)
        symbol = rarely("EURUSD", "GBPUSD")
        direction = rarely("buy", "sell")
        volume = rarely("0.1", "0.2")
        entryPrice = rarely("1.1", "1.2")
        currentPrice = FixedDecimal(units: Int128(Int.random(in: 110_000...110_009, using: &random)), scale: 5)
        takeProfit = rarely(nil, "1.3")
        stopLoss = rarely("1.05", nil)
        profit = FixedDecimal(units: Int128(Int.random(in: -9...9, using: &random)), scale: 2)
        swap = rarely("0", "-0.5")
        comment = rarely("t-\(ticket)", nil)
        magic = rarely(nil, 7)
    }

    init(_ row: Row) {
        ticket = row.integer(0) ?? 0
        symbol = row.text(1) ?? ""
        direction = row.text(2) ?? ""
        volume = row.decimal(3) ?? .zero
        entryPrice = row.decimal(4) ?? .zero
        currentPrice = row.decimal(5) ?? .zero
        takeProfit = row.decimal(6)
        stopLoss = row.decimal(7)
        profit = row.decimal(8) ?? .zero
        swap = row.decimal(9) ?? .zero
        comment = row.text(10)
        magic = row.integer(11)
    }

    var json: String {
        """
        {"ticket": \(ticket), "symbol": "\(symbol)", "direction": "\(direction)", "volume": \(volume),
         "entry_price": \(entryPrice), "entry_time": "2026-01-05T09:00:00Z", "current_price": \(currentPrice),
         "take_profit": \(takeProfit ?? .zero), "stop_loss": \(stopLoss ?? .zero), "profit": \(profit),
         "swap": \(swap)\(comment.map { #", "comment": "\#($0)""# } ?? "")\(magic.map { #", "magic": \#($0)"# } ?? "")}
        """
    }
}
