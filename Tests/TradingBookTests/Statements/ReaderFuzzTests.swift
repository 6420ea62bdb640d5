import PluginAPI
import PluginTesting
import Testing

@testable import TradingBook

/// Files damaged at every place and at random, always the same ones: refused or as they were, and never a trap.
@Suite("A damaged file")
struct ReaderFuzzTests {
    private static let header =
        "trade_id,symbol,direction,volume,entry_price,entry_time,status,ticket,comment,stop_loss"
    private static let csv = Array(
        """
        \(header)
        t-1,EURUSD,buy,0.10,1.17120,2026-01-05T10:00:00Z,open,11,"a ""quoted"", one",1.16
        t-2,gbpusd-2,sell,1.20,1.34500,2026-01-05T10:00:00+02:00,open,,,
        t-3,USDJPY,buy,3,156.7,2026-01-05T10:00:01Z,open,13,x,0
        """.utf8)
    private static let json = Array(
        """
        [{"trade_id": "t-1", "symbol": "EURUSD", "direction": "buy", "volume": 0.10, "entry_price": "1.17120",
          "entry_time": "2026-01-05T10:00:00Z", "status": "open", "comment": "\\u00e9 \\"x\\"",
          "fills": [{"fill_id": "f", "volume": 0.1, "price": 1.17120, "time": "2026-01-05T10:00:00Z"}]},
         {"trade_id": "t-2", "symbol": "USDJPY", "direction": "sell", "volume": 1, "entry_price": 156.7,
          "entry_time": "2026-01-05T10:00:01Z", "status": "open", "ticket": 12}]
        """.utf8)

    // MARK: Statements

    @Test("A statement cut at any byte is refused, or lacks nothing but what follows its table")
    func statementCut() throws {
        let bytes = Array(StatementFixture.full.utf8)
        let whole = try parse(bytes)

        for length in 0..<bytes.count {
            expect(Array(bytes[..<length]), is: { $0 == whole }, "cut at byte \(length)")
        }
    }

    @Test("A statement without any one of its rows, or with one twice, is refused, or the row shows nothing")
    func statementRows() throws {
        let bytes = Array(StatementFixture.full.utf8)
        let rows = try HTMLTable.rows(of: bytes)
        let reader = MT4StatementReader(timeZone: try utc())
        let whole = try reader.read(rows)

        for index in rows.indices {
            var fewer = rows
            fewer.remove(at: index)
            var more = rows
            more.insert(rows[index], at: index)
            for damaged in [fewer, more] {
                let read = try? reader.read(damaged)
                let isHarmless = rows[index].isBlank || isUncovered(rows[index])
                #expect(read == nil || read == whole || isHarmless, "row at line \(rows[index].line)")
            }
        }
    }

    @Test("A statement with one digit altered is refused, or its money is what it was", arguments: 0..<4)
    func statementDigits(quarter: Int) throws {
        let bytes = Array(StatementFixture.full.utf8)
        let money = Money(try parse(bytes))
        var random = SplitMix(seed: UInt64(quarter))

        for place in bytes.indices where (0x30...0x39).contains(bytes[place]) && place % 4 == quarter {
            var altered = bytes
            altered[place] = 0x30 + (bytes[place] - 0x30 + UInt8(random.next() % 9) + 1) % 10
            expect(altered, is: { Money($0) == money }, "digit at byte \(place)")
        }
    }

    @Test("A statement with bytes altered at random is refused, or its money is what it was", arguments: 1...4)
    func statementBytes(_ changes: Int) throws {
        let bytes = Array(StatementFixture.full.utf8)
        let money = Money(try parse(bytes))
        var random = SplitMix(seed: UInt64(changes) << 32)

        for round in 0..<250 {
            var altered = bytes
            for _ in 0..<changes { random.damage(&altered) }
            expect(altered, is: { Money($0) == money }, "round \(round) of \(changes) changes")
        }
    }

    @Test("What is made of tags at random is refused")
    func randomTags() throws {
        let parts = [
            "<tr>", "</tr>", "<td>", "</td>", "<td colspan=10>", "<table>", "</table>", "Account: 1", "Currency: USD",
            "Closed Transactions:", "Open Trades:", "Working Orders:", "Summary:", "buy", "1 000", "-5", "&nbsp;", "<",
            ">", "&#0;", "\u{0}", "é", "<!--", "-->", "<b>", "2026 January 9, 21:00", "<td title='", "'",
        ].map { Array($0.utf8) }
        var random = SplitMix(seed: 7)

        for round in 0..<300 {
            let count = Int(random.next() % 80)
            let bytes = (0..<count).flatMap { _ in parts[Int(random.next() % UInt64(parts.count))] }
            expect(bytes + Array("</table>".utf8), is: { _ in false }, "round \(round)")
        }
    }

    // MARK: Rows

