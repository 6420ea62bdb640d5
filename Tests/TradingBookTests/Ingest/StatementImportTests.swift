import PluginAPI
import PluginTesting
import SQLiteStorage
import Testing

@testable import TradingBook

@Suite("Importing a statement")
struct StatementImportTests {
    @Test("Its rows become flows, closed positions and a complete snapshot; twice changes nothing")
    func twice() async throws {
        let stage = RecordingStage()
        try await BookFixture.run(stages: [stage]) { book in
            let first = try await book.importing(statement())
            let before = try await book.counts()

            let second = try await book.importing(statement())

            #expect(
                first.hasPrefix(
                    """
                    {"as_of":"2026-01-05T10:00:00Z","open":1,"closed":1,"balance_movements":1,"cancelled_orders":2,\
                    "totals":{"closed_pnl":10.00,"floating_pnl":5.00,"balance":1010.00,"equity":1015.00,"margin":1.00},\
                    "run":{"run_id":"run-1-0","verdict":"reconciled"
                    """))
            #expect(second == first.replacing(#""duplicate":false"#, with: #""duplicate":true"#))
            #expect(try await book.counts() == before)
            #expect(stage.changes.first?.snapshot.figures?.equity == "1015")
            #expect(try await book.openTickets() == [2])
            let closed = try #require(
                try await book.rows(
                    "SELECT status, close_price, realized_pnl, close_reason FROM positions WHERE ticket = 1"
                ).first)
            #expect(closed.text(0) == "closed")
            #expect(closed.decimal(1) == "1960")
            #expect(closed.decimal(2) == "10")
            #expect(closed.text(3) == "tp")
        }
    }

    @Test("A position that a snapshot closed gets its price, and the stages hear of those that were open")
    func settles() async throws {
        let stage = RecordingStage()
        try await BookFixture.run(stages: [stage]) { book in
            _ = try await book.call("snapshots", snapshotBody(at: "2026-01-05T09:59:00Z", tickets: [1, 2]))

            _ = try await book.importing(statement())

            #expect(stage.changes.last?.closedTickets == [1])
            #expect(
                try await book.rows("SELECT realized_pnl FROM positions WHERE ticket = 1").first?.decimal(0) == "10")
        }
    }

    @Test("Another end than the stored one is a conflict, and nothing is stored")
    func contradiction() async throws {
        try await BookFixture.run { book in
            _ = try await book.importing(statement())
            let before = try await book.counts()
            var other = statement()
            other.asOf = Timestamp(seconds: 1_767_607_210)
            other.closed[0].closePrice = "1959"

            let problem = await #expect(throws: Problem.self) { _ = try await book.importing(other) }

            #expect(problem?.status == 409)
            #expect(try await book.counts() == before)
        }
    }

    @Test("A file that was taken is answered as it was, also when a newer snapshot lists what it closed")
    func twiceWithNews() async throws {
        try await BookFixture.run(stages: [RecordingStage()]) { book in
            let first = try await book.importing(statement())
            _ = try await book.call("snapshots", snapshotBody(at: "2026-01-05T10:00:30Z", tickets: [1, 2]))
            let before = try await book.counts()

            let second = try await book.importing(statement())

            #expect(second == first.replacing(#""duplicate":false"#, with: #""duplicate":true"#))
            #expect(try await book.openTickets() == [1, 2])
            #expect(try await book.counts() == before)
        }
    }

    @Test(
        "A statement cannot close what a snapshot made after it listed, open or closed since",
        arguments: [[1, 2], [2]])
    func listedLater(newest: [Int]) async throws {
        try await BookFixture.run { book in
            _ = try await book.call("snapshots", snapshotBody(at: "2026-01-05T10:00:10Z", tickets: [1, 2]))
            _ = try await book.call("snapshots", snapshotBody(at: "2026-01-05T10:00:30Z", tickets: newest))
            let before = try await book.counts()

            let problem = await #expect(throws: Problem.self) { _ = try await book.importing(statement()) }

            #expect(problem?.status == 409)
            #expect(problem?.errors.first?.detail.contains("ticket 1 ") == true)
            #expect(try await book.counts() == before)
            let price = try await book.rows("SELECT close_price FROM positions WHERE ticket = 1").first?.decimal(0)
            #expect(price == nil)
        }
    }

    @Test("A late statement tells the price of what snapshots after it no longer listed")
    func settlesLate() async throws {
        try await BookFixture.run { book in
            _ = try await book.call("snapshots", snapshotBody(at: "2026-01-05T09:59:00Z", tickets: [1, 2]))
            _ = try await book.call("snapshots", snapshotBody(at: "2026-01-05T10:00:30Z", tickets: [2]))

            _ = try await book.importing(statement())

            let row = try await book.rows("SELECT status, close_price FROM positions WHERE ticket = 1").first
            #expect(row?.text(0) == "closed")
            #expect(row?.decimal(1) == "1960")
        }
    }

    @Test(
        "A statement corrects what an agent has reported, and keeps the reason unless it knows better",
        arguments: [nil, "1960"] as [FixedDecimal?])
    func correctsReport(takeProfit: FixedDecimal?) async throws {
        try await BookFixture.run { book in
            _ = try await book.call("snapshots", snapshotBody(at: "2026-01-05T09:59:00Z", tickets: [1, 2]))
            let reported = try await book.closing(1, at: "1959", closedAt: "2026-01-05T09:59:30Z")
            var later = statement()
            later.closed[0].position.takeProfit = takeProfit

            _ = try await book.importing(later)

            #expect(reported.realizedPnL == "85")
            let row = try #require(
                try await book.rows(
                    "SELECT close_price, realized_pnl, close_reason FROM positions WHERE ticket = 1"
                ).first)
            #expect(row.decimal(0) == "1960")
            #expect(row.decimal(1) == "10")
            #expect(row.text(2) == (takeProfit == nil ? "drawdown" : "tp"))
        }
    }

    @Test("What a statement has settled no other may contradict, although an agent had closed the position on command")
    func contradictsSettled() async throws {
        try await BookFixture.run { book in
            _ = try await book.call("snapshots", snapshotBody(at: "2026-01-05T09:59:00Z", tickets: [1, 2]))
            _ = try await book.closing(1, at: "1959", closedAt: "2026-01-05T09:59:30Z")
            var first = statement()
            first.closed[0].position.takeProfit = nil
            _ = try await book.importing(first)
            var (same, other) = (first, first)
            same.asOf = Timestamp(seconds: 1_767_607_210)
            other.asOf = Timestamp(seconds: 1_767_607_220)
            other.closed[0].realizedPnL = "11"

            _ = try await book.importing(same)
            let before = try await book.counts()
            let problem = await #expect(throws: Problem.self) { _ = try await book.importing(other) }

            #expect(problem?.status == 409)
            #expect(problem?.errors.map(\.detail) == ["Closed Transactions: ticket 1 is stored with another end"])
            #expect(try await book.counts() == before)
            let row = try await book.rows(
                "SELECT realized_pnl, close_reason, settled_by FROM positions WHERE ticket = 1"
            ).first
            #expect(row?.decimal(0) == "10")
            #expect(row?.text(1) == "drawdown")
            #expect(row?.text(2) == "statement")
        }
    }

    @Test(
        "A position that is open again, or that a snapshot closed again, is nobody's to settle but the next statement's"
    )
    func settlementEnds() async throws {
        try await BookFixture.run { book in
            func settledBy() async throws -> String? {
                try await book.rows("SELECT settled_by FROM positions WHERE ticket = 1").first?.text(0)
            }
            _ = try await book.importing(statement())
            #expect(try await settledBy() == "statement")
            _ = try await book.call("snapshots", snapshotBody(at: "2026-01-05T10:00:10Z", tickets: [1, 2]))
            #expect(try await settledBy() == nil)
            _ = try await book.closing(1, at: "1959", closedAt: "2026-01-05T10:00:12Z")
            #expect(try await settledBy() == "report")
            _ = try await book.call("snapshots", snapshotBody(at: "2026-01-05T10:00:11Z", tickets: [1, 2]))
            _ = try await book.call("snapshots", snapshotBody(at: "2026-01-05T10:00:20Z", tickets: [2]))
            #expect(try await settledBy() == nil)
        }
    }

    @Test("What was closed before it was kept whose word it is gets it from the reason, or from nobody without a price")
    func settledBefore() async throws {
        try await BookFixture.run { book in
            let step = try #require(BookModule.migrations.first { $0.number == 9 })
            _ = try await book.importing(statement())
            _ = try await book.call("snapshots", snapshotBody(at: "2026-01-05T10:00:10Z", tickets: [2, 3, 4]))
            _ = try await book.closing(3, at: "1959", closedAt: "2026-01-05T10:00:12Z")
            _ = try await book.call("snapshots", snapshotBody(at: "2026-01-05T10:00:20Z", tickets: [2]))

            try await book.storage.migrationTransaction { transaction in
                try transaction.executeScript(Migration.script(step.down, for: .sqlite))
                try transaction.executeScript(Migration.script(step.up, for: .sqlite))
            }

            let rows = try await book.rows("SELECT ticket, settled_by FROM positions ORDER BY ticket")
            #expect(
                rows.map { "\($0.integer(0) ?? 0) \($0.text(1) ?? "-")" } == ["1 statement", "2 -", "3 report", "4 -"])
        }
    }

    @Test("What a position said it continued stays known when a statement tells of the part that it became")
    func keepsContinuation() async throws {
        try await BookFixture.run { book in
            func comment() async throws -> String? {
                try await book.rows("SELECT comment FROM positions WHERE ticket = 1").first?.text(0)
            }
            var earlier = statement()
            earlier.open.append(position(1))
            earlier.open[1].comment = "from #9"
            earlier.closed = []
            earlier.asOf = Timestamp(seconds: 1_767_604_000)
            _ = try await book.importing(earlier)
            var later = statement()
            later.closed[0].position.comment = "to #2"
            _ = try await book.importing(later)
            #expect(try await comment() == "from #9")

            later.asOf = Timestamp(seconds: 1_767_607_201)
            later.closed[0].position.ticket = 7
            _ = try await book.importing(later)

            #expect(try await book.rows("SELECT comment FROM positions WHERE ticket = 7").first?.text(0) == "to #2")
        }
    }

    @Test("A report gives the reason to a position that a statement has settled, and leaves its figures alone")
    func reportAfterStatement() async throws {
        try await BookFixture.run { book in
            var earlier = statement()
            earlier.closed[0].position.takeProfit = nil
            _ = try await book.importing(earlier)

            let reported = try await book.closing(1, at: "1959", closedAt: "2026-01-05T09:59:30Z")

            #expect(reported.realizedPnL == "10")
            let row = try await book.rows("SELECT close_price, close_reason FROM positions WHERE ticket = 1").first
            #expect(row?.decimal(0) == "1960")
            #expect(row?.text(1) == "drawdown")
        }
    }

    @Test("A statement of another currency or login is refused")
    func foreign() async throws {
        try await BookFixture.run { book in
            try await book.put("acc-1", book.account(user: "user-1", extra: #", "login": "77""#))
            var other = statement()
            other.currency = "EUR"

            let problem = await #expect(throws: Problem.self) { _ = try await book.importing(other) }

            #expect(problem?.status == 422)
            #expect(
                problem?.errors.map(\.detail) == [
                    "heading: the currency is EUR, not USD", "heading: the account is 123, not 77",
                ])
            #expect(try await book.count("snapshots") == 0)
        }
    }

    @Test("A statement that came late keeps its history and moves nothing back")
    func late() async throws {
        try await BookFixture.run { book in
            _ = try await book.call("snapshots", snapshotBody(at: "2026-01-05T10:00:30Z", tickets: [2, 3]))

            _ = try await book.importing(statement())

            #expect(try await book.openTickets() == [2, 3])
            #expect(try await book.count("flows") == 1)
            #expect(try await book.rows("SELECT current_equity FROM accounts").first?.decimal(0) == "10052.5")
        }
    }

    @Test("The broker's own file goes in with its figures, twice the same")
    func realFile() async throws {
        let file = try SharedStatement.openPositions.bytes()
        let stage = RecordingStage()
        try await BookFixture.run(stages: [stage]) { book in
            try await book.put(
                "acc-1",
                book.account(user: "user-1", currency: "EUR", extra: #", "time_zone": "America/New_York+07:00""#))

            let first = try await book.call(
                "statements", String(decoding: file, as: UTF8.self), account: "acc-1", contentType: "text/html")
            let before = try await book.counts()
            _ = try await book.call(
                "statements", String(decoding: file, as: UTF8.self), account: "acc-1", contentType: "text/html")

            let answer = try JSONValue(parsing: first.body)
            #expect(answer["open"] == .number("169"))
            #expect(answer["closed"] == .number("123"))
            #expect(answer["totals"]?["floating_pnl"] == .number("-93984.96"))
            #expect(answer["totals"]?["balance"] == .number("420995.72"))
            #expect(answer["totals"]?["equity"] == .number("327010.76"))
            #expect(try await book.openTickets().count == 169)
            #expect(try await book.counts() == before)
            #expect(stage.changes.count == 1)
            let sum = try await book.rows("SELECT sum(unrealized_pnl) AS total FROM positions WHERE status = 'open'")
            #expect(sum.first?.decimal(0) == "-93984.96")
        }
    }

    @Test("A list of positions in CSV is a complete snapshot of the moment it is sent for")
    func csv() async throws {
        try await BookFixture.run { book in
            _ = try await book.call("snapshots", snapshotBody(at: "2026-01-05T09:59:00Z", tickets: [1]))
            let file = """
                ticket,symbol,direction,volume,entry_price,entry_time,current_price
                7,XAUUSD,buy,0.10,1950.50,2026-01-05T09:58:11Z,1955.75

                """
            let asOf: [String: Value] = ["as_of": .timestamp(book.clock.now)]

            let reply = try await book.call(
                "statements", file, account: "acc-1", contentType: "text/csv", parameters: asOf)
            let noTime = try await book.refusal("statements", file, account: "acc-1", contentType: "text/csv")
            let broken = try await book.refusal(
                "statements", file.replacing("0.10", with: "-1"), account: "acc-1", contentType: "text/csv",
                parameters: asOf)
            let image = try await book.refusal("statements", file, account: "acc-1", contentType: "image/png")

            #expect(
                String(decoding: reply.body, as: UTF8.self).hasPrefix(
                    #"{"as_of":"2026-01-05T10:00:00Z","open":1,"closed":0,"balance_movements":0,"cancelled_orders":0"#))
            #expect(try await book.openTickets() == [7])
            #expect(noTime.status == 422)
            #expect(noTime.errors.first?.detail.contains("as_of") == true)
            #expect(broken.status == 422)
            #expect(broken.errors.map(\.detail) == ["line 2, column 14: volume must be greater than 0"])
            #expect(image.status == 415)
        }
    }

    @Test("Positions that name their own time need no other")
    func datedRows() async throws {
        try await BookFixture.run { book in
            let file = """
                ticket,symbol,direction,volume,entry_price,entry_time,current_price,as_of
                7,XAUUSD,buy,0.10,1950.50,2026-01-05T09:58:11Z,1955.75,2026-01-05T10:00:00Z

                """

            let reply = try await book.call("statements", file, account: "acc-1", contentType: "text/csv")

            #expect(String(decoding: reply.body, as: UTF8.self).hasPrefix(#"{"as_of":"2026-01-05T10:00:00Z","open":1"#))
        }
    }

    @Test("A statement creates the account it is of, or leaves none behind when it is refused")
    func newAccount() async throws {
        let file = String(decoding: try SharedStatement.closedHistory.bytes(), as: UTF8.self)
        try await BookFixture.run { book in
            let before = try await book.counts()
            var creation: [String: Value] = [
                "user_id": .text("user-9"), "currency": .text("EUR"), "time_zone": .text("UTC+02:00"),
            ]

            let foreign = try await book.refusal(
                "statements", file, account: "new", contentType: "text/html", parameters: creation)
            let altered = try await book.refusal(
                "statements", file.replacing("540.40", with: "540.41"), account: "new", contentType: "text/html",
                parameters: creation)
            let half = try await book.refusal(
                "statements", file, account: "new", contentType: "text/html", parameters: ["user_id": .text("user-9")])
            let unknown = try await book.refusal("statements", file, account: "new", contentType: "text/html")

            #expect(foreign.status == 422)
            #expect(altered.status == 422)
            #expect(half.status == 400)
            #expect(unknown.status == 404)
            #expect(try await book.counts() == before)

            creation["currency"] = .text("USD")
            _ = try await book.call("statements", file, account: "new", contentType: "text/html", parameters: creation)

            let row = try await book.rows(
                "SELECT user_id, mode, snapshot_interval, login FROM accounts WHERE account_id = 'new'"
            ).first
            #expect(row?.text(0) == "user-9")
            #expect(row?.text(1) == "hedging")
            #expect(row?.integer(2) == nil)
            #expect(row?.text(3)?.isEmpty == false)
        }
    }

    @Test("From its first statement on an account takes no other broker account's")
    func login() async throws {
        try await BookFixture.run { book in
            _ = try await book.importing(statement())
            var other = statement()
            other.login = "124"
            other.asOf = Timestamp(seconds: 1_767_607_210)

            let problem = await #expect(throws: Problem.self) { _ = try await book.importing(other) }

            #expect(problem?.status == 422)
            #expect(problem?.errors.map(\.detail) == ["heading: the account is 124, not 123"])
        }
    }

    @Test("An HTML statement needs the account's time zone, takes no as_of, and names what does not add up")
    func requests() async throws {
        try await BookFixture.run { book in
            let noZone = try await book.refusal("statements", "<html>", account: "acc-1", contentType: "text/html")
            try await book.put("acc-1", book.account(user: "user-1", extra: #", "time_zone": "UTC+02:00""#))
            let broken = try await book.refusal("statements", "<html>", account: "acc-1", contentType: "text/html")
            let asOf = try await book.refusal(
                "statements", "<html>", account: "acc-1", contentType: "text/html",
                parameters: ["as_of": .timestamp(book.clock.now)])
            let unknown = try await book.refusal("statements", "<html>", account: "acc-9", contentType: "text/html")

            #expect(noZone.status == 409)
            #expect(broken.status == 422)
            #expect(!broken.errors.isEmpty)
            #expect(asOf.status == 400)
            #expect(unknown.status == 404)
        }
    }
}

extension BookFixture {
    /// Closes a position of `acc-1` as an agent reports it.
    fileprivate func closing(
        _ ticket: Int64,
        at price: FixedDecimal,
        closedAt time: String
    ) async throws -> ReportedPosition {
        let closedAt = try #require(Timestamp(parsing: time))
        let closing = ReportedClosing(ticket: ticket, closedAt: closedAt, closePrice: price, reason: .drawdown)
        let (book, now) = (book, clock.now)
        return try await storage.transaction { transaction in
            let state = try AccountLock.require("acc-1", in: transaction)
            return try book.close(closing, of: state.account, at: now, in: transaction)
        }
    }

    /// Imports an already proved statement into `acc-1`.
    fileprivate func importing(_ statement: BrokerStatement) async throws -> String {
        let request = Request(caller: BookFixture.agent, requestID: "r-1", now: clock.now, cursors: NoCursors())
        let ingest = book.ingest(request)
        let answer = try await storage.transaction { transaction in
            let state = try AccountLock.require("acc-1", in: transaction)
            let hash = ContentHash.of(Array("\(statement)".utf8))
            let taken = StatementImport(ingest: ingest, statement: statement, contentHash: hash)
            return try taken.run(state, in: transaction).answer
        }
        return String(decoding: answer, as: UTF8.self)
    }
}

private func position(_ ticket: Int64) -> BrokerPosition {
    BrokerPosition(
        ticket: ticket, symbol: "xauusd", direction: .buy, volume: "0.1", entryPrice: "1950",
        entryTime: Timestamp(seconds: 1_767_600_000), currentPrice: "1960", takeProfit: "1960", profit: "10")
}

private func statement() -> BrokerStatement {
    BrokerStatement(
        login: "123", currency: "USD", asOf: Timestamp(seconds: 1_767_607_200),
        closed: [
            ClosedPosition(
                position: position(1), closedAt: Timestamp(seconds: 1_767_605_000), closePrice: "1960",
                realizedPnL: "10")
        ],
        open: [position(2)],
        flows: [Flow(id: "9", time: Timestamp(seconds: 1_767_500_000), amount: "1000", kind: .deposit)],
        cancelledOrders: 2,
        totals: .init(
            closedPnL: "10", floatingPnL: "5", balance: "1010", credit: "0", equity: "1015", margin: "1"))
}
