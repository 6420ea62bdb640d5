import PluginAPI
import Testing

@testable import TradingBook

/// One rule of the snapshot's fields: a change of a good body and the one problem it must give.
struct BrokenRule: Sendable, CustomTestStringConvertible {
    var change: String
    var with: String
    var pointer: String
    var detail: String

    var testDescription: String { "\(change) → \(with)" }

    init(_ change: String, _ with: String, _ pointer: String, _ detail: String) {
        (self.change, self.with, self.pointer, self.detail) = (change, with, pointer, detail)
    }
}

@Suite("A snapshot's body")
struct SnapshotBodyTests {
    @Test("The contract's example is read with exact figures")
    func example() throws {
        let snapshot = try SnapshotBody.parse(Array(goodSnapshot.utf8))

        #expect(snapshot.account == "acc-1")
        #expect(snapshot.asOf == Timestamp(parsing: "2026-01-05T10:00:00Z"))
        #expect(snapshot.figures == AccountFigures(balance: "10000", equity: "10052.5", margin: "120", credit: "0"))
        let position = try #require(snapshot.positions.first)
        #expect(position.ticket == 12345)
        #expect(position.entryPrice.description == "1950.50")
        #expect(position.takeProfit == "1960")
        #expect(position.profit == "52.5")
        #expect(position.comment == "trade:t-77")
        #expect(position.magic == 7)
        #expect(
            snapshot.flows == [Flow(id: "d-1", time: .init(seconds: 1_767_340_800), amount: "10000", kind: .deposit)])
        #expect(snapshot.quotes.first?.previousClose == "1953.10")
    }

    @Test("Each broken rule is named where it stands, with status 422", arguments: brokenRules)
    func rules(_ rule: BrokenRule) throws {
        let body = try #require(goodSnapshot.replacing(rule.change, rule.with))

        let problem = try #require(throws: Problem.self) { try SnapshotBody.parse(Array(body.utf8)) }

        #expect(problem.status == 422)
        #expect(problem.errors == [Problem.Item(.pointer(rule.pointer), rule.detail)])
    }

    @Test(
        "A body that is no JSON object is 400",
        arguments: [
            ("", "The body is not JSON: it is empty (line 1, column 1)."),
            ("{", "The body is not JSON: it lacks a member name (line 1, column 2)."),
            ("[]", "The body must be an object, not an array."),
            ("null", "The body must be an object, not null."),
            ("{\"a\":1,\"a\":2}", "The body is not JSON: it has the member \"a\" twice (line 1, column 8)."),
            ("{} {}", "The body is not JSON: it has text after its end (line 1, column 4)."),
        ])
    func unparsable(body: String, detail: String) throws {
        let problem = try #require(throws: Problem.self) { try SnapshotBody.parse(Array(body.utf8)) }

        #expect(problem.status == 400)
        #expect(problem.detail == detail)
    }

    @Test("Bytes that are not UTF-8 and nesting without end are 400, not a trap")
    func hostile() throws {
        let bodies: [[UInt8]] = [
            [0x22, 0xFF, 0x22], Array(repeating: UInt8(ascii: "["), count: 100_000),
            Array("{\"account_id\":\"\u{0}\"}".utf8),
        ]

        for body in bodies {
            let problem = try #require(throws: Problem.self) { try SnapshotBody.parse(body) }
            #expect(problem.status == 400)
        }
    }

    @Test("Every problem is listed at once")
    func allAtOnce() throws {
        let body = #"{"account_id": "a b", "completeness": "full", "positions": [{"ticket": 0}, 7], "flow": []}"#

        let problem = try #require(throws: Problem.self) { try SnapshotBody.parse(Array(body.utf8)) }

        #expect(
            problem.errors.map(\.place)
                == [
                    "/flow", "/account_id", "/as_of", "/completeness", "/positions/0/ticket", "/positions/0/symbol",
                    "/positions/0/direction", "/positions/0/volume", "/positions/0/entry_price",
                    "/positions/0/entry_time", "/positions/0/current_price", "/positions/1",
                ].map { .pointer($0) })
        #expect(problem.detail == "The snapshot breaks 12 rules.")
    }

    @Test("An oversized list is refused without reading it")
    func oversized() throws {
        let rows = Array(repeating: "0", count: 20_001).joined(separator: ",")
        let body =
            #"{"account_id":"a","as_of":"2026-01-05T10:00:00Z","completeness":"complete","positions":[\#(rows)]}"#

        let problem = try #require(throws: Problem.self) { try SnapshotBody.parse(Array(body.utf8)) }

        #expect(
            problem.errors == [
                Problem.Item(.pointer("/positions"), "has 20001 elements; at most 20000 are taken")
            ])
    }

    @Test("Equal repeats of a position stay in the list, by ticket, and count once as positions")
    func equalRepeats() throws {
        let earlier = positionText.replacing("12345", with: "12344")
        let respelled = positionText.replacing("0.10,", with: "\"0.1\",")
        let body = try #require(goodSnapshot.replacing(positionText, "\(positionText),\(earlier),\(respelled)"))

        let snapshot = try SnapshotBody.parse(Array(body.utf8))

        #expect(snapshot.positions.map(\.ticket) == [12344, 12345, 12345])
        #expect(snapshot.distinctPositions.map(\.ticket) == [12344, 12345])
        #expect(try SnapshotBody.parse(SnapshotContent.bytes(snapshot)) == snapshot)
    }

    @Test("Members may stand in any order, and their names may be written with escapes", arguments: 0..<15)
    func memberOrder(turn: Int) throws {
        guard case .object(let members) = try JSONValue(parsing: positionText.utf8) else {
            Issue.record("the position is no object")
            return
        }
        let text = (members[turn...] + members[..<turn].reversed()).map { member in
            var json = JSONWriter()
            json.canonical(member.value)
            let escaped = member.name.utf8.map { "\\u00\(String($0, radix: 16))" }.joined()
            return "\"\(member.name.utf8.count.isMultiple(of: 2) ? escaped : member.name)\":\(json.text)"
        }
        let body = try #require(goodSnapshot.replacing(positionText, "{\(text.joined(separator: ","))}"))

        #expect(try SnapshotBody.parse(Array(body.utf8)) == SnapshotBody.parse(Array(goodSnapshot.utf8)))
    }

    @Test("Each repeat with other content is named with the place of the first, in the list's order")
    func contradictions() throws {
        let (earlier, other) = (
            positionText.replacing("12345", with: "12344"), positionText.replacing("0.10", with: "0.2")
        )
        let rows = [positionText, earlier, other, earlier.replacing("buy", with: "sell"), positionText]
        let body = try #require(goodSnapshot.replacing(positionText, rows.joined(separator: ",")))

        let problem = try #require(throws: Problem.self) { try SnapshotBody.parse(Array(body.utf8)) }

        #expect(
            problem.errors == [
                .init(.pointer("/positions/2/ticket"), "repeats ticket 12345 of /positions/0 with other content"),
                .init(.pointer("/positions/3/ticket"), "repeats ticket 12344 of /positions/1 with other content"),
            ])
    }

    @Test("One flow_id with two contents is a conflict")
    func flowConflict() throws {
        let other = flowText.replacing("10000.00", with: "9999")
        let body = try #require(goodSnapshot.replacing(flowText, "\(flowText), \(other)"))

        let problem = try #require(throws: Problem.self) { try SnapshotBody.parse(Array(body.utf8)) }

        #expect(problem.status == 409)
        #expect(problem.errors == [Problem.Item(.pointer("/flows/1/flow_id"), "repeats d-1 with other content")])
    }

    @Test("A failed snapshot needs its error and nothing else")
    func failed() throws {
        let body = #"{"account_id":"a","as_of":"2026-01-05T10:00:00Z","completeness":"failed","error":"time-out"}"#

        let snapshot = try SnapshotBody.parse(Array(body.utf8))

        #expect(snapshot.error == "time-out")
        #expect(snapshot.positions.isEmpty)
    }

    @Test("Optional members may be absent or null; targets of zero are not set")
    func optionals() throws {
        let body = """
            {"account_id":"a","as_of":"2026-01-05T12:00:00.5+02:00","completeness":"partial","account":null,"flows":null,
             "positions":[{"ticket":"9223372036854775807","symbol":"xauusd","direction":"sell","volume":"0.10",
             "entry_price":1,"entry_time":"2026-01-05T09:58:11Z","current_price":2,"take_profit":0,"stop_loss":"0.00",
             "profit":null,"magic":null}]}
            """

        let position = try #require(try SnapshotBody.parse(Array(body.utf8)).positions.first)

        #expect(position.ticket == .max)
        #expect(position.volume == "0.1")
        #expect(position.takeProfit == nil)
        #expect(position.stopLoss == nil)
        #expect(position.profit == nil)
    }

    @Test("Canonical content is the same for any order of rows and spelling of numbers, and reads back")
    func canonical() throws {
        let second = positionText.replacing("12345", with: "12344")
        let first = try SnapshotBody.parse(
            Array(#require(goodSnapshot.replacing(positionText, "\(positionText),\(second)")).utf8))
        let respelled = goodSnapshot.replacing("0.10,", with: "\"0.1\",").replacing(
            "10:00:00Z\", \"comp", with: "11:00:00+01:00\", \"comp")
        let other = try SnapshotBody.parse(
            Array(
                #require(
                    respelled.replacing(
                        positionText.replacing("0.10,", with: "\"0.1\","), "\(second),\(positionText)")
                ).utf8))

        #expect(SnapshotContent.bytes(first) == SnapshotContent.bytes(other))
        #expect(try SnapshotBody.parse(SnapshotContent.bytes(first)) == first)
    }
}

