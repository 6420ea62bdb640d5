import Foundation
import PluginAPI
import Testing

@testable import TradingBook

/// Every way a statement can be damaged that its sums can show, done to every place of both brokers' files.
@Suite("A damaged MT4 statement is refused")
struct MT4StatementMutationTests {
    @Test(
        "With one digit altered in any commission, taxes, swap, profit, balance row, total or summary figure",
        arguments: SharedStatement.allCases, 0..<4)
    func alteredDigit(_ file: SharedStatement, quarter: Int) throws {
        let bytes = try file.bytes()
        let zone = try newYorkPlusSeven()
        let figures = figures(in: bytes)
        #expect(figures.count == (file == .openPositions ? 292 * 4 + 1 + 4 + 4 + 2 + 8 : 35 * 4 + 7 + 4 + 4 + 2 + 8))

        for (number, figure) in figures.enumerated() where number % 4 == quarter && number / 4 % step(in: file) == 0 {
            let digits = figure.filter { (0x30...0x39).contains(bytes[$0]) }
            let place = digits[number % digits.count]
            var altered = bytes
            altered[place] = altered[place] == 0x39 ? 0x30 : altered[place] + 1
            #expect(throws: FileRefused.self, "digit at byte \(place)") {
                try MT4Statement.parse(altered, timeZone: zone)
            }
        }
    }

    @Test(
        "With the row of any trade of non-zero result, any balance row or any total taken out",
        arguments: SharedStatement.allCases)
    func droppedRow(_ file: SharedStatement) throws {
        let rows = try HTMLTable.rows(of: file.bytes())
        let reader = MT4StatementReader(timeZone: try newYorkPlusSeven())
        _ = try reader.read(rows)
        let needed = rows.indices.filter { isNeeded(rows[$0]) }
        #expect(needed.count > 40)

        for index in needed {
            var fewer = rows
            fewer.remove(at: index)
            #expect(throws: FileRefused.self, "row at line \(rows[index].line)") { try reader.read(fewer) }
        }
    }

    @Test("Cut off anywhere before the end of its summary", arguments: SharedStatement.allCases)
    func cutOff(_ file: SharedStatement) throws {
        let bytes = try file.bytes()
        let zone = try newYorkPlusSeven()
        let end = try #require(lastOffset(of: "</table>", in: bytes))

        let everywhere = Array(stride(from: 0, to: end - 1_200, by: 97)) + Array(end - 1_200..<end + 8)
        for length in everywhere {
            #expect(throws: FileRefused.self, "cut at byte \(length)") {
                try MT4Statement.parse(Array(bytes[..<length]), timeZone: zone)
            }
        }
        #expect(throws: Never.self) { try MT4Statement.parse(Array(bytes[..<(end + 8)]), timeZone: zone) }
    }

    @Test("Cut off between any two rows, even when the table is closed again", arguments: SharedStatement.allCases)
    func cutOffAndClosed(_ file: SharedStatement) throws {
        let rows = try HTMLTable.rows(of: file.bytes())
        let reader = MT4StatementReader(timeZone: try newYorkPlusSeven())
        let last = try #require(rows.lastIndex { !$0.isBlank })

        for count in 0...last where count % 3 == 0 || count > last - 20 {
            #expect(throws: FileRefused.self, "\(count) rows") { try reader.read(Array(rows[..<count])) }
        }
    }

    // MARK: The places

    /// Of the large file one figure in five of each quarter, so that the tests stay
    /// quick. `CONCORD_EXHAUSTIVE=1` alters every figure.
    private func step(in file: SharedStatement) -> Int {
        let isExhaustive = ProcessInfo.processInfo.environment["CONCORD_EXHAUSTIVE"] == "1"
        return file == .openPositions && !isExhaustive ? 5 : 1
    }

    /// The bytes of every figure that a sum covers: `class=mspt` marks amounts and sizes, and sizes stand fourth in a row.
    private func figures(in bytes: [UInt8]) -> [Range<Int>] {
        var ranges: [Range<Int>] = []
        for row in split(bytes, "<tr") {
            let cells = split(bytes, "<td", in: row)
            let amounts = cells.enumerated().filter { index, cell in
                bytes[cell].starts(with: Array("<td".utf8)) && lastOffset(of: "mspt", in: Array(bytes[cell])) != nil
                    && !(cells.count == 15 && index == 4)
            }
            ranges += amounts.compactMap { text(of: $0.element, in: bytes) }
        }
        return ranges
    }

    /// A cell's figure: from the first tag's end to the first closing tag, inside `<b>` where there is one.
    private func text(of cell: Range<Int>, in bytes: [UInt8]) -> Range<Int>? {
        guard let close = bytes[cell].firstRange(of: Array("</".utf8))?.lowerBound,
            let open = bytes[cell.lowerBound..<close].lastIndex(of: UInt8(ascii: ">"))
        else { return nil }
        return open + 1..<close
    }

    /// `range` cut before every `pattern`.
    private func split(_ bytes: [UInt8], _ pattern: String, in range: Range<Int>? = nil) -> [Range<Int>] {
        let range = range ?? 0..<bytes.count
        let starts = bytes[range].ranges(of: Array(pattern.utf8)).map(\.lowerBound)
        let edges = [range.lowerBound] + starts + [range.upperBound]
        return zip(edges, edges.dropFirst()).map { $0..<$1 }
    }

    private func lastOffset(of pattern: String, in bytes: [UInt8]) -> Int? {
        bytes.ranges(of: Array(pattern.utf8)).last?.lowerBound
    }

    private func isNeeded(_ row: HTMLRow) -> Bool {
        let texts = row.cells.map(\.text)
        if texts.count == 14, ["buy", "sell"].contains(texts[2]) { return Set(texts[10...]) != ["0.00"] }
        return texts.count == 5 && (texts[2] == "balance" || texts[0].isEmpty) || texts.contains("Equity:")
            || texts.contains("Closed P/L:")
    }
}
