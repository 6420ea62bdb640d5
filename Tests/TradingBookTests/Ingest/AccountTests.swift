import PluginAPI
import PluginTesting
import SQLiteStorage
import Testing

@testable import TradingBook

@Suite("Accounts and instruments")
struct AccountTests {
    @Test("A put account is answered as it now stands")
    func put() async throws {
        try await BookFixture.run { book in
            let body = """
                {"user_id": "user-2", "mode": "netting", "currency": "JPY", "time_zone": "America/New_York+07:00",
                 "broker": "Demo", "login": "123", "snapshot_interval": "manual"}
                """

            let answer = try await book.text("putAccount", body, parameters: ["id": .text("acc-2")])

            #expect(
                answer == """
                    {"account_id":"acc-2","user_id":"user-2","mode":"netting","currency":"JPY",\
                    "time_zone":"America/New_York+07:00","broker":"Demo","login":"123","snapshot_interval":"manual",\
                    "balance":null,"equity":null,"snapshots_total":0,"last_snapshot_at":null,"last_received_at":null,\
                    "last_completeness":null,"last_error":null,"created_at":"2026-01-05T10:00:00Z",\
                    "updated_at":"2026-01-05T10:00:00Z"}
                    """)
            #expect(try await book.text("account", parameters: ["id": .text("acc-2")]) == answer)
            #expect(try await book.count("users") == 2)
            #expect(try await book.count("audit_logs") == 2)
        }
    }

    @Test("An account's figures have its currency's digits")
    func figures() async throws {
        try await BookFixture.run { book in
            _ = try await book.call("snapshots", snapshotBody())

            let answer = try await book.text("account", parameters: ["id": .text("acc-1")])

            #expect(answer.contains(#""balance":10000.00,"equity":10052.50,"snapshots_total":1"#))
        }
    }

    @Test("Only an operator gives an account to another owner, and both are told")
    func owner() async throws {
        try await BookFixture.run { book in
            let body = book.account(user: "user-2")

            let refused = try await book.refusal("putAccount", body, parameters: ["id": .text("acc-1")])
            let reply = try await book.call(
                "putAccount", body, by: BookFixture.operator, parameters: ["id": .text("acc-1")])

            #expect(refused.status == 409)
            #expect(refused.errors.map(\.place) == [.pointer("/user_id")])
            #expect(reply.invalidates == [.account("acc-1"), .user("user-1"), .user("user-2")])
            #expect(try await book.book.owner(of: "acc-1") == "user-2")
            #expect(try await book.book.accounts(of: "user-1") == [])
        }
    }

    @Test("An agent puts only the accounts that its token covers")
    func coverage() async throws {
        try await BookFixture.run { book in
            let agent = Caller(subject: "agent-2", role: .agent, grant: .accounts(["acc-2"]))

            _ = try await book.call(
                "putAccount", book.account(user: "u"), by: agent, parameters: ["id": .text("acc-2")])
            let refused = try await book.refusal(
                "putAccount", book.account(user: "u"), by: agent, parameters: ["id": .text("acc-1")])

            #expect(refused.status == 404)
        }
    }

    @Test("The currency is fixed once figures are stored")
    func currency() async throws {
        try await BookFixture.run { book in
            try await book.put("acc-1", book.account(user: "user-1", currency: "EUR"))
            try await book.put("acc-1", book.account(user: "user-1"))
            _ = try await book.call("snapshots", snapshotBody())

            let refused = try await book.refusal(
                "putAccount", book.account(user: "user-1", currency: "EUR"), parameters: ["id": .text("acc-1")])

            #expect(refused.status == 409)
        }
    }

    @Test(
        "Each broken rule of an account is named",
        arguments: [
            (#""currency": "usd""#, "/currency", "is not an ISO 4217 currency code in upper case, such as EUR"),
            (#""currency": "USD", "mode": "both""#, "/mode", "must be hedging or netting"),
            (
                #""currency": "USD", "time_zone": "Mars/Base""#, "/time_zone",
                "is not a time zone: an IANA name, UTC+02:00, or an IANA name with an offset such as America/New_York+07:00"
            ),
            (
                #""currency": "USD", "snapshot_interval": "10""#, "/snapshot_interval",
                "must be a duration from 100ms to 7d, such as 10s, or manual"
            ),
            (#""currency": "USD", "logn": "1""#, "/logn", #"is not a field here; did you mean "login"?"#),
            (#""mode": "hedging""#, "/currency", "is missing"),
        ])
    func rules(members: String, pointer: String, detail: String) async throws {
        let problem = #expect(throws: Problem.self) {
            try AccountBody.parse(Array(#"{"user_id": "u", \#(members)}"#.utf8), id: "acc-1")
        }

        #expect(problem?.status == 422)
        #expect(problem?.errors == [Problem.Item(.pointer(pointer), detail)])
    }

    @Test("The list of accounts is what the token may read")
    func list() async throws {
        try await BookFixture.run { book in
            try await book.put("acc-2", book.account(user: "user-2"))
            func ids(_ caller: Caller) async throws -> [JSONValue] {
                let list = try JSONValue(parsing: try await book.call("accounts", by: caller).body)
                guard case .array(let accounts)? = list["accounts"] else { return [] }
                return accounts.compactMap { $0["account_id"] }
            }

            #expect(try await ids(Caller(subject: "user-2", role: .user)) == [.string("acc-2")])
            #expect(try await ids(Caller(subject: "nobody", role: .user)) == [])
            #expect(try await ids(BookFixture.operator) == [.string("acc-1"), .string("acc-2")])
            #expect(
                try await ids(Caller(subject: "a", role: .agent, grant: .accounts(["acc-1"]))) == [.string("acc-1")])
            #expect(try await ids(Caller(subject: "a", role: .agent)) == [])
        }
    }

    @Test("Equity is given point by point, thinned by taking the last of each stretch")
    func equity() async throws {
        try await BookFixture.run { book in
            for second in 0..<10 {
                _ = try await book.call(
                    "snapshots", snapshotBody(at: "2026-01-05T10:00:0\(second)Z", tickets: [], equity: "10\(second).5"))
            }

            let points = try await book.text("equity", parameters: ["id": .text("acc-1"), "points": .integer(2)])
            let stretch = try await book.text(
                "equity",
                parameters: [
                    "id": .text("acc-1"), "from": .timestamp(Timestamp(seconds: 1_767_607_203)),
                    "to": .timestamp(Timestamp(seconds: 1_767_607_204)),
                ])
            let empty = try await book.refusal(
                "equity",
                parameters: [
                    "id": .text("acc-1"), "from": .timestamp(Timestamp(seconds: 2)),
                    "to": .timestamp(Timestamp(seconds: 1)),
                ])

            #expect(
                points == """
                    {"points":[{"time":"2026-01-05T10:00:04Z","equity":104.50,"balance":10000.00,"peak":null},\
                    {"time":"2026-01-05T10:00:09Z","equity":109.50,"balance":10000.00,"peak":null}]}
                    """)
            #expect(
                stretch == """
                    {"points":[{"time":"2026-01-05T10:00:03Z","equity":103.50,"balance":10000.00,"peak":null}]}
                    """)
            #expect(empty.status == 400)
        }
    }

    @Test("A described instrument gives open rows their canonical symbol and digits")
    func instrument() async throws {
        try await BookFixture.run { book in
            let body = snapshotBody(tickets: [1]).replacing("XAUUSD", with: "SpotGold")
                .replacing("\"current_price\"", with: "\"profit\": 1, \"current_price\"")
            _ = try await book.call("snapshots", body)

            let reply = try await book.call(
                "putInstrument",
                #"{"digits": 3, "pip": 0.1, "multiplier": 100, "quote_currency": "USD", "aliases": ["spotgold", "GOLD"]}"#,
                parameters: ["symbol": .text("xauusd")])

            #expect(
                String(decoding: reply.body, as: UTF8.self) == """
                    {"symbol":"XAUUSD","digits":3,"pip":0.1,"multiplier":100,"quote_currency":"USD",\
                    "aliases":["GOLD","SPOTGOLD"]}
                    """)
            #expect(reply.invalidates == [.everything])
            let row = try #require(try await book.rows("SELECT symbol, broker_symbol, digits FROM positions").first)
            #expect(row.text(0) == "XAUUSD")
            #expect(row.text(1) == "SpotGold")
            #expect(row.integer(2) == 3)
            #expect(try await book.canonical("gold") == "XAUUSD")
        }
    }

    @Test("An alias belongs to one instrument")
    func aliasConflict() async throws {
        try await BookFixture.run { book in
            let body = #"{"digits": 2, "pip": 1, "multiplier": 1, "quote_currency": "USD", "aliases": ["SPX"]}"#
            _ = try await book.call("putInstrument", body, parameters: ["symbol": .text("US500")])

            let problem = try await book.refusal("putInstrument", body, parameters: ["symbol": .text("SP500")])

            #expect(problem.status == 409)
            #expect(try await book.count("instruments") == 1)
        }
    }

    /// An instrument of the configuration.
    private func entry(_ aliases: [String]) -> ConfigurationValue {
        .mapping([
            "digits": .integer(1), "pip": .decimal("0.1"), "multiplier": .decimal("10"),
            "quote_currency": .text("USD"), "aliases": .list(aliases.map { .text($0) }),
        ])
    }

    @Test("What a filter calls a symbol stands for the same in a statement as in the book, whoever describes it")
    func canonicalInStatements() async throws {
        let instruments: ConfigurationValue = .mapping([
            "US500": entry(["spx", "gbpusd", "eurusd-x", "gold"]), "DE40": entry(["dax"]),
        ])
        try await BookFixture.run(configuration: ModuleConfiguration(["instruments": instruments])) { book in
            // Whatever may have been stored before the configuration came to name the same.
            let now = book.clock.now
            try await book.storage.transaction(deadline: nil) { transaction in
                for symbol in ["XAUUSD", "DAX", "SPX", "EURUSD_X"] {
                    try transaction.execute(
                        """
                        INSERT INTO instruments (symbol, digits, pip, multiplier, quote_currency, updated_at)
                        VALUES (\(symbol), 2, 1, 1, 'USD', \(now))
                        """)
                }
                for (alias, symbol) in [
                    ("GOLD", "XAUUSD"), ("EURUSD.M", "XAUUSD"), ("US500", "SPX"), ("EURGBP", "SPX"), ("DAX", "XAUUSD"),
                ] {
                    try transaction.execute(
                        "INSERT INTO instrument_aliases (alias, symbol) VALUES (\(alias), \(symbol))")
                }
            }

            let names = [
                "us500", "SPX", "spx", "de40", "DAX", "gold", "GOLD.x", "xauusd", "XAUUSD-2", "gbpusd", "gbpusd-2",
                "eurusd",
                "EURUSD.m", "eurusd-x", "eurusd_x", "EURUSDx", "eurgbp", "usdusd", "unknown", "ünknown", "eur", "",
            ]
            for name in names {
                let expected = try await book.storage.transaction(deadline: nil) { transaction in
                    try book.book.instruments.book(resolving: [name], in: transaction).canonical(name)
                }
                #expect(try await book.canonical(name) == expected, "\(name)")
            }
        }
    }

    @Test("Instruments of the configuration are known, and names given twice are refused")
    func configured() async throws {
        let good = ModuleConfiguration(["instruments": .mapping(["US500": entry(["spx"])])])
        let bad = ModuleConfiguration(["instruments": .mapping(["US500": entry(["spx"]), "SPX": entry([])])])

        #expect(try InstrumentSettings.book(good).canonical("SPX") == "US500")
        #expect(throws: ModuleError.misconfigured(key: "instruments.US500", detail: "names spx, which is given twice"))
        {
            try InstrumentSettings.book(bad)
        }
    }
}