private let brokenRules: [BrokenRule] = [
    // Names and presence.
    BrokenRule(#""account_id": "acc-1", "#, "", "/account_id", "is missing"),
    BrokenRule(#""account_id": "acc-1""#, #""account_id": null"#, "/account_id", "is missing"),
    BrokenRule(#""account_id": "acc-1""#, #""account_id": """#, "/account_id", idRule),
    BrokenRule(#""account_id": "acc-1""#, #""account_id": "a b""#, "/account_id", idRule),
    BrokenRule(#""account_id": "acc-1""#, #""account_id": "é""#, "/account_id", idRule),
    BrokenRule(#""acc-1""#, "\"\(String(repeating: "x", count: 129))\"", "/account_id", idRule),
    BrokenRule(#""account_id": "acc-1""#, #""account_id": 7"#, "/account_id", "must be a string, not a number"),
    BrokenRule(#""completeness""#, #""extra": 1, "completeness""#, "/extra", "is not a field here; known are \(known)"),
    BrokenRule(
        #""quotes""#, #""qoutes": [], "quotes""#, "/qoutes", #"is not a field here; did you mean "quotes"?"#),
    BrokenRule(#""margin""#, #""margn""#, "/account/margn", #"is not a field here; did you mean "margin"?"#),
    BrokenRule(#""swap""#, #""swop""#, "/positions/0/swop", #"is not a field here; did you mean "swap"?"#),
    BrokenRule(
        #""swap""#, #""a/b~c": 1, "swap""#, "/positions/0/a~1b~0c", "is not a field here; known are \(knownPosition)"),
    // Times.
    BrokenRule(
        "2026-01-05T10:00:00Z\", \"comp", "2026-01-05T10:00:00\", \"comp", "/as_of",
        "has no zone: end it with Z or an offset such as +02:00"),
    BrokenRule("2026-01-05T10:00:00Z\", \"comp", "yesterday\", \"comp", "/as_of", timeRule),
    BrokenRule("2026-01-05T10:00:00Z\", \"comp", "2026-02-30T10:00:00Z\", \"comp", "/as_of", timeRule),
    BrokenRule(
        "2026-01-05T10:00:00Z\", \"comp", "1969-12-31T23:59:59Z\", \"comp", "/as_of",
        "must be in the years 1970 to 9998"),
    BrokenRule(
        "2026-01-05T10:00:00Z\", \"comp", "9999-12-31T23:59:59Z\", \"comp", "/as_of",
        "must be in the years 1970 to 9998"),
    BrokenRule(#""2026-01-05T09:58:11Z""#, "1767607091", "/positions/0/entry_time", "must be a string, not a number"),
    // Completeness.
    BrokenRule(#""complete""#, #""full""#, "/completeness", "must be complete or partial or failed"),
    BrokenRule(#""quotes": ["#, #""error": "x", "quotes": ["#, "/error", "is only for a failed snapshot"),
    // Ticket and symbol.
    BrokenRule("12345", "0", "/positions/0/ticket", ticketRule),
    BrokenRule("12345", "-1", "/positions/0/ticket", ticketRule),
    BrokenRule("12345", "1.5", "/positions/0/ticket", ticketRule),
    BrokenRule("12345", "1e3", "/positions/0/ticket", ticketRule),
    BrokenRule("12345", "9223372036854775808", "/positions/0/ticket", ticketRule),
    BrokenRule("12345", #""+1""#, "/positions/0/ticket", ticketRule),
    BrokenRule("12345", "true", "/positions/0/ticket", "must be an integer or a string with one, not a boolean"),
    BrokenRule(#""symbol": "XAUUSD", "dir"#, #""symbol": "", "dir"#, "/positions/0/symbol", symbolRule),
    BrokenRule(#""symbol": "XAUUSD", "dir"#, #""symbol": "XÄU", "dir"#, "/positions/0/symbol", symbolRule),
    BrokenRule(
        #""symbol": "XAUUSD", "dir"#, #""symbol": "\#(String(repeating: "X", count: 65))", "dir"#,
        "/positions/0/symbol",
        symbolRule),
    BrokenRule(#""buy""#, #""long""#, "/positions/0/direction", "must be buy or sell"),
    BrokenRule(#""buy""#, #""BUY""#, "/positions/0/direction", "must be buy or sell"),
    // Decimals.
    BrokenRule(#""volume": 0.10"#, #""volume": 0"#, "/positions/0/volume", "must be greater than 0"),
    BrokenRule(#""volume": 0.10"#, #""volume": -0.1"#, "/positions/0/volume", "must be greater than 0"),
    BrokenRule(#""volume": 0.10"#, #""volume": 1e-1"#, "/positions/0/volume", "must be written without an exponent"),
    BrokenRule(#""volume": 0.10"#, #""volume": 0.123456789"#, "/positions/0/volume", "has more than 8 decimals"),
    BrokenRule(#""volume": 0.10"#, #""volume": "0,1""#, "/positions/0/volume", "is not a decimal number"),
    BrokenRule(#""volume": 0.10"#, #""volume": "NaN""#, "/positions/0/volume", "is not a decimal number"),
    BrokenRule(#""volume": 0.10"#, #""volume": " 1""#, "/positions/0/volume", "is not a decimal number"),
    BrokenRule(
        #""volume": 0.10"#, #""volume": 92000000000"#, "/positions/0/volume",
        "is out of range: magnitudes are below 92000000000"),
    BrokenRule(
        #""volume": 0.10"#, #""volume": []"#, "/positions/0/volume",
        "must be a number or a string with one, not an array"),
    BrokenRule(#""entry_price": 1950.50"#, #""entry_price": 0"#, "/positions/0/entry_price", "must be greater than 0"),
    BrokenRule(
        #""current_price": 1955.75"#, #""current_price": -1"#, "/positions/0/current_price", "must be greater than 0"),
    BrokenRule(
        #""take_profit": 1960.00"#, #""take_profit": -1"#, "/positions/0/take_profit",
        "must be greater than 0, or 0 for none"),
    BrokenRule(#""stop_loss": 1945.00"#, #""stop_loss": "x""#, "/positions/0/stop_loss", "is not a decimal number"),
    BrokenRule(
        #""profit": 52.50"#, #""profit": {}"#, "/positions/0/profit",
        "must be a number or a string with one, not an object"),
    BrokenRule(#""balance": 10000.00"#, #""balance": 1E4"#, "/account/balance", "must be written without an exponent"),
    // Texts and integers.
    BrokenRule(#""trade:t-77""#, "7", "/positions/0/comment", "must be a string, not a number"),
    BrokenRule(#""trade:t-77""#, #""\u0000""#, "/positions/0/comment", "must not contain U+0000"),
    BrokenRule(
        #""trade:t-77""#, "\"\(String(repeating: "x", count: 1_025))\"", "/positions/0/comment",
        "is longer than 1024 bytes"),
    BrokenRule(#""magic": 7"#, #""magic": 7.5"#, "/positions/0/magic", integerRule),
    BrokenRule(#""magic": 7"#, #""magic": 9223372036854775808"#, "/positions/0/magic", integerRule),
    BrokenRule(#""magic": 7"#, #""magic": "7""#, "/positions/0/magic", "must be an integer, not a string"),
    // Shapes.
    BrokenRule(
        #""account": {"balance": 10000.00, "equity": 10052.50, "margin": 120.00, "credit": 0}"#, #""account": []"#,
        "/account", "must be an object, not an array"),
    BrokenRule("[\(positionText)]", "{}", "/positions", "must be an array, not an object"),
    BrokenRule("\"positions\": [\(positionText)],", "", "/positions", "is missing"),
    BrokenRule(positionText, "7", "/positions/0", "must be an object, not a number"),
    BrokenRule(
        positionText, "\(positionText), \(positionText.replacing("0.10", with: "0.20"))", "/positions/1/ticket",
        "repeats ticket 12345 of /positions/0 with other content"),
    // Flows.
    BrokenRule(
        #""kind": "deposit""#, #""kind": "gift""#, "/flows/0/kind",
        "must be deposit or withdrawal or credit or fee or correction"),
    BrokenRule(
        "\"amount\": 10000.00", "\"amount\": -10000", "/flows/0/amount",
        "must be positive: a deposit adds to the account"),
    BrokenRule(
        #""kind": "deposit""#, #""kind": "withdrawal""#, "/flows/0/amount",
        "must be negative: a withdrawal takes from the account"),
    BrokenRule(#""flow_id": "d-1", "#, "", "/flows/0/flow_id", "is missing"),
    // Quotes.
    BrokenRule(#""ask": 1955.80"#, #""ask": 1955.60"#, "/quotes/0/ask", "must not be below the bid"),
    BrokenRule(#""bid": 1955.70"#, #""bid": 0"#, "/quotes/0/bid", "must be greater than 0"),
    BrokenRule(
        #""previous_close": 1953.10"#, #""previous_close": -3"#, "/quotes/0/previous_close", "must be greater than 0"),
]

private let idRule = "must be 1 to 128 characters of printable ASCII without space"
private let symbolRule = "must be 1 to 64 characters of printable ASCII"
private let ticketRule = "must be an integer from 1 to 9223372036854775807"
private let integerRule = "must be an integer from -9223372036854775808 to 9223372036854775807"
private let timeRule = "is not an ISO 8601 time with a zone, such as 2026-01-05T10:00:00Z"
private let known = SnapshotBody.fields.joined(separator: ", ")
private let knownPosition = SnapshotBody.positionFields.joined(separator: ", ")

private let positionText = """
    {"ticket": 12345, "symbol": "XAUUSD", "direction": "buy", "volume": 0.10, "entry_price": 1950.50, \
    "entry_time": "2026-01-05T09:58:11Z", "current_price": 1955.75, "take_profit": 1960.00, "stop_loss": 1945.00, \
    "profit": 52.50, "swap": 0, "commission": 0, "taxes": 0, "comment": "trade:t-77", "magic": 7}
    """
private let flowText = #"{"flow_id": "d-1", "time": "2026-01-02T08:00:00Z", "amount": 10000.00, "kind": "deposit"}"#
private let goodSnapshot = """
    {"account_id": "acc-1", "as_of": "2026-01-05T10:00:00Z", "completeness": "complete", \
    "account": {"balance": 10000.00, "equity": 10052.50, "margin": 120.00, "credit": 0}, \
    "positions": [\(positionText)], "flows": [\(flowText)], \
    "quotes": [{"symbol": "XAUUSD", "bid": 1955.70, "ask": 1955.80, "open": 1954.00, "previous_close": 1953.10, \
    "time": "2026-01-05T10:00:00Z"}]}
    """

extension String {
    /// With the first `old` replaced; `nil` when there is none, so that no case can pass by accident.
    fileprivate func replacing(_ old: String, _ new: String) -> String? {
        guard firstRange(of: old) != nil else { return nil }
        return replacing(old, with: new, maxReplacements: 1)
    }
}
