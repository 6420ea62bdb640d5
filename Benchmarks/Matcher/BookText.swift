import PluginAPI
import Reconciliation
import TradingBook

/// Two books as the JSON of requests, each of as many rows as a request may have.
struct BookText {
    private static let rowsMax = 20_000
    private let rows: Int
    private(set) var trades: [[UInt8]] = []
    private(set) var snapshots: [[UInt8]] = []
    var bytes: Int { (trades + snapshots).reduce(0) { $0 + $1.count } }

    init(_ books: GeneratedBooks) {
        rows = books.rows
        for start in stride(from: 0, to: books.rows, by: BookText.rowsMax) {
            let range = start..<min(start + BookText.rowsMax, books.rows)
            var json = JSONWriter()
            json.array(of: books.trades[range]) { BookText.write($1, to: &$0) }
            trades.append(json.bytes)
            json = JSONWriter()
            json.object {
                $0.field("account_id", "acc")
                $0.field("as_of", "2026-01-05T10:00:00Z")
                $0.field("completeness", "complete")
                $0.arrayField("positions", of: books.positions[range]) { BookText.write($1, to: &$0) }
            }
            snapshots.append(json.bytes)
        }
    }

    /// Reads each request in a task of its own, as the host does; then two more put the rows of either side together.
    ///
    /// - Returns: Both books, and how long threads ran to read them, all together.
    func read() async throws -> (input: MatchInput, time: Duration) {
        async let ours = BookText.read(self.trades) { bytes throws(Problem) in
            try BookBodies.trades(bytes, contentType: "application/json")
        }
        async let theirs = BookText.read(snapshots) { bytes throws(Problem) in
            try SnapshotBody.parse(bytes).positions
        }
        let (trades, positions) = try await (ours, theirs)
        let input = MatchInput(
            trades: trades.rows, positions: positions.rows, instruments: GeneratedBooks.instruments)
        return (input, trades.time + positions.time)
    }

    /// The rows of one side.
    private static func read<Row: Sendable>(
        _ requests: [[UInt8]],
        _ parse: @escaping @Sendable ([UInt8]) throws(Problem) -> [Row]
    ) async throws -> (rows: [Row], time: Duration) {
        let lists = try await withThrowingTaskGroup(of: (index: Int, rows: [Row], time: Duration).self) { group in
            for (index, bytes) in requests.enumerated() {
                group.addTask {
                    let start = MatcherBenchmark.threadTime()
                    let rows = try parse(bytes)
                    return (index, rows, MatcherBenchmark.threadTime() - start)
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }.sorted { $0.index < $1.index }
        }
        let start = MatcherBenchmark.threadTime()
        var rows: [Row] = []
        rows.reserveCapacity(lists.reduce(0) { $0 + $1.rows.count })
        for list in lists { rows += list.rows }
        let joining = MatcherBenchmark.threadTime() - start
        return (rows, lists.reduce(joining) { $0 + $1.time })
    }

    private static func write(_ trade: Trade, to json: inout JSONWriter) {
        json.object {
            $0.field("trade_id", trade.id)
            $0.field("account_id", trade.account)
            $0.field("symbol", trade.symbol)
            $0.field("direction", trade.direction.rawValue)
            $0.field("volume", trade.volume, digits: 2)
            $0.field("entry_price", trade.entryPrice, digits: 5)
            $0.field("entry_time", trade.entryTime)
            $0.field("status", "open")
            $0.field("ticket", trade.ticket)
            $0.field("take_profit", trade.takeProfit ?? .zero, digits: 5)
            $0.field("stop_loss", trade.stopLoss ?? .zero, digits: 5)
        }
    }

    private static func write(_ position: BrokerPosition, to json: inout JSONWriter) {
        json.object {
            $0.field("ticket", position.ticket)
            $0.field("symbol", position.symbol)
            $0.field("direction", position.direction.rawValue)
            $0.field("volume", position.volume, digits: 2)
            $0.field("entry_price", position.entryPrice, digits: 5)
            $0.field("entry_time", position.entryTime)
            $0.field("current_price", position.currentPrice, digits: 5)
            $0.field("take_profit", position.takeProfit ?? .zero, digits: 5)
            $0.field("stop_loss", position.stopLoss ?? .zero, digits: 5)
            $0.field("profit", FixedDecimal.zero, digits: 2)
        }
    }
}
