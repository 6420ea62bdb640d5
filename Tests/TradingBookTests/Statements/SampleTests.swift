import PluginAPI
import Testing

@testable import TradingBook

@Suite("The shipped sample")
struct SampleTests {
    @Test("The statement goes through the same importer as a broker's and adds up")
    func statement() throws {
        let statement = try brokerSide()

        #expect(statement.login == "4711002" && statement.currency == "USD")
        #expect(statement.asOf.description == "2026-01-09T21:00:00Z")
        #expect(statement.open.count == 24)
        #expect(statement.closed.count == 12)
        #expect(statement.flows.map(\.kind) == [.deposit, .deposit, .withdrawal])
        #expect(statement.open.allSatisfy { $0.comment?.hasPrefix("trade:t-") == true && $0.magic == 26 })
    }

    @Test("The book and the statement differ exactly where the sample's README says")
    func plantedDifferences() throws {
        let positions = try brokerSide().open
        let trades = try book().filter(\.isOpen)

        let differences = compare(trades, positions)

        #expect(
            differences == [
                "t-14": ["entry_slippage"], "t-20": ["volume_mismatch"], "t-22": ["sl_mismatch"],
                "t-25": ["partial_fill"], "t-27": ["side_flip"], "t-32": ["tp_mismatch"], "t-36": ["unknown_to_us"],
                "t-37": ["broker_closed"],
            ])
        #expect(try readme() == differences)
    }

    @Test("Closed trades are the same on both sides")
    func closedTrades() throws {
        let closed = try book().filter { !$0.isOpen }

        let statement = try brokerSide().closed

        #expect(closed.map { "trade:\($0.id)" }.sorted() == statement.compactMap(\.position.comment).sorted())
    }

    private func brokerSide() throws -> BrokerStatement {
        let zone = try #require(TimeZoneRule(parsing: "Europe/London"))
        return try MT4Statement.parse(try packageFile("config/sample/statement.htm"), timeZone: zone)
    }

    private func book() throws -> [Trade] {
        try TradeFile.parse(try packageFile("config/sample/trades.csv"), format: .csv, account: "sample")
    }

    /// Class by trade, as the README's table has them.
    private func readme() throws -> [String: [String]] {
        let text = String(decoding: try packageFile("config/sample/README.md"), as: UTF8.self)
        let rows = text.split(separator: "\n").filter { $0.hasPrefix("| t-") }
        let pairs = rows.map { row -> (String, [String]) in
            let cells = row.split(separator: "|").map { $0.filter { !" `".contains($0) } }
            return (cells[0], [cells[4]])
        }
        return Dictionary(uniqueKeysWithValues: pairs)
    }

    /// Every difference by trade: a pair is a trade and the position whose comment names it.
    private func compare(_ trades: [Trade], _ positions: [BrokerPosition]) -> [String: [String]] {
        var differences: [String: [String]] = [:]
        var unpaired = Dictionary(uniqueKeysWithValues: positions.map { ($0.comment ?? "", $0) })
        for trade in trades {
            guard let position = unpaired.removeValue(forKey: "trade:\(trade.id)") else {
                differences[trade.id] = ["broker_closed"]
                continue
            }
            let classes = classes(trade, position)
            if !classes.isEmpty { differences[trade.id] = classes }
        }
        for comment in unpaired.keys { differences[String(comment.dropFirst("trade:".count))] = ["unknown_to_us"] }
        return differences
    }

    private func classes(_ trade: Trade, _ position: BrokerPosition) -> [String] {
        [
            (trade.direction != position.direction || trade.instrument != position.instrument, "side_flip"),
            (position.volume < trade.volume, "partial_fill"),
            (position.volume > trade.volume, "volume_mismatch"),
            (position.entryPrice != trade.entryPrice || position.entryTime != trade.entryTime, "entry_slippage"),
            (position.stopLoss != trade.stopLoss, "sl_mismatch"),
            (position.takeProfit != trade.takeProfit, "tp_mismatch"),
        ].filter(\.0).map(\.1)
    }
}
