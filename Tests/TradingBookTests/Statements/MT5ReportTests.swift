import PluginAPI
import Testing

@testable import TradingBook

@Suite("A MetaTrader 5 report")
struct MT5ReportTests {
    private static let text = """
        <!DOCTYPE html><html><head><title>Trade History Report</title></head><body><table>
        <tr><th>Account:</th><th>7001 (JPY, Broker, real, Hedge)</th></tr></table></body></html>
        """

    @Test(
        "Is refused by its name, in every encoding and language",
        arguments: [
            ([0xFF, 0xFE] + utf16(text), "it says \"Trade History Report\""),
            (utf16(text), "it says \"Trade History Report\""),
            ([0xFE, 0xFF] + utf16(text, isBigEndian: true), "it says \"Trade History Report\""),
            (Array(text.utf8), "it says \"Trade History Report\""),
            ([0xFF, 0xFE] + utf16("<html><title>Отчёт</title><table></table>"), "it is UTF-16 text"),
            ([0xFF, 0xFE], "it is UTF-16 text"),
        ] as [([UInt8], String)]
    )
    func refused(bytes: [UInt8], sign: String) throws {
        let zone = try #require(TimeZoneRule(parsing: "UTC"))

        let refusal = #expect(throws: FileRefused.self) { try MT4Statement.parse(bytes, timeZone: zone) }

        let detail =
            "is a MetaTrader 5 report (\(sign)), which is not read: its positions can be given as .csv or .json"
        #expect(refusal == FileRefused([.init(detail: detail)]))
    }

    @Test("No MT4 statement is taken for one, whatever an order's comment says")
    func statements() throws {
        for text in [StatementFixture.full, StatementFixture.idle] {
            #expect(MT5Report.refusal(of: Array(text.utf8)) == nil)
        }
        for file in SharedStatement.allCases { #expect(MT5Report.refusal(of: try file.bytes()) == nil) }
        let named = StatementFixture.full(replacing: "colspan=3>trade:t-3", with: "colspan=3>Trade History Report")
        let zone = try #require(TimeZoneRule(parsing: "UTC"))

        #expect(try MT4Statement.parse(Array(named.utf8), timeZone: zone).open[0].comment == "Trade History Report")
    }

    private static func utf16(_ text: String, isBigEndian: Bool = false) -> [UInt8] {
        text.utf16.flatMap { unit in
            let bytes = [UInt8(truncatingIfNeeded: unit), UInt8(truncatingIfNeeded: unit >> 8)]
            return isBigEndian ? bytes.reversed() : bytes
        }
    }
}
