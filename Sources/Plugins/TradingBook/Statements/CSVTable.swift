/// A CSV file (RFC 4180) under a header row, every cell with the place it stands at.
///
/// The reader is the project's own and strict, because a refusal must name line and column, which CSV packages do not
/// keep: a quote inside an unquoted field, text behind a closing quote, a row of another width than the header's and a
/// name given twice are refused. A byte order mark is skipped, lines end with LF or CRLF, and empty lines do not count.
struct CSVTable: Sendable, Equatable {
    var header: [Cell]
    var rows: [[Cell]]

    /// One field of one record.
    struct Cell: Sendable, Equatable {
        var text: String
        /// From 1.
        var line: Int
        /// Characters from the start of the line, from 1.
        var column: Int
    }

    static let bytesMax = 32 << 20

    /// - Throws: ``FileRefused``: with the first place where the text is not CSV, or with every row of a wrong width.
    init(_ bytes: [UInt8]) throws(FileRefused) {
        guard bytes.count <= CSVTable.bytesMax else {
            throw FileRefused([.init(detail: "is larger than \(CSVTable.bytesMax >> 20) MiB")])
        }
        guard let text = String(validating: bytes, as: UTF8.self), !bytes.contains(0) else {
            throw FileRefused([.init(detail: "is not UTF-8 text")])
        }
        var scanner = CSVScanner(text)
        var records = try scanner.records()
        guard !records.isEmpty else { throw FileRefused([.init(line: 1, column: 1, detail: "has no header")]) }
        header = records.removeFirst()
        rows = records
        try check()
    }

    private func check() throws(FileRefused) {
        var problems = FileProblems()
        var names: Set<[UInt8]> = []
        for cell in header {
            if cell.text.isEmpty {
                problems.add(.init(line: cell.line, column: cell.column, detail: "is a column without a name"))
            } else if !names.insert(Array(cell.text.utf8)).inserted {
                problems.add(.init(line: cell.line, column: cell.column, detail: "names column \(cell.text) again"))
            }
        }
        for row in rows where row.count != header.count {
            let detail = "has \(row.count) fields; the header has \(header.count)"
            problems.add(.init(line: row[0].line, column: row[0].column, detail: detail))
        }
        try problems.throwIfAny()
    }
}

/// Splits CSV text into records.
private struct CSVScanner {
    private let scalars: [Unicode.Scalar]
    private var index = 0
    private var line = 1
    private var column = 1

    init(_ text: String) {
        scalars = Array(text.unicodeScalars)
        if scalars.first == "\u{FEFF}" { index = 1 }
    }

    mutating func records() throws(FileRefused) -> [[CSVTable.Cell]] {
        var records: [[CSVTable.Cell]] = []
        while index < scalars.count {
            if try takeLineEnd() { continue }
            var record = [try field()]
            while index < scalars.count, scalars[index] == "," {
                advance()
                record.append(try field())
            }
            records.append(record)
            guard try takeLineEnd() || index == scalars.count else { throw refusal("has text behind a closing quote") }
        }
        return records
    }

    private mutating func field() throws(FileRefused) -> CSVTable.Cell {
        var cell = CSVTable.Cell(text: "", line: line, column: column)
        var text = String.UnicodeScalarView()
        if index < scalars.count, scalars[index] == "\"" {
            try quoted(into: &text)
        } else {
            while index < scalars.count, !",\r\n".unicodeScalars.contains(scalars[index]) {
                guard scalars[index] != "\"" else { throw refusal("has a quote inside a field that is not quoted") }
                text.append(scalars[index])
                advance()
            }
        }
        cell.text = String(text)
        return cell
    }

    private mutating func quoted(into text: inout String.UnicodeScalarView) throws(FileRefused) {
        let (startLine, startColumn) = (line, column)
        advance()
        while index < scalars.count {
            let scalar = scalars[index]
            if scalar == "\"" {
                advance()
                guard index < scalars.count, scalars[index] == "\"" else { return }
            }
            text.append(scalar)
            advance()
            if scalar == "\n" { (line, column) = (line + 1, 1) }
        }
        throw FileRefused([.init(line: startLine, column: startColumn, detail: "opens a quote that is never closed")])
    }

    private mutating func takeLineEnd() throws(FileRefused) -> Bool {
        guard index < scalars.count else { return false }
        if scalars[index] == "\r" {
            guard index + 1 < scalars.count, scalars[index + 1] == "\n" else {
                throw refusal("has a carriage return without a line feed")
            }
            index += 1
        }
        guard scalars[index] == "\n" else { return false }
        index += 1
        (line, column) = (line + 1, 1)
        return true
    }

    private mutating func advance() {
        index += 1
        column += 1
    }

    private func refusal(_ detail: String) -> FileRefused {
        FileRefused([.init(line: line, column: column, detail: detail)])
    }
}
