/// Statements of our own that add up, in the form in which MT4 terminals write theirs.
enum StatementFixture {
    /// A yen account with everything that a statement can hold: amounts without decimals and with thousands, suffixed
    /// symbols, a credit, cancelled, expired and working orders, magic numbers and comments in both places, no leverage.
    static let full = """
        <!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 4.01//EN" "http://www.w3.org/TR/html4/strict.dtd">
        <html><head><title>Statement: 7001 - Fixture</title></head><body><div align=center>
        <div style="font: 20pt Times New Roman"><b>A Broker</b></div><br>
        <table cellspacing=1 cellpadding=3 border=0>
        <tr align=left><td colspan=2><b>Account: 7001</b></td><td colspan=5><b>Name: Fixture</b></td>\
        <td colspan=4><b>Currency: JPY</b></td><td colspan=3 align=right><b>2026 January 9, 21:00</b></td></tr>
        <tr align=left><td colspan=14><b>Closed Transactions:</b></td></tr>
        <tr align=center bgcolor="#C0C0C0"><td>Ticket</td><td nowrap>Open Time</td><td>Type</td><td>Size</td>\
        <td>Item</td><td>Price</td><td>S / L</td><td>T / P</td><td nowrap>Close Time</td><td>Price</td>\
        <td>Commission</td><td>Taxes</td><td>Swap</td><td>Profit</td></tr>
        <tr align=right><td title="Deposit > card">1</td><td>2026.01.05 08:00:00</td><td>balance</td>\
        <td colspan=10 align=left>Deposit &gt; card</td><td class=mspt>1 000 000</td></tr>
        <tr align=right><td title="Credit In">2</td><td>2026.01.05 08:00:01</td><td>credit</td>\
        <td colspan=10 align=left>Credit In</td><td class=mspt>50 000</td></tr>
        <tr align=right><td title="#7 trade:t-1">10</td><td>2026.01.05 10:00:00</td><td>buy</td><td>0.10</td>\
        <td>usdjpy</td><td>156.700</td><td>0.000</td><td>0.000</td><td>2026.01.06 10:00:00</td><td>157.100</td>\
        <td>-70</td><td>0</td><td>-12</td><td>4 000</td></tr>
        <tr align=right><td colspan=9>&nbsp;</td><td>7</td><td colspan=3>trade:t-1</td></tr>
        <tr align=right><td title="#7 trade:t-2">11</td><td>2026.01.05 11:00:00</td><td>buy limit</td><td>0.10</td>\
        <td>EURUSD.m</td><td>1.15000</td><td>1.14000</td><td>1.17000</td><td>2026.01.06 11:00:00</td><td>1.17010</td>\
        <td colspan=4>cancelled</td></tr>
        <tr align=right><td colspan=9>&nbsp;</td><td>7</td><td colspan=3>trade:t-2</td></tr>
        <tr align=right><td>12</td><td>2026.01.05 12:00:00</td><td>sell stop</td><td>0.10</td><td>gbpusd-2</td>\
        <td>1.33000</td><td>0.00000</td><td>0.00000</td><td>2026.01.06 12:00:00</td><td>1.34500</td>\
        <td>0</td><td>0</td><td>0</td><td>0</td></tr>
        <tr align=right><td title="by hand">13</td><td>2026.01.05 13:00:00</td><td>sell</td><td>1.20</td>\
        <td>gbpusd-2</td><td>1.34500</td><td>1.35000</td><td>1.34380</td><td>2026.01.06 13:00:00</td><td>1.34380</td>\
        <td>-840</td><td>-1</td><td>0</td><td>22 590</td></tr>
        <tr align=right><td title="Withdrawal">14</td><td>2026.01.07 08:00:00</td><td>balance</td>\
        <td colspan=10 align=left>Withdrawal</td><td class=mspt>-200 000</td></tr>
        <tr align=right><td colspan=10>&nbsp;</td><td>-910</td><td>-1</td><td>-12</td><td>26&nbsp;590</td></tr>
        <tr align=right><td colspan=12><b>Closed P/L:</b></td><td colspan=2><b>25 667</b></td></tr>
        <tr align=left><td colspan=14><b>Open Trades:</b></td></tr>
        <tr align=center bgcolor="#C0C0C0"><td>Ticket</td><td nowrap>Open Time</td><td>Type</td><td>Size</td>\
        <td>Item</td><td>Price</td><td>S / L</td><td>T / P</td><td>&nbsp;</td><td>Price</td><td>Commission</td>\
        <td>Taxes</td><td>Swap</td><td>Profit</td></tr>
        <tr align=right><td title="#7 trade:t-3">20</td><td>2026.01.08 10:00:00</td><td>buy</td><td>0.50</td>\
        <td>EURUSD.m</td><td>1.17000</td><td>0.00000</td><td>0.00000</td><td>&nbsp;</td><td>1.17100</td>\
        <td>-350</td><td>0</td><td>-45</td><td>7 850</td></tr>
        <tr align=right><td colspan=9>&nbsp;</td><td>7</td><td colspan=3>trade:t-3</td></tr>
        <tr align=right><td>21</td><td>2026.01.08 11:00:00</td><td>sell</td><td>2.00</td><td>gbpjpy</td>\
        <td>211.500</td><td>213.000</td><td>209.250</td><td>&nbsp;</td><td>212.000</td>\
        <td>-1 400</td><td>0</td><td>0</td><td>-100 000</td></tr>
        <tr align=right><td colspan=9>&nbsp;</td><td>&nbsp;</td><td colspan=3>note &lt;3&gt;</td></tr>
        <tr align=right><td colspan=10>&nbsp;</td><td>-1 750</td><td>0</td><td>-45</td><td>-92 150</td></tr>
        <tr><td colspan=10>&nbsp;</td><td colspan=2><b>Floating P/L:</b></td><td colspan=2><b>-93 945</b></td></tr>
        <tr align=left><td colspan=14><b>Working Orders:</b></td></tr>
        <tr align=center bgcolor="#C0C0C0"><td>Ticket</td><td nowrap>Open Time</td><td>Type</td><td>Size</td>\
        <td>Item</td><td>Price</td><td>S / L</td><td>T / P</td><td colspan=2 nowrap>Market Price</td>\
        <td colspan=4>&nbsp;</td></tr>
        <tr align=right><td title="#7 trade:t-4">30</td><td>2026.01.09 10:00:00</td><td>sell limit</td><td>0.10</td>\
        <td>EURUSD.m</td><td>1.19000</td><td>1.20000</td><td>0.00000</td><td colspan=2>1.17100</td>\
        <td colspan=4>&nbsp;</td></tr>
        <tr align=right><td colspan=9>&nbsp;</td><td>7</td><td colspan=3>trade:t-4</td></tr>
        <tr><td colspan=14 style="font: 1pt arial">&nbsp;</td></tr>
        <tr align=left><td colspan=14><b>Summary:</b></td></tr>
        <tr align=right><td colspan=2><b>Deposit/Withdrawal:</b></td><td colspan=2><b>800 000</b></td>\
        <td colspan=4><b>Credit Facility:</b></td><td><b>50 000</b></td><td colspan=5>&nbsp;</td></tr>
        <tr align=right><td colspan=2><b>Closed Trade P/L:</b></td><td colspan=2><b>25 667</b></td>\
        <td colspan=4><b>Floating P/L:</b></td><td><b>-93 945</b></td><td colspan=3><b>Margin:</b></td>\
        <td colspan=2><b>30 000</b></td></tr>
        <tr align=right><td colspan=2><b>Balance:</b></td><td colspan=2><b>825 667</b></td>\
        <td colspan=4><b>Equity:</b></td><td><b>781 722</b></td><td colspan=3><b>Free Margin:</b></td>\
        <td colspan=2><b>751 722</b></td></tr>
        </table></div></body></html>
        """

