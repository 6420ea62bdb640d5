import PluginAPI
import Testing

@testable import TradingBook

@Suite("A CSV file")
struct CSVTableTests {
    @Test(
        "Is read as RFC 4180 has it",
        arguments: [
            ("a,b\n1,2\n", [["1", "2"]]),
            ("a,b\r\n1,2\r\n3,4", [["1", "2"], ["3", "4"]]),
            ("\u{FEFF}a,b\n1,2", [["1", "2"]]),
            ("a,b\n\"1,\"\"x\"\"\",\"2\n3\"\n", [["1,\"x\"", "2\n3"]]),
            ("a,b\n,\n", [["", ""]]),
            ("a,b\n\n1,2\n\r\n", [["1", "2"]]),
            ("a,b\n", []),
        ]
    )
    func accepted(text: String, rows: [[String]]) throws {
        let table = try CSVTable(Array(text.utf8))

        #expect(table.header.map(\.text) == ["a", "b"])
        #expect(table.rows.map { $0.map(\.text) } == rows)
    }

    @Test(
        "Is refused where it is not CSV",
        arguments: [
            ("", 1, 1, "has no header"),
            ("a,b\n1\n", 2, 1, "has 1 fields; the header has 2"),
            ("a,b\n1,2,3\n", 2, 1, "has 3 fields; the header has 2"),
            ("a,b\n1,\"2\n", 2, 3, "opens a quote that is never closed"),
            ("a,b\n1,x\"2\n", 2, 4, "has a quote inside a field that is not quoted"),
            ("a,b\n\"1\"x,2\n", 2, 4, "has text behind a closing quote"),
            ("a,b\r1,2", 1, 4, "has a carriage return without a line feed"),
            ("a,a\n", 1, 3, "names column a again"),
            ("a,\n", 1, 3, "is a column without a name"),
        ]
    )
    func refused(text: String, line: Int, column: Int, detail: String) {
        #expect(throws: FileRefused([.init(line: line, column: column, detail: detail)])) {
            try CSVTable(Array(text.utf8))
        }
    }

    @Test("Is refused when it is not text", arguments: [[0x61, 0xFF], [0x61, 0x00]] as [[UInt8]])
    func binary(_ bytes: [UInt8]) {
        #expect(throws: FileRefused([.init(detail: "is not UTF-8 text")])) { try CSVTable(bytes) }
    }
}

@Suite("A file of rows")
struct RowFileTests {
    private let header = "trade_id,symbol,direction,volume,entry_price,entry_time,status"
    private let row = "t-1,EURUSD,buy,0.10,1.17120,2026-01-05T10:00:00Z,open"

    @Test("Trades keep their digits; an empty cell is an absent field")
    func trades() throws {
        let text = "\(header),stop_loss,take_profit,magic,ticket\n\(row),0,1.2,7,\n"

        let trades = try TradeFile.parse(Array(text.utf8), format: .csv, account: "acc-1")

        let trade = try #require(trades.first)
        #expect(trades.count == 1)
        #expect(trade.account == "acc-1" && trade.id == "t-1" && trade.isOpen)
        #expect(trade.entryPrice.description == "1.17120" && trade.volume.description == "0.10")
        #expect(trade.stopLoss == nil && trade.takeProfit == "1.2" && trade.magic == 7 && trade.ticket == nil)
    }

    @Test("Every bad cell is named by line and column, all at once")
    func badCells() {
        let text = "\(header),ticket\n\(row),0\nt 2,EURUSD,long,0,1.1e5,2026-01-05,open,1\n"

        let refusal = #expect(throws: FileRefused.self) {
            try TradeFile.parse(Array(text.utf8), format: .csv, account: "acc-1")
        }

