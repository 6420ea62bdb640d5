import PluginAPI
import Testing

@testable import TradingBook

@Suite("A statement with everything in it")
struct MT4FullStatementTests {
    @Test("Is read to the last figure")
    func read() throws {
        let statement = try parse(StatementFixture.full)

        #expect(statement.login == "7001" && statement.currency == "JPY")
        #expect(statement.asOf.description == "2026-01-09T21:00:00Z")
        #expect(statement.closed.map(\.position.ticket) == [10, 13])
        #expect(statement.closed.map(\.realizedPnL) == ["3918", "21749"])
        #expect(statement.open.map(\.ticket) == [20, 21])
        #expect(statement.cancelledOrders == 2)
        #expect(statement.flows.map(\.kind) == [.deposit, .credit, .withdrawal])
        #expect(statement.flows.map(\.amount) == ["1000000", "50000", "-200000"])
        #expect(statement.totals.closedPnL == "25667" && statement.totals.floatingPnL == "-93945")
        #expect(statement.totals.balance == "825667" && statement.totals.credit == "50000")
        #expect(statement.totals.equity == "781722" && statement.totals.margin == "30000")
    }

    @Test("Keeps symbols as they are written, and magic numbers and comments with their trades")
    func rows() throws {
        let statement = try parse(StatementFixture.full)
        let book = InstrumentBook()

        #expect(statement.open.map(\.symbol) == ["EURUSD.m", "gbpjpy"])
        #expect(statement.closed.map { book.canonical($0.position.symbol) } == ["USDJPY", "GBPUSD"])
        #expect(statement.open.map(\.magic) == [7, nil])
        #expect(statement.open.map(\.comment) == ["trade:t-3", "note <3>"])
        #expect(statement.closed.map(\.position.magic) == [7, nil])
        #expect(statement.closed.map(\.position.comment) == ["trade:t-1", "by hand"])
        #expect(statement.open[1].stopLoss == "213" && statement.open[0].stopLoss == nil)
    }

    @Test("An account on which nothing has happened says so in every section")
    func idle() throws {
        let statement = try parse(StatementFixture.idle)

        #expect(statement.open.isEmpty && statement.closed.isEmpty && statement.flows.isEmpty)
        #expect(statement.totals.equity.isZero && statement.cancelledOrders == 0)
    }