    /// An account on which nothing has happened: every section says so.
    static let idle: String = {
        let none = "<tr align=right><td colspan=13 align=center>No transactions</td></tr>"
        let zeros = "<tr><td colspan=10>&nbsp;</td><td>0.00</td><td>0.00</td><td>0.00</td><td>0.00</td></tr>"
        var lines: [String] = []
        for line in full.split(separator: "\n") {
            let isEntry = line.contains("2026.01.0") || line.contains("<td colspan=9>")
            let isHeading = line.contains("<td>Ticket</td>")
            if isHeading {
                lines += [String(line), none]
            } else if line.contains("<td colspan=10>&nbsp;</td><td>-") {
                lines.append(zeros)
            } else if !isEntry {
                lines.append(zeroed(line))
            }
        }
        return lines.joined(separator: "\n").replacing("Currency: JPY", with: "Currency: USD")
    }()

    private static func zeroed(_ line: Substring) -> String {
        [
            "25 667", "-93 945", "800 000", "50 000", "30 000", "825 667", "781 722", "751 722",
        ].reduce(String(line)) { $0.replacing("<b>\($1)</b>", with: "<b>0.00</b>") }
    }

    /// ``full`` with one place changed; a place that is not there is a mistake of the test.
    static func full(replacing text: String, with other: String) -> String {
        precondition(full.contains(text), "\(text) is not in the fixture")
        return full.replacing(text, with: other, maxReplacements: 1)
    }

    /// ``full`` with its lines in another order.
    static func full(moving source: String, before target: String) -> String {
        var lines = full.split(separator: "\n").map(String.init)
        guard let from = lines.firstIndex(where: { $0.contains(source) }) else {
            preconditionFailure("\(source) is not in the fixture")
        }
        let moved = lines.remove(at: from)
        guard let index = lines.firstIndex(where: { $0.contains(target) }) else {
            preconditionFailure("\(target) is not in the fixture")
        }
        lines.insert(moved, at: index)
        return lines.joined(separator: "\n")
    }
}
