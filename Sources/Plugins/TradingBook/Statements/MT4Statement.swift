/// Reads the account statement that a MetaTrader 4 terminal or server writes as HTML.
///
/// The format has sections *Closed Transactions*, *Open Trades*, *Working Orders* and *Summary* in one table. What is
/// returned has been proved: see ``MT4Proof``.
public enum MT4Statement {
    /// - Parameter timeZone: The broker's clock, which the statement does not name.
    /// - Throws: ``FileRefused`` with every problem found, each with its section, row and line.
    public static func parse(_ bytes: [UInt8], timeZone: TimeZoneRule) throws(FileRefused) -> BrokerStatement {
        try checkIsWhole(bytes)
        return try MT4StatementReader(timeZone: timeZone).read(HTMLTable.rows(of: bytes))
    }

    /// The HTML parser completes a document that was cut off, so the end is looked for in the bytes themselves.
    private static func checkIsWhole(_ bytes: [UInt8]) throws(FileRefused) {
        if bytes.contains(0) {
            throw FileRefused([.init(detail: "is not an MT4 statement but a binary or UTF-16 file, as MT5 reports are")]
            )
        }
        let end = lastOffset(of: "</table>", in: bytes)
        let lastCell = lastOffset(of: "<td", in: bytes)
        guard let lastCell else {
            throw FileRefused([.init(detail: "is not an MT4 statement: it has no table")])
        }
        guard let end, end > lastCell else {
            throw FileRefused([.init(detail: "is cut off: its table has no end; save the statement again")])
        }
    }

    /// Where `pattern`, in lower case, begins for the last time, letters compared in any case.
    private static func lastOffset(of pattern: String, in bytes: [UInt8]) -> Int? {
        let pattern = Array(pattern.utf8)
        guard bytes.count >= pattern.count else { return nil }
        return (0...bytes.count - pattern.count).reversed().first { start in
            bytes[start] == pattern[0]
                && zip(bytes[start...], pattern).allSatisfy { byte, expected in
                    byte == expected || (0x41...0x5A).contains(byte) && byte | 0x20 == expected
                }
        }
    }
}