        let places = (refusal?.problems ?? []).map { "\($0.line ?? 0):\($0.column ?? 0)" }
        #expect(places.sorted() == ["2:55", "3:1", "3:12", "3:17", "3:19", "3:25"])
    }

    @Test("A misspelt column is refused with the nearest name")
    func unknownColumn() {
        let text = "\(header),stop_los\n\(row),1\n"

        let refusal = #expect(throws: FileRefused.self) {
            try TradeFile.parse(Array(text.utf8), format: .csv, account: "acc-1")
        }

        #expect(
            refusal?.problems == [
                .init(line: 1, column: 64, detail: "\"stop_los\" is not a column here; did you mean \"stop_loss\"?")
            ])
    }

    @Test("A row of another account is refused")
    func otherAccount() {
        let text = "\(header),account_id\n\(row),acc-2\n"

        #expect(throws: FileRefused.self) { try TradeFile.parse(Array(text.utf8), format: .csv, account: "acc-1") }
    }

    @Test("A JSON file has the same fields, and fills; its problems are named by pointer, line and column")
    func json() throws {
        let good = """
            [{"trade_id": "t-1", "symbol": "EURUSD", "direction": "buy", "volume": 0.10, "entry_price": "1.17120",
              "entry_time": "2026-01-05T10:00:00Z", "status": "open",
              "fills": [{"fill_id": "f", "volume": 0.1, "price": 1.17120, "time": "2026-01-05T10:00:00Z"}]}]
            """
        let bad = good.replacing("0.10,", with: "-1,")

        let trades = try TradeFile.parse(Array(good.utf8), format: .json, account: "acc-1")
        let refusal = #expect(throws: FileRefused.self) {
            try TradeFile.parse(Array(bad.utf8), format: .json, account: "acc-1")
        }

        #expect(trades.first?.fills.count == 1)
        #expect(
            refusal?.problems == [
                .init(line: 1, column: 72, section: "/0/volume", detail: "must be greater than 0")
            ])
    }

    @Test("A repeated trade is taken once when it is equal and refused when it is not")
    func repeats() throws {
        let equal = "\(header)\n\(row)\n\(row)\n"
        let other = "\(header)\n\(row)\n\(row.replacing("buy", with: "sell"))\n"

        #expect(try TradeFile.parse(Array(equal.utf8), format: .csv, account: "a").count == 1)
        #expect(throws: FileRefused.self) { try TradeFile.parse(Array(other.utf8), format: .csv, account: "a") }
    }

    @Test("Repeats stay where they are asked for, each with its ID as its reference")
    func keptRepeats() throws {
        let other = row.replacing("t-1", with: "t-2")
        let text = Array("\(header)\n\(row)\n\(other)\n\(row)\n".utf8)

        let trades = try TradeFile.parse(text, format: .csv, account: nil, keepsRepeats: true)

        #expect(trades.map(\.id) == ["t-1", "t-2", "t-1"])
        #expect(trades.map(\.reference) == ["t-1", nil, "t-1"])
        #expect(TradeFile.account(of: trades) == nil)
    }

    @Test("Read for no account, a file is of the one that its rows name, and of no second one")
    func statedAccount() throws {
        let rows = "\(row),acc-1\n\(row.replacing("t-1", with: "t-2")),"
        let one = Array("\(header),account_id\n\(rows)\n".utf8)
        let two = Array("\(header),account_id\n\(rows)acc-2\n".utf8)

        let trades = try TradeFile.parse(one, format: .csv, account: nil)

        #expect(trades.map(\.account) == ["acc-1", "acc-1"])
        #expect(TradeFile.account(of: trades) == "acc-1")
        #expect(
            throws: FileRefused([
                .init(line: 3, column: 55, detail: "account_id is acc-2, but the file is read for acc-1")
            ])
        ) { try TradeFile.parse(two, format: .csv, account: nil) }
    }

    @Test("A field that a file has once must be text in every row that has it", arguments: ["7", "true", "{}"])
    func statedOnceAsText(_ value: String) {
        let text = """
            [{"ticket": 1, "symbol": "EURUSD", "direction": "buy", "volume": 1, "entry_price": 1, "current_price": 1,
              "entry_time": "2026-01-05T10:00:00Z", "account_id": \(value)}]
            """

        let refusal = #expect(throws: FileRefused.self) {
            try PositionFile.parse(Array(text.utf8), format: .json, account: "a", asOf: Timestamp(seconds: 0))
        }

        #expect(refusal?.problems.map(\.section) == ["/0/account_id"])
        #expect(refusal?.problems.first?.line == 2 && refusal?.problems.first?.column == 55)
    }

    @Test("A JSON file of positions is like a CSV one, and for a comparison may be a whole snapshot")
    func jsonPositions() throws {
        let rows = """
            [{"ticket": 12, "symbol": "XAUUSD", "direction": "sell", "volume": 0.10, "entry_price": 1950.50,
              "entry_time": "2026-01-05T09:58:11Z", "current_price": 1955.75, "as_of": "2026-01-05T10:00:00Z"}]
            """
        let positions = rows.replacing(#", "as_of": "2026-01-05T10:00:00Z""#, with: "")
        let whole = """
            {"account_id": "acc-1", "as_of": "2026-01-05T10:00:00Z", "completeness": "partial",
             "account": {"balance": 100.00, "equity": 94.75}, "positions": \(positions)}
            """

        let list = try PositionFile.read(Array(rows.utf8), format: .json, account: nil, asOf: nil)
        let snapshot = try PositionFile.read(Array(whole.utf8), format: .json, account: "acc-1", asOf: nil)

        #expect(list.account == nil && snapshot.account == "acc-1")
        #expect(list.snapshot.completeness == .complete && snapshot.snapshot.completeness == .partial)
        #expect(list.snapshot.positions == snapshot.snapshot.positions)
        #expect(list.snapshot.asOf == snapshot.snapshot.asOf)
        #expect(snapshot.snapshot.figures?.equity == "94.75")
        #expect(
            throws: FileRefused([
                .init(line: 1, column: 16, section: "/account_id", detail: "is acc-1, but the file is read for acc-2")
            ])
        ) { try PositionFile.read(Array(whole.utf8), format: .json, account: "acc-2", asOf: nil) }
        #expect(
            throws: FileRefused([.init(line: 1, column: 1, detail: "must be an array of rows, not an object")])
        ) { try PositionFile.parse(Array(whole.utf8), format: .json, account: "acc-1", asOf: nil) }
    }

    @Test("Equal repeats of a position are told apart from the snapshot; different ones refuse the file")
    func repeatedPositions() throws {
        let header = "ticket,symbol,direction,volume,entry_price,entry_time,current_price"
        let row = "12,XAUUSD,sell,0.10,1950.50,2026-01-05T09:58:11Z,1955.75"
        let asOf = Timestamp(seconds: 1_767_607_200)
        let equal = Array("\(header)\n\(row)\n\(row)\n\(row)\n".utf8)
        let other = Array("\(header)\n\(row)\n\(row.replacing("sell", with: "buy"))\n".utf8)

        let content = try PositionFile.read(equal, format: .csv, account: nil, asOf: asOf)

        #expect(content.snapshot.positions.map(\.ticket) == [12])
        #expect(content.repeats.map(\.ticket) == [12, 12])
        #expect(throws: FileRefused.self) { try PositionFile.read(other, format: .csv, account: nil, asOf: asOf) }
    }

    @Test("Positions are a complete snapshot at the moment given")
    func positions() throws {
        let text = """
            ticket,symbol,direction,volume,entry_price,entry_time,current_price,profit,comment
            12,XAUUSD,sell,0.10,1950.50,2026-01-05T09:58:11Z,1955.75,-52.50,trade:t-7
            11,XAUUSD,buy,0.10,1950.50,2026-01-05T09:58:11Z,1955.75,52.50,
            """
        let asOf = try #require(Timestamp(parsing: "2026-01-05T10:00:00Z"))

        let snapshot = try PositionFile.parse(Array(text.utf8), account: "acc-1", asOf: asOf)

        #expect(snapshot.completeness == .complete && snapshot.asOf == asOf && snapshot.account == "acc-1")
        #expect(snapshot.positions.map(\.ticket) == [11, 12])
        #expect(snapshot.positions[1].comment == "trade:t-7" && snapshot.positions[0].comment == nil)
    }

    @Test("Without a moment a list of positions is refused, unless its rows name one")
    func positionsWithoutMoment() throws {
        let header = "ticket,symbol,direction,volume,entry_price,entry_time,current_price"
        let row = "12,XAUUSD,sell,0.10,1950.50,2026-01-05T09:58:11Z,1955.75"

        let dated = try PositionFile.parse(
            Array("\(header),as_of\n\(row),2026-01-05T12:00:00+02:00\n".utf8), account: "a", asOf: nil)

        #expect(dated.asOf.description == "2026-01-05T10:00:00Z")
        #expect(throws: FileRefused([.init(detail: "needs as_of, the moment its positions were read")])) {
            try PositionFile.parse(Array("\(header)\n\(row)\n".utf8), account: "a", asOf: nil)
        }
        #expect(throws: FileRefused.self) {
            try PositionFile.parse(
                Array("\(header),as_of\n\(row),2026-01-05T12:00:00Z\n".utf8), account: "a",
                asOf: Timestamp(parsing: "2026-01-05T10:00:00Z"))
        }
    }

    @Test("A header without rows says that nothing is open")
    func noPositions() throws {
        let header = "ticket,symbol,direction,volume,entry_price,entry_time,current_price\n"

        let snapshot = try PositionFile.parse(Array(header.utf8), account: "a", asOf: Timestamp(seconds: 0))

        #expect(snapshot.positions.isEmpty && snapshot.completeness == .complete)
    }
}
