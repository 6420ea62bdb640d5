import Foundation
import PluginAPI
import PluginTesting
import Reconciliation
import Testing
import TradingBook

@testable import Host

@Suite("A comparison of two files")
struct FileComparisonTests {
    private let tradeHeader = "trade_id,symbol,direction,volume,entry_price,entry_time,status,ticket,take_profit"
    private let positionHeader =
        "ticket,symbol,direction,volume,entry_price,entry_time,current_price,take_profit,comment,as_of"
    private let time = "2026-01-05T09:00:00Z"
    private var asOf: String { "2026-01-05T10:00:00Z" }

    @Test("Rows that are the same on both sides are reconciled, whatever their order, and say what pairs them")
    func reconciled() throws {
        let trades = ["t-1,EURUSD,buy,0.10,1.17120,\(time),open,11,", "t-2,EURUSD,sell,0.20,1.17130,\(time),open,,"]
        let positions = [
            "12,eurusd.m,sell,0.20,1.17130,\(time),1.17,,trade:t-2,\(asOf)", "11,EURUSD,buy,0.1,1.1712,\(time),1.17,,,",
        ]

        let outcome = try compare(trades, positions)
        let turned = try compare(trades.reversed(), positions.reversed())

        #expect(outcome.verdict == .reconciled)
        #expect(outcome.result?.pairs.map(\.tickets) == [[11], [12]])
        #expect(outcome.result?.pairs.map(\.grade) == [.ticket, .reference])
        #expect(outcome == turned)
    }

    @Test("Closed trades are history: only open ones are compared and counted")
    func closedTrades() throws {
        let outcome = try compare(["t-1,EURUSD,buy,0.10,1.17120,\(time),closed,11,"], [])

        #expect(outcome.verdict == .reconciled)
        #expect(outcome.result?.ours == SideCounts())
    }

    @Test("Equal rows beyond the first are duplicates on either side, and every row is counted once")
    func duplicates() throws {
        let trade = "t-1,EURUSD,buy,0.10,1.17120,\(time),open,,"
        let position = "11,EURUSD,buy,0.10,1.17120,\(time),1.17,,trade:t-1,\(asOf)"

        let outcome = try compare([trade, trade], [position, position, position])

        #expect(outcome.verdict == .breaks)
        #expect(outcome.result?.ours == SideCounts(rows: 2, matched: 1, duplicate: 1))
        #expect(outcome.result?.broker == SideCounts(rows: 3, matched: 1, duplicate: 2))
    }

    @Test("Rows without any key are paired by likeness, and where nobody can tell the tie is a break")
    func likeness() throws {
        let trade = "t-1,EURUSD,buy,0.10,1.17120,\(time),open,,"
        let position = "11,EURUSD,buy,0.10,1.17120,\(time),1.17,,,\(asOf)"

        let alike = try compare([trade], [position])
        let tied = try compare([trade, trade.replacing("t-1", with: "t-2")], [position])

        #expect(alike.verdict == .reconciled && alike.result?.pairs.map(\.grade) == [.exact])
        #expect(tied.verdict == .breaks && tied.result?.pairs.isEmpty == true)
        #expect(tied.result?.breaks.map(\.breakClass) == [.ambiguous, .ambiguous, .ambiguous])
        #expect(tied.result?.ours == SideCounts(rows: 2, unmatched: 2))
    }

    @Test("In a netting account sums are compared, and a row that stands twice counts once")
    func netting() throws {
        let trade = "t-1,EURUSD,buy,0.30,1.17120,\(time),open,,"
        let positions = [
            "11,EURUSD,buy,0.10,1.17120,\(time),1.17,,,\(asOf)", "12,EURUSD,buy,0.20,1.17120,\(time),1.17,,,",
        ]

        let outcome = try compare([trade, trade], positions + positions, mode: .netting)

        #expect(outcome.verdict == .reconciled)
        #expect(outcome.result?.pairs.map(\.grade) == [.net])
    }

    @Test("A side that is not complete proves nothing: nothing is compared", arguments: ["partial", "failed"])
    func incomplete(_ completeness: String) throws {
        let detail = completeness == "failed" ? #""error": "time-out""# : #""positions": []"#
        let text = #"{"account_id": "a", "as_of": "\#(asOf)", "completeness": "\#(completeness)", \#(detail)}"#

        let comparison = try comparison(
            book: csv(tradeHeader, ["t-1,EURUSD,buy,0.10,1.17120,\(time),open,11,"]), broker: ("broker.json", text))
        let outcome = try comparison.outcome()

        #expect(outcome == .init(verdict: .incomplete))
        let json = String(
            decoding: ComparisonReport(comparison: comparison, outcome: outcome).json, as: UTF8.self)
        #expect(json.hasPrefix(#"{"verdict":"incomplete","pairs":0,"#))
        #expect(json.hasSuffix(#""matches":[],"breaks":[],"digest":null,"notes":[]}"#))
    }

