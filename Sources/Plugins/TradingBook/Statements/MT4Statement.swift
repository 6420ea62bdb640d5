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

    /// A statement ends with its table and a few closing tags: this much of its end holds the end of the table.
    private static let endMax = 4_096

    /// The HTML parser completes a document that was cut off, so the end is looked for in the bytes themselves.
    private static func checkIsWhole(_ bytes: [UInt8]) throws(FileRefused) {
        if let refusal = MT5Report.refusal(of: bytes) { throw FileRefused([.init(detail: refusal)]) }
        guard !bytes.prefix(64).contains(0) else {
            throw FileRefused([.init(detail: "is not an MT4 statement but a binary file")])
        }
        let end = String(decoding: bytes.suffix(endMax), as: UTF8.self).lowercased()
        guard let table = end.split(separator: "<td", omittingEmptySubsequences: false).last, table.contains("</table>")
        else {
            throw FileRefused([
                .init(detail: "is cut off or no statement: its table has no end; save the statement again")
            ])
        }
    }
}
