import PluginAPI
import PluginTesting
import Testing

@testable import TradingBook

/// What one row of a list tells must not depend on the rows beside it.
@Suite("Rows that are like each other, and not")
struct RowReadingTests {
    @Test("Rows read in one list are those read one by one, in whatever order their members stand", arguments: 0..<20)
    func oneByOne(seed: UInt64) throws {
        var source = TradeSource(seed: seed)
        let rows = (0..<60).map { source.row(id: "t-\($0)") }

        let together = try BookBodies.trades(Array("[\(rows.joined(separator: ","))]".utf8), contentType: nil)

        #expect(together == (try rows.flatMap { try BookBodies.trades(Array("[\($0)]".utf8), contentType: nil) }))
    }

    @Test("Each of several equal rows has its unknown and its missing fields named")
    func unknownFields() throws {
        let row = #"{"trade_id": "t", "account_id": "a", "simbol": "EURUSD"}"#

        let problem = try #require(throws: Problem.self) {
            try BookBodies.trades(Array("[\(row), \(row), 1, \(row)]".utf8), contentType: nil)
        }

        let unknown = #"is not a field here; did you mean "symbol"?"#
        let missing = ["symbol", "direction", "volume", "entry_price", "entry_time", "status"]
        let expected = [0, 1, 3].flatMap { row in
            [Problem.Item(.pointer("/\(row)/simbol"), unknown)]
                + missing.map { Problem.Item(.pointer("/\(row)/\($0)"), "is missing") }
        }
        #expect(problem.errors.filter { $0.place != .pointer("/2") } == expected)
        #expect(problem.errors.count == expected.count + 1)
    }

    @Test("Positions come out by ticket, whatever order they came in", arguments: [1, 2, 3, 50, 1_000])
    func positionsInOrder(count: Int) throws {
        var random = SplitMix(seed: UInt64(count))
        let tickets = (0..<count).map { Int64($0) * 7_000_000_003 + 1 }.shuffled(using: &random)
        let rows = tickets.map {
            """
            {"ticket": \($0), "symbol": "S\($0)", "direction": "buy", "volume": 1, "entry_price": \($0 % 1_000 + 1), \
            "entry_time": "2026-01-05T10:00:00Z", "current_price": 1, "comment": "a comment of position \($0)"}
            """
        }
        let body = """
            {"account_id": "a", "as_of": "2026-01-05T10:00:00Z", "completeness": "complete", \
            "positions": [\(rows.joined(separator: ","))]}
            """

        let positions = try SnapshotBody.parse(Array(body.utf8)).positions

        #expect(positions.map(\.ticket) == tickets.sorted())
        for position in positions {
            #expect(position.symbol == "S\(position.ticket)" && position.instrument == position.symbol)
            #expect(position.comment == "a comment of position \(position.ticket)")
            #expect(position.entryPrice == FixedDecimal(Int(position.ticket % 1_000 + 1)))
        }
    }

    @Test("Elements move to their places, around any cycles", arguments: 0..<30)
    func arranging(seed: UInt64) {
        var random = SplitMix(seed: seed)
        let texts = (0..<Int(seed)).map { "a text too long to be kept in place, number \($0)" }
        let order = texts.indices.shuffled(using: &random)

        var arranged = texts
        arranged.arrange(in: order.map { Int32($0) })

        #expect(arranged == order.map { texts[$0] })
    }
}

/// Makes trades whose members differ in number and order now and then.
private struct TradeSource {
    private var random: SplitMix
    private var optional = [
        #""ticket": 7"#, #""magic": null"#, #""comment": "caf\u00e9""#, #""stop_loss": 0"#, #""take_profit": "1.2""#,
        #""fills": [{"fill_id": "f", "volume": 1, "price": 1, "time": "2026-01-05T10:00:00Z"}]"#,
    ]

    init(seed: UInt64) {
        random = SplitMix(seed: seed)
    }

    mutating func row(id: String) -> String {
        if Int.random(in: 0..<6, using: &random) == 0 { optional.shuffle(using: &random) }
        var members = [
            #""trade_id": "\#(id)""#, #""account_id": "a""#, #""symbol": "eurusd""#, #""direction": "sell""#,
            #""volume": 0.1"#, #""entry_price": 1.\#(Int.random(in: 1...9, using: &random))"#,
            #""entry_time": "2026-01-05T10:00:00Z""#, #""status": "open""#,
        ]
        members += optional.prefix(Int.random(in: 3...optional.count, using: &random))
        if Int.random(in: 0..<6, using: &random) == 0 { members.shuffle(using: &random) }
        return "{\(members.joined(separator: ", "))}"
    }
}