    @Test("A snapshot's equity must follow from its other figures")
    func cash() throws {
        let text = """
            {"account_id": "a", "as_of": "\(asOf)", "completeness": "complete", "positions": [],
             "account": {"balance": 100.00, "equity": 99.00}}
            """

        let outcome = try comparison(book: csv(tradeHeader, []), broker: ("broker.json", text)).outcome()

        #expect(outcome.result?.breaks.map(\.breakClass) == [.cashMismatch])
    }

    @Test("The JSON has the contract's fields and every decimal's digits; the text says the same in tables")
    func report() throws {
        let comparison = try comparison(
            book: csv(
                tradeHeader,
                ["t-1,USDJPY,buy,0.10,157.000,\(time),open,11,158.5", "t-2,EURUSD,buy,1,1.1,\(time),open,12,"]),
            broker: (
                "broker.csv",
                csv(positionHeader, ["11,USDJPY,buy,0.05,157.100,\(time),157.2,,,\(asOf)"])
            ))
        let outcome = try comparison.outcome()
        let report = ComparisonReport(comparison: comparison, outcome: outcome)

        #expect(
            String(decoding: report.json, as: UTF8.self) == """
                {"verdict":"breaks","pairs":1,"counts":{\
                "ours":{"rows":2,"matched":1,"unmatched":1,"pending":0,"duplicate":0},\
                "broker":{"rows":1,"matched":1,"unmatched":0,"pending":0,"duplicate":0}},\
                "matches":[{"trade_ids":["t-1"],"tickets":[11],"grade":"ticket"}],"breaks":[\
                {"class":"broker_closed","severity":"critical","symbol":"EURUSD","trade_id":"t-2","ticket":12,\
                "field":null,"ours":1,"broker":null,"delta":null,"differences":[\
                {"field":null,"class":"broker_closed","ours":1,"broker":null,"delta":null,"direction":"buy"}]},\
                {"class":"partial_fill","severity":"major","symbol":"USDJPY","trade_id":"t-1","ticket":11,\
                "field":"volume","ours":0.1,"broker":0.05,"delta":-0.05,"differences":[\
                {"field":"volume","class":"partial_fill","ours":0.1,"broker":0.05,"delta":-0.05},\
                {"field":"entry_price","class":"entry_slippage","ours":157.000,"broker":157.100,"delta":0.100},\
                {"field":"take_profit","class":"tp_mismatch","ours":158.500,"broker":null,"delta":null}]}],\
                "digest":"\(outcome.digest ?? "")","notes":[]}
                """)
        #expect(outcome.digest?.utf8.count == 64)
        #expect(report.text.hasPrefix("Breaks as of 2026-01-05T10:00:00Z: 1 pair, 2 breaks\n"))
        for line in ["ours    2     1        1          0        0", "11       t-1     ticket"] {
            #expect(report.text.contains(line), "\(line) in\n\(report.text)")
        }
    }

    // MARK: Files

    private func csv(_ header: String, _ rows: [String]) -> String { ([header] + rows).joined(separator: "\n") + "\n" }

    private func compare(
        _ trades: [String], _ positions: [String], mode: Account.Mode = .hedging
    ) throws -> FileComparison.Outcome {
        let moment = positions.isEmpty ? Timestamp(seconds: 0) : nil
        return try comparison(
            book: csv(tradeHeader, trades), broker: ("broker.csv", csv(positionHeader, positions)), mode: mode,
            asOf: moment
        ).outcome()
    }

    private func comparison(
        book: String, broker: (name: String, text: String), mode: Account.Mode = .hedging, asOf: Timestamp? = nil
    ) throws -> FileComparison {
        let directory = try TemporaryDirectory()
        defer { directory.remove() }
        let (ours, theirs) = ("\(directory.path)/ours.csv", "\(directory.path)/\(broker.name)")
        try Data(book.utf8).write(to: URL(filePath: ours))
        try Data(broker.text.utf8).write(to: URL(filePath: theirs))
        let side = try ComparedBook(ImportedFile(ours), timeZone: nil)
        return FileComparison(
            mode: mode, book: side,
            snapshot: try ComparedSnapshot(ImportedFile(theirs), account: side.account, timeZone: nil, asOf: asOf),
            policy: PolicyFile())
    }
}