    @Test(
        "A section that says \"No transactions\" and lists some, or says nothing at all, is refused",
        arguments: [("Working Orders:", "Working Orders"), ("Open Trades:", "Open Trades")])
    func none(heading: String, section: String) throws {
        let lines = StatementFixture.idle.split(separator: "\n").map(String.init)
        let start = try #require(lines.firstIndex { $0.contains(heading) })
        var silent = lines
        silent.remove(at: start + 2)
        let order = StatementFixture.full.split(separator: "\n").first { $0.contains("sell limit") }
        var both = lines
        both.insert(String(try #require(order)), at: start + 3)

        for text in [silent, both] {
            let refusal = #expect(throws: FileRefused.self) { try parse(text.joined(separator: "\n")) }
            #expect(refusal?.problems.contains { $0.section?.hasPrefix(section) == true } == true)
        }
    }

    @Test(
        "A copy in which anything is altered is refused where it is, and nothing of it is stored",
        arguments: AlteredStatement.all)
    func altered(_ copy: AlteredStatement) async throws {
        let refusal = #expect(throws: FileRefused.self) { try parse(copy.text) }
        let problem = try #require(refusal?.problems.first { $0.section == copy.section })
        #expect(problem.line != nil)

        try await BookFixture.run { book in
            try await book.put("acc-1", book.account(user: "U", currency: "JPY", extra: #", "time_zone": "UTC""#))
            let before = try await book.counts()

            let answer = try await book.refusal(
                "statements", copy.text, account: "acc-1", contentType: "text/html")

            #expect(answer.status == 422)
            #expect(answer.errors.contains { $0.detail.hasPrefix(copy.section) })
            #expect(try await book.counts() == before)
        }
    }

    @Test("A trade closed by another has its result there: its own row has no size and is no position")
    func closedByAnother() throws {
        let hedge = Self.hedge(by: "13")
        let named = StatementFixture.full(replacing: Self.afterTrades, with: hedge + Self.afterTrades)
        let titled = StatementFixture.full(
            replacing: Self.afterTrades,
            with: hedge.split(separator: "\n")[0].replacing("<td>15<", with: "<td title=\"#7 close hedge by #10\">15<")
                + Self.afterTrades)

        for text in [named, titled] { #expect(try parse(text) == parse(StatementFixture.full)) }
    }

    @Test(
        "A row without a size that names no closed trade, or moved money, is refused",
        arguments: [
            (">15<", ">15<", "99"), (">15<", ">15<", "x"), ("<td>0</td></tr>", "<td>5</td></tr>", "13"),
            ("1.34400</td><td>0.00000", "0.00000</td><td>0.00000", "13"), ("<td>15<", "<td>13<", "13"),
        ])
    func noHedge(text: String, replacement: String, ticket: String) {
        let hedge = Self.hedge(by: ticket).replacing(text, with: replacement)

        let refusal = #expect(throws: FileRefused.self) {
            try parse(StatementFixture.full(replacing: Self.afterTrades, with: hedge + Self.afterTrades))
        }

        #expect(refusal?.problems.first?.section == "Closed Transactions, row 9")
        #expect(refusal?.problems.first?.line != nil)
    }

    /// Where the row behind trade 13 begins.
    private static let afterTrades = "<tr align=right><td title=\"Withdrawal\">14"

    private static func hedge(by ticket: String) -> String {
        """
        <tr align=right><td>15</td><td>2026.01.05 14:00:00</td><td>buy</td><td>0.00</td><td>gbpusd-2</td>\
        <td>1.34400</td><td>0.00000</td><td>0.00000</td><td>2026.01.06 13:00:00</td><td>1.34400</td><td>0</td>\
        <td>0</td><td>0</td><td>0</td></tr>
        <tr align=right><td colspan=9>&nbsp;</td><td>7</td><td colspan=3>close hedge by #\(ticket)</td></tr>

        """
    }

    @Test("A comment longer than a snapshot's may be is refused")
    func longComment() {
        let comment = String(repeating: "x", count: 1_025)

        let refusal = #expect(throws: FileRefused.self) {
            try parse(StatementFixture.full(replacing: "colspan=3>trade:t-3", with: "colspan=3>\(comment)"))
        }

        #expect(refusal?.problems.map(\.section) == ["Open Trades, row 2"])
    }

    private func parse(_ text: String) throws -> BrokerStatement {
        try MT4Statement.parse(Array(text.utf8), timeZone: try #require(TimeZoneRule(parsing: "UTC")))
    }
}

/// A copy of the full fixture with one thing wrong, and the section and row that say so.
struct AlteredStatement: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var text: String
    var section: String

    private init(_ name: String, _ text: String, _ section: String) {
        (testDescription, self.text, self.section) = (name, text, section)
    }

    static let all = figures + rows + order

    private static func replaced(_ text: String, _ other: String, _ section: String) -> AlteredStatement {
        AlteredStatement(
            "\(text) → \(other)", StatementFixture.full(replacing: text, with: other), section)
    }

    private static func moved(_ source: String, before target: String, _ section: String) -> AlteredStatement {
        AlteredStatement(
            "\(source) before \(target)", StatementFixture.full(moving: source, before: target), section)
    }

    private static let figures = [
        replaced(">4 000<", ">4 001<", "Closed Transactions"), replaced(">-12<", ">-21<", "Closed Transactions"),
        replaced(">-840<", ">-841<", "Closed Transactions"), replaced(">-1<", ">1<", "Closed Transactions"),
        replaced("26&nbsp;590", "26&nbsp;690", "Closed Transactions"),
        replaced(">1 000 000<", ">1 000 001<", "Summary"),
        replaced("<td class=mspt>50 000<", "<td class=mspt>40 000<", "Summary"),
        replaced(">-200 000<", ">-100 000<", "Summary"), replaced(">7 850<", ">7 580<", "Open Trades"),
        replaced("<b>-93 945<", "<b>-93 946<", "Open Trades"), replaced("<b>825 667<", "<b>825 666<", "Summary"),
        replaced("<b>751 722<", "<b>751 723<", "Summary"), replaced("<b>30 000<", "<b>30 010<", "Summary"),
    ]

    private static let rows = [
        replaced(">sell limit<", ">sell<", "Working Orders, row 1"), replaced(">30<", ">20<", "Working Orders, row 1"),
        replaced("1.19000", "0.00000", "Working Orders, row 1"), replaced(">30<", "><", "Working Orders, row 1"),
        replaced("2026.01.09 10", "2026.01.09 25", "Working Orders, row 1"),
        replaced(">buy limit<", ">buy<", "Closed Transactions, row 5"),
        replaced("<td colspan=4>cancelled</td>", "", "Closed Transactions, row 5"),
        replaced("1.15000", "1.15.00", "Closed Transactions, row 5"),
        replaced(
            "<td>0</td><td>0</td><td>0</td><td>0</td>", "<td>0</td><td>0</td><td>0</td><td>5</td>",
            "Closed Transactions, row 7"),
        replaced("1 000 000", "1000 000", "Closed Transactions, row 1"),
        replaced("1 000 000", "1 00 000", "Closed Transactions, row 1"),
        replaced(">13<", ">10<", "Closed Transactions, row 8"),
        replaced(">credit<", ">bonus<", "Closed Transactions, row 2"),
        replaced(">211.500<", ">-211.500<", "Open Trades, row 3"), replaced("<td>2.00</td>", "", "Open Trades, row 3"),
    ]

    private static let order = [
        moved("colspan=3>trade:t-1", before: "title=\"#7 trade:t-1", "Closed Transactions, row 3"),
        moved("colspan=3>note", before: "colspan=3>trade:t-3", "Open Trades, row 3"),
        moved("26&nbsp;590", before: "title=\"Withdrawal", "Closed Transactions, row 10"),
        moved("<b>25 667</b></td></tr>", before: "26&nbsp;590", "Closed Transactions, row 10"),
        moved("sell limit", before: "title=\"#7 trade:t-3", "Open Trades, row 1"),
        moved("title=\"#7 trade:t-2", before: "title=\"#7 trade:t-3", "Open Trades, row 1"),
        moved("title=\"Withdrawal", before: "title=\"#7 trade:t-3", "Open Trades, row 1"),
        moved("<b>Open Trades:", before: "title=\"#7 trade:t-1", "Open Trades"),
        moved("<b>Working Orders:", before: "<b>Open Trades:", "Open Trades"),
        moved("<b>Summary:", before: "<b>Working Orders:", "Working Orders"),
    ]
}
