import PluginAPI
import Testing

@testable import Host

/// What a client can get wrong about parameters, and what it is told.
struct ParameterTests {
    static let zone = "must be an ISO 8601 time with a zone, like 2026-01-05T10:00:00Z, or a relative one, like -30d"
    static let printable = "must be 1 to 128 bytes of printable ASCII without space"
    static let symbolRule = "must be 1 to 64 bytes of printable ASCII"
    static let choiceRule = "must be one of buy, sell"
    static let choicesRule = "must be a comma list of open, snoozed, resolved"
    static let durationRule = "must be a duration like 90s, 5m, 2h or 1d"

    static let bad: [(query: String, name: String, detail: String)] = [
        ("limit=", "limit", "is empty"),
        ("limit", "limit", "is empty"),
        ("limit=0", "limit", "must be between 1 and 500"),
        ("limit=501", "limit", "must be between 1 and 500"),
        ("limit=-1", "limit", "must be between 1 and 500"),
        ("limit=99999999999999999999", "limit", "must be between 1 and 500"),
        ("limit=ten", "limit", "is not an integer"),
        ("limit=%2B5", "limit", "is not an integer"),
        ("limit=5.0", "limit", "is not an integer"),
        ("limit=1e2", "limit", "is not an integer"),
        ("limit=-", "limit", "is not an integer"),
        ("limit=%205", "limit", "is not an integer"),
        ("limit=%D9%A3", "limit", "is not an integer"),
        ("limit=5&limit=5", "limit", "is given more than once"),
        ("limit=5&limit=6&limit=7", "limit", "is given more than once"),
        ("limit=5%", "limit", "is not percent-encoded UTF-8"),
        ("limit=%G0", "limit", "is not percent-encoded UTF-8"),
        ("limit=%FF", "limit", "is not percent-encoded UTF-8"),
        ("limt=5", "limt", "is unknown; the nearest valid one is limit"),
        ("Limit=5", "Limit", "is unknown; the nearest valid one is limit"),
        ("simbol=A", "simbol", "is unknown; the nearest valid one is symbol"),
        ("accountid=a1", "accountid", "is unknown; the nearest valid one is account_id"),
        ("%00=1", "\0", "is unknown; the nearest valid one is to"),
        ("=1", "", "is unknown; the nearest valid one is to"),
        ("limit%20=5", "limit ", "is unknown; the nearest valid one is limit"),
        ("symbol=", "symbol", "is empty"),
        ("symbol=%C3%A9", "symbol", symbolRule),
        ("symbol=a%0Ab", "symbol", symbolRule),
        ("symbol=" + String(repeating: "X", count: 65), "symbol", symbolRule),
        ("account_id=", "account_id", "is empty"),
        ("account_id=a%20b", "account_id", printable),
        ("account_id=a+b", "account_id", printable),
        ("account_id=%00", "account_id", printable),
        ("account_id=%E2%84%AA", "account_id", printable),
        ("account_id=" + String(repeating: "a", count: 129), "account_id", printable),
        ("price=1e5", "price", "must be written without an exponent"),
        ("price=abc", "price", "is not a decimal number"),
        ("price=.5", "price", "is not a decimal number"),
        ("price=5.", "price", "is not a decimal number"),
        ("price=NaN", "price", "is not a decimal number"),
        ("price=1.123456789", "price", "has more than 8 decimals"),
        ("price=99999999999", "price", "is out of range: magnitudes are below 92000000000"),
        ("price=-0.01", "price", "must be between 0 and 1000.5"),
        ("price=1000.51", "price", "must be between 0 and 1000.5"),
        ("deep=yes", "deep", "must be true or false"),
        ("deep=TRUE", "deep", "must be true or false"),
        ("deep=1", "deep", "must be true or false"),
        ("from=yesterday", "from", zone),
        ("from=2026-01-05", "from", zone),
        ("from=2026-01-05T10:00:00", "from", zone),
        ("from=2026-02-30T10:00:00Z", "from", zone),
        ("from=1767607200", "from", zone),
        ("from=30d", "from", zone),
        ("from=-30", "from", zone),
        ("from=-d", "from", zone),
        ("from=-1w", "from", zone),
        ("from=-36501d", "from", "is out of range: at most 36500d"),
        ("from=-99999999999999999999s", "from", "is out of range: at most 36500d"),
        ("from=2026-01-05T10:00:00+02:00", "from", "has a space where its zone begins: send + as %2B"),
        ("age=5", "age", durationRule),
        ("age=m", "age", durationRule),
        ("age=-5m", "age", durationRule),
        ("age=1.5h", "age", durationRule),
        ("age=5ms", "age", durationRule),
        ("age=9223372036854775807d", "age", "is out of range: at most 36500d"),
        ("side=BUY", "side", choiceRule),
        ("side=hold", "side", choiceRule),
        ("status=open,", "status", choicesRule),
        ("status=,", "status", choicesRule),
        ("status=closed", "status", choicesRule),
        ("status=open,open", "status", "names open twice"),
        ("note=12345678901", "note", "is longer than 10 bytes"),
        ("note=a%00b", "note", "has a control character"),
        ("cursor=" + String(repeating: "A", count: 2_049), "cursor", "is longer than 2048 bytes"),
    ]

