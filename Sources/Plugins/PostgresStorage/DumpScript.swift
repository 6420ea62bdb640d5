/// The script `pg_restore` writes, taken apart as it comes: statements, and between them the rows of `COPY`.
///
/// ```
/// statements ──COPY … FROM stdin;──► rows ──\.──► statements
/// ```
struct DumpScript {
    enum Step: Equatable {
        /// Statements to be run together.
        case statements(String)
        /// A `COPY … FROM stdin` whose rows follow.
        case copy(String)
        /// Whole lines of rows.
        case rows([UInt8])
        case endOfRows
    }

    private var line: [UInt8] = []
    private var statements: [UInt8] = []
    private var isInRows = false

    private static let newline = UInt8(ascii: "\n")

    /// Takes the next bytes. - Returns: What can be done now, in order.
    mutating func take(_ bytes: ArraySlice<UInt8>) -> [Step] {
        var steps: [Step] = []
        var rows: [UInt8] = []
        var rest = bytes
        while let end = rest.firstIndex(of: Self.newline) {
            line += rest[...end]
            rest = rest[(end + 1)...]
            if isInRows {
                if line.elementsEqual("\\.\n".utf8) {
                    steps += rows.isEmpty ? [.endOfRows] : [.rows(rows), .endOfRows]
                    (rows, isInRows) = ([], false)
                } else {
                    rows += line
                }
            } else {
                steps += takeLineOfStatements()
            }
            line.removeAll(keepingCapacity: true)
        }
        line += rest
        return rows.isEmpty ? steps : steps + [.rows(rows)]
    }

    /// The end of the script. - Returns: What is left to do, or `nil` when the script stops in the middle of rows.
    mutating func finish() -> [Step]? {
        guard !isInRows else { return nil }
        statements += line
        line = []
        return takeStatements()
    }

    private mutating func takeLineOfStatements() -> [Step] {
        if line.starts(with: "COPY ".utf8), line.reversed().starts(with: " FROM stdin;\n".utf8.reversed()) {
            isInRows = true
            return takeStatements() + [.copy(String(decoding: line.dropLast(), as: UTF8.self))]
        }
        // For psql, which keeps other commands of its own out between the two.
        if line.starts(with: "\\restrict ".utf8) || line.starts(with: "\\unrestrict ".utf8) { return [] }
        statements += line
        return []
    }

    private mutating func takeStatements() -> [Step] {
        defer { statements = [] }
        let isBlank = statements.allSatisfy { $0 <= 0x20 }
        return isBlank ? [] : [.statements(String(decoding: statements, as: UTF8.self))]
    }
}
