import PluginAPI
import Testing

@testable import TradingBook

@Suite("The MT4 statement format")
struct MT4FormatTests {
    @Test("Cancelled and expired orders among closed trades are counted and are no trades")
    func cancelledOrders() throws {
        let text = Statement(
            closed: """
                <tr><td title="cancelled">11</td><td>2026.01.05 10:00:00</td><td>buy limit</td><td>0.10</td><td>eurusd</td>
                <td>1.10000</td><td>0.00000</td><td>0.00000</td><td>2026.01.05 11:00:00</td><td>1.17000</td>
                <td colspan=4>cancelled</td></tr>
                <tr><td colspan=9>&nbsp;</td><td>7</td><td colspan=3>trade:t-1</td></tr>
                <tr><td>12</td><td>2026.01.05 10:00:00</td><td>sell stop</td><td>0.10</td><td>eurusd</td>
                <td>1.10000</td><td>0.00000</td><td>0.00000</td><td>2026.01.05 11:00:00</td><td>1.17000</td>
                <td>0.00</td><td>0.00</td><td>0.00</td><td>0.00</td></tr>
                """
        ).html

        let statement = try parse(text)

        #expect(statement.cancelledOrders == 2)
        #expect(statement.closed.isEmpty)
    }

    @Test("Working orders are no positions")
    func workingOrders() throws {
        let order = """
            <tr><td>13</td><td>2026.01.05 10:00:00</td><td>buy limit</td><td>0.10</td><td>eurusd</td><td>1.10000</td>
            <td>0.00000</td><td>0.00000</td><td colspan=2>1.17000</td><td colspan=4>&nbsp;</td></tr>
            """

        #expect(try parse(Statement(working: order).html).open.isEmpty)
    }

    @Test("Amounts without decimals and no-break spaces as thousands separators are read")
    func wholeAmounts() throws {
        let row = Statement.balanceRow("Deposit", "1&nbsp;500\u{A0}000")

        let statement = try parse(
            Statement(closed: row, deposit: "1 500 000", balance: "1500000", currency: "JPY").html)

        #expect(statement.flows.map(\.amount.description) == ["1500000"])
        #expect(statement.totals.balance.description == "1500000")
    }

    @Test("A credit row is a credit and adds up to the credit facility")
    func credit() throws {
        let row = Statement.balanceRow("Credit In", "200.00", type: "credit")

        let statement = try parse(Statement(closed: row, credit: "200.00", equity: "200.00").html)

        #expect(statement.flows.map(\.kind) == [.credit])
        #expect(statement.totals.credit == "200.00")
        #expect(throws: FileRefused.self) { try parse(Statement(closed: row).html) }
        #expect(throws: FileRefused.self) { try parse(Statement(credit: "200.00", equity: "200.00").html) }
    }

    @Test(
        "A balance row's kind follows from its words and its sign",
        arguments: [
            ("deposit", "100.00", .deposit), ("UT>CAC 857064138", "15000.00", .deposit), ("", "-5.00", .withdrawal),
            ("Withdrawal, card", "-100.00", .withdrawal), ("Financing", "-8.88", .fee),
            ("Financing", "8.88", .correction),
            ("Inactivity fee", "-10.00", .fee), ("ADJUSTMENT", "5000.00", .correction),
            ("Balance update", "-4.77", .correction), ("Non-MT4 Activity, #184", "-0.01", .correction),
            ("Coffee fund", "-5.00", .withdrawal), ("Deposit", "0.00", .correction),
        ] as [(String, FixedDecimal, Flow.Kind)]
    )
    func flowKinds(text: String, amount: FixedDecimal, kind: Flow.Kind) {
        #expect(Flow.Kind.ofBalanceRow(text: text, amount: amount) == kind)
    }

    @Test("The comment and magic number come from the row behind a trade, or else from the ticket's title")
    func comments() throws {
        let trade = Statement.openRow(ticket: "21", title: "#7 from the title &amp; more")
        let comment = "<tr><td colspan=9>&nbsp;</td><td>8</td><td colspan=3>A &lt;B&gt; &amp; C</td></tr>"

        let titled = try #require(try parse(Statement(open: trade).html).open.first)
        let commented = try #require(try parse(Statement(open: trade + comment).html).open.first)

        #expect(titled.magic == 7 && titled.comment == "from the title & more")
        #expect(commented.magic == 8 && commented.comment == "A <B> & C")
    }

    @Test(
        "A row that cannot be a trade is refused with its section, row and line",
        arguments: [
            ("1.17000", "0.00000", "open price is 0.00000; it must be above zero"),
            ("<td>0.10</td>", "<td>0.00</td>", "size is 0.00; it must be above zero"),
            (">buy<", ">hold<", "has the type \"hold\", which is none of this section"),
            ("2026.01.05", "2026.02.30", "open time \"2026.02.30 10:00:00\" is not a time like 2025.05.26 19:36:41"),
            ("<td>0.10</td>", "", "has 13 cells instead of 14"),
            ("<td>0.10</td>", "<td>1e5</td>", "size \"1e5\" must be written without an exponent"),
            ("<td>0.10</td>", "<td>1 00</td>", "size \"1 00\" is not a decimal number"),
            (">21<", ">0<", "does not begin with a ticket, and is no other row of this section"),
            (">21<", ">9223372036854775808<", "does not begin with a ticket, and is no other row of this section"),
            (">eurusd<", ">€<", "item \"€\" is not 1 to 64 characters of printable ASCII"),
            ("0.00000</td><td>0.00000", "-1</td><td>0.00000", "S / L is -1; it must not be below zero"),
        ]
    )
    func badRows(text: String, replacement: String, detail: String) {
        let row = Statement.openRow(ticket: "21").replacing(text, with: replacement, maxReplacements: 1)

        let refusal = #expect(throws: FileRefused.self) { try parse(Statement(open: row).html) }

        let problem = refusal?.problems.first
        #expect(problem?.section == "Open Trades, row 1")
        #expect(problem?.detail == detail)
        #expect(problem?.line == 10)
    }