    @Test("A CSV file cut at any byte is refused, or its rows but the last are what they were")
    func csvCut() throws {
        let whole = try trades(Self.csv, .csv)
        #expect(whole.count == 3)

        for length in Self.csv.indices {
            guard let cut = try? trades(Array(Self.csv[..<length]), .csv) else { continue }
            #expect(cut.dropLast() == whole.prefix(max(0, cut.count - 1)), "cut at byte \(length)")
        }
    }

    @Test("A JSON file cut at any byte is refused")
    func jsonCut() throws {
        #expect(try trades(Self.json, .json).count == 2)

        for length in Self.json.indices {
            #expect(throws: FileRefused.self, "cut at byte \(length)") {
                try trades(Array(Self.json[..<length]), .json)
            }
        }
    }

    @Test("A file of rows with bytes altered at random is refused, or keeps every rule", arguments: FileFormat.allCases)
    func rowBytes(_ format: FileFormat) {
        let bytes = format == .csv ? Self.csv : Self.json
        var random = SplitMix(seed: 11)

        for round in 0..<2_000 {
            var altered = bytes
            for _ in 0...(round % 3) { random.damage(&altered) }
            guard let read = try? trades(altered, format) else { continue }
            let isSound = read.allSatisfy {
                $0.volume > .zero && $0.entryPrice > .zero && $0.ticket.map { $0 > 0 } ?? true
            }
            #expect(isSound && Set(read.map(\.id)).count == read.count, "round \(round)")
        }
    }

    @Test("A file of positions with bytes altered at random never traps", arguments: FileFormat.allCases)
    func positionBytes(_ format: FileFormat) throws {
        let row = #"{"ticket": 12, "symbol": "XAUUSD", "direction": "sell", "volume": 0.10, "entry_price": 1950.50,"#
        let json = "[\(row) \"entry_time\": \"2026-01-05T09:58:11Z\", \"current_price\": 1955.75}]"
        let csv = """
            ticket,symbol,direction,volume,entry_price,entry_time,current_price,profit,comment
            12,XAUUSD,sell,0.10,1950.50,2026-01-05T09:58:11Z,1955.75,-52.50,trade:t-7
            """
        let bytes = Array((format == .csv ? csv : json).utf8)
        var random = SplitMix(seed: 13)
        #expect(try positions(bytes, format).count == 1)

        for round in 0..<1_000 {
            var altered = bytes
            for _ in 0...(round % 3) { random.damage(&altered) }
            guard let read = try? positions(altered, format) else { continue }
            #expect(read.allSatisfy { $0.volume > .zero && $0.currentPrice > .zero && $0.ticket > 0 }, "round \(round)")
        }
    }

    // MARK: Reading

    private func utc() throws -> TimeZoneRule { try #require(TimeZoneRule(parsing: "UTC")) }

    private func parse(_ bytes: [UInt8]) throws -> BrokerStatement {
        try MT4Statement.parse(bytes, timeZone: try utc())
    }

    private func trades(_ bytes: [UInt8], _ format: FileFormat) throws -> [Trade] {
        try TradeFile.parse(bytes, format: format, account: nil)
    }

    private func positions(_ bytes: [UInt8], _ format: FileFormat) throws -> [BrokerPosition] {
        try PositionFile.read(bytes, format: format, account: nil, asOf: Timestamp(seconds: 0)).snapshot.positions
    }

    private func expect(_ bytes: [UInt8], is isSame: (BrokerStatement) -> Bool, _ damage: Comment) {
        do {
            let read = try parse(bytes)
            #expect(isSame(read), damage)
        } catch let refusal as FileRefused {
            #expect(!refusal.problems.isEmpty, damage)
        } catch {
            Issue.record(error, damage)
        }
    }

    /// No sum covers orders that moved nothing, nor the row behind an entry.
    private func isUncovered(_ row: HTMLRow) -> Bool {
        let texts = row.cells.map(\.text)
        return texts.contains { MT4RowReader.orderTypes.contains($0) } || row.cells.first?.span == 9
    }
}

/// What a statement's sums cover.
private struct Money: Equatable {
    var totals: BrokerStatement.Totals
    var flows: [FixedDecimal]
    var closed: [FixedDecimal]
    var open: [FixedDecimal]

    init(_ statement: BrokerStatement) {
        totals = statement.totals
        flows = statement.flows.map(\.amount).sorted()
        closed = statement.closed.map(\.realizedPnL).sorted()
        open = statement.open.map { ($0.profit ?? .zero) + $0.swap + $0.commission + $0.taxes }.sorted()
    }
}

extension SplitMix {
    /// Overwrites, removes or doubles one byte.
    mutating func damage(_ bytes: inout [UInt8]) {
        let place = Int(next() % UInt64(bytes.count))
        switch next() % 4 {
        case 0: bytes.remove(at: place)
        case 1: bytes.insert(bytes[place], at: place)
        case 2: bytes[place] = UInt8(truncatingIfNeeded: next())
        default: bytes[place] = 0x20 + UInt8(next() % 0x5F)
        }
    }
}