    @Test("A bad parameter is refused by name, with what is wrong with it", arguments: bad)
    func refusals(query: String, name: String, detail: String) {
        let problem = #expect(throws: Problem.self) { try read(query) }

        #expect(problem == .badParameter(name, detail))
    }

    @Test("Everything that is wrong is told at once, path first, then in the order it was sent")
    func allAtOnce() {
        let problem = #expect(throws: Problem.self) {
            try read("limit=0&side=hold&limt=5&limt=6&side=buy", path: ["id": "a b"])
        }

        #expect(problem?.status == 400)
        #expect(problem?.detail == "5 parameters are wrong.")
        #expect(
            problem?.errors == [
                .init(.parameter("id"), Self.printable),
                .init(.parameter("limit"), "must be between 1 and 500"),
                .init(.parameter("side"), Self.choiceRule),
                .init(.parameter("limt"), "is unknown; the nearest valid one is limit"),
                .init(.parameter("side"), "is given more than once"),
            ])
    }

    @Test("Good parameters become typed values")
    func values() throws {
        let read = try read(
            "&limit=007&price=1000.50&deep=true&from=-12h&to=2026-01-05T10%3A00%3A00%2B02%3A00&age=5m"
                + "&side=sell&status=resolved,open&note=a+b&symbol=EUR%2FUSD&account_id=a1&cursor=abc&")

        #expect(read.values["limit"] == .integer(7))
        #expect(read.values["price"] == .decimal("1000.5"))
        #expect(read.values["deep"] == .boolean(true))
        #expect(read.values["from"] == .timestamp(now - .seconds(12 * 3_600)))
        #expect(read.values["to"] == .timestamp(Timestamp(seconds: 1_767_600_000)))
        #expect(read.values["age"] == .integer(300_000_000))
        #expect(read.values["side"] == .text("sell"))
        #expect(read.choices["status"] == ["open", "resolved"])
        #expect(read.values["note"] == .text("a b"))
        #expect(read.values["symbol"] == .text("EUR/USD"))
        #expect(read.account == "a1")
        #expect(read.cursor == "abc")
    }

    @Test("Absent parameters have their defaults, or are not there")
    func defaults() throws {
        let read = try read(nil)

        #expect(read.values["limit"] == .integer(50))
        #expect(read.values["from"] == .timestamp(now - .seconds(30 * 86_400)))
        #expect(read.choices["status"] == ["open", "snoozed"])
        #expect(read.values["to"] == nil)
        #expect(read.account == nil)
    }

    @Test(
        "Equal values have equal keys however they were written",
        arguments: [
            ("limit=50", ""), ("limit=050", ""), ("from=-30d", "from=-720h"), ("from=-30d", ""),
            ("status=snoozed,open", ""), ("price=1.50", "price=1.5"), ("side=buy&deep=true", "deep=true&side=buy"),
            ("to=2026-01-05T10:00:00Z", "to=2026-01-05T12:00:00%2B02:00"), ("age=60m", "age=1h"),
        ]
    )
    func equalKeys(left: String, right: String) throws {
        #expect(try read(left).keyTexts == read(right).keyTexts)
    }

    @Test(
        "Different values have different keys",
        arguments: [
            ("symbol=all", ""), ("from=-30d", "from=-31d"), ("status=open", "status=open,snoozed"),
            ("note=a", "symbol=a"), ("price=1", "price=10"), ("from=-1s", "to=-1s"),
        ]
    )
    func differentKeys(left: String, right: String) throws {
        #expect(try read(left).keyTexts != read(right).keyTexts)
    }

    @Test("An operation without parameters says so")
    func noParameters() {
        let reader = ParameterReader(.constant(scope: .caller), pathNames: [])

        #expect(throws: Problem.badParameter("x", "is unknown: there are no parameters here")) {
            try reader.read(path: [:], query: "x=1", now: now)
        }
        #expect(throws: Problem.badParameter("cursor", "is unknown: there are no parameters here")) {
            try reader.read(path: [:], query: "cursor=1", now: now)
        }
    }
}

private let now = Timestamp(seconds: 1_767_607_200)

private func read(_ query: String?, path: [String: String] = ["id": "t-1"]) throws -> ReadParameters {
    let operation = Operation.constant(
        at: "/things/{id}",
        parameters: [
            .limit(default: 50), .symbol, .time("from", default: .ago(days: 30)), .time("to"),
            Parameter("price", .decimal("0"..."1000.5")), Parameter("deep", .boolean), Parameter("age", .duration),
            Parameter("side", .choice(["buy", "sell"])), Parameter("note", .text(maxBytes: 10)),
            Parameter("status", .choices(["open", "snoozed", "resolved"]), default: .value(.text("open,snoozed"))),
        ], isPaged: true)
    return try ParameterReader(operation, pathNames: ["id"]).read(path: path, query: query, now: now)
}