    @Test("A ticket that comes twice is refused, in one section and across both")
    func repeatedTickets() {
        let row = Statement.openRow(ticket: "21")

        #expect(throws: FileRefused.self) { try parse(Statement(open: row + row).html) }
        #expect(throws: FileRefused.self) {
            try parse(Statement(closed: Statement.balanceRow("x", "0.00", ticket: "21"), open: row).html)
        }
    }

    @Test("Every problem of a statement is listed, a hundred at most")
    func manyProblems() {
        let rows = (1...150).map { Statement.openRow(ticket: "\($0)").replacing(">buy<", with: ">hold<") }

        let refusal = #expect(throws: FileRefused.self) { try parse(Statement(open: rows.joined()).html) }

        #expect(refusal?.problems.count == 101)
        #expect(refusal?.problems.last?.detail == "has 50 more problems")
    }

    @Test(
        "What is no statement is refused, whatever it is",
        arguments: [
            "", "no table", "<table></table>", "<table><tr><td>1</td></tr></table>", "\u{FF}\u{FE}<\0t\0",
            String(repeating: "<table><tr><td>", count: 5_000) + "</table>",
            String(repeating: "<b>", count: 50_000) + "<td>x</table>",
            "<table><tr><td>Account: 1</td></tr></table>",
        ])
    func noStatement(_ text: String) {
        #expect(throws: FileRefused.self) { try parse(text) }
    }

    @Test("More tags than a statement can have are refused before they are read")
    func tooManyTags() {
        let bytes = [UInt8](repeating: UInt8(ascii: "<"), count: HTMLTable.tagsMax + 1)

        #expect(throws: FileRefused([.init(detail: "has more than 2000000 tags")])) { try HTMLTable.rows(of: bytes) }
    }

    private func parse(_ text: String) throws -> BrokerStatement {
        try MT4Statement.parse(Array(text.utf8), timeZone: try #require(TimeZoneRule(parsing: "UTC")))
    }
}

/// A small statement that adds up, unless a test makes it not to.
private struct Statement {
    var closed = ""
    var open = ""
    var working = ""
    var deposit = "0.00"
    var credit = "0.00"
    var balance = "0.00"
    var equity: String?
    var currency = "USD"

    static func openRow(ticket: String, title: String = "") -> String {
        """
        <tr><td title="\(title)">\(ticket)</td><td>2026.01.05 10:00:00</td><td>buy</td><td>0.10</td><td>eurusd</td>
        <td>1.17000</td><td>0.00000</td><td>0.00000</td><td>&nbsp;</td><td>1.17000</td><td>0.00</td><td>0.00</td>
        <td>0.00</td><td>0.00</td></tr>
        """
        .replacing("</td>\n", with: "</td>")
    }

    static func balanceRow(_ text: String, _ amount: String, type: String = "balance", ticket: String = "31") -> String
    {
        "<tr><td>\(ticket)</td><td>2026.01.05 10:00:00</td><td>\(type)</td><td colspan=10>\(text)</td>"
            + "<td>\(amount)</td></tr>"
    }

    var html: String {
        let equity = equity ?? balance
        let columns = MT4Part.open.columns.map { "<td>\($0)</td>" }.joined()
        let none = "<tr><td colspan=13>No transactions</td></tr>"
        let totals = "<tr><td colspan=10>&nbsp;</td>" + String(repeating: "<td>0.00</td>", count: 4) + "</tr>"
        return """
            <html><body><table>
            <tr><td><b>Account: 1</b></td><td><b>Currency: \(currency)</b></td><td><b>2026 January 5, 16:00</b></td></tr>
            <tr><td colspan=14><b>Closed Transactions:</b></td></tr>
            <tr>\(columns.replacing("<td></td>", with: "<td>Close Time</td>"))</tr>
            \(closed.isEmpty ? none : closed)
            \(totals)
            <tr><td colspan=12>Closed P/L:</td><td colspan=2>0.00</td></tr>
            <tr><td colspan=14>Open Trades:</td></tr>
            <tr>\(columns)</tr>
            \(open.isEmpty ? none : open)
            \(totals)
            <tr><td colspan=10>&nbsp;</td><td colspan=2>Floating P/L:</td><td colspan=2>0.00</td></tr>
            <tr><td colspan=14>Working Orders:</td></tr>
            <tr>\(MT4Part.working.columns.map { "<td>\($0)</td>" }.joined())</tr>
            \(working.isEmpty ? none : working)
            <tr><td colspan=14>Summary:</td></tr>
            <tr><td>Deposit/Withdrawal:</td><td>\(deposit)</td><td>Credit Facility:</td><td>\(credit)</td></tr>
            <tr><td>Closed Trade P/L:</td><td>0.00</td><td>Floating P/L:</td><td>0.00</td><td>Margin:</td><td>0</td></tr>
            <tr><td>Balance:</td><td>\(balance)</td><td>Equity:</td><td>\(equity)</td>
            <td>Free Margin:</td><td>\(equity)</td></tr>
            </table></body></html>
            """
    }
}
