import PluginAPI

/// How a file of rows is written.
public enum FileFormat: Sendable, CaseIterable {
    /// A header of field names, then one row a line; an empty cell is an absent field.
    case csv
    /// An array of objects.
    case json
}

/// Rows of a file as JSON objects, so that they are read by the same rules as a request's, and where each field stands.
struct FileRows {
    var rows: [JSONValue]
    private var table: CSVTable?

    /// - Parameter fields: The names a column may have; others are refused with the nearest of them.
    init(_ bytes: [UInt8], format: FileFormat, fields: [String]) throws(FileRefused) {
        switch format {
        case .csv:
            let table = try CSVTable(bytes)
            try FileRows.checkHeader(table, fields: fields)
            self.table = table
            rows = table.rows.map { FileRows.object(table.header, $0) }
        case .json:
            rows = try FileRows.elements(bytes)
        }
    }

    /// Adds `value` to rows that lack the field, and notes those that have another.
    mutating func fill(
        _ field: String, with value: String, isSame: (String, String) -> Bool = { $0.utf8.elementsEqual($1.utf8) }
    ) throws(FileRefused) {
        var problems = FileProblems()
        for index in rows.indices {
            switch rows[index][field] {
            case .string(let text) where !isSame(text, value):
                problems.add(problem(at: "/\(index)/\(field)", detail: "is \(text), but the file is read for \(value)"))
            case nil, .null:
                guard case .object(let members) = rows[index] else { continue }
                let others = members.filter { !$0.name.utf8.elementsEqual(field.utf8) }
                rows[index] = .object(others + [.init(name: field, value: .string(value))])
            default: break
            }
        }
        try problems.throwIfAny()
    }

    /// The refusal of the rows as a refusal of the file: JSON pointers become lines and columns where the file has them.
    func refusal(_ refused: Problem, under base: String = "") -> FileRefused {
        guard !refused.errors.isEmpty else { return FileRefused([.init(detail: refused.detail)]) }
        return FileRefused(
            refused.errors.map { item in
                guard case .pointer(let pointer) = item.place else { return .init(detail: item.detail) }
                let isBelow = pointer.hasPrefix(base + "/")
                return problem(at: isBelow ? String(pointer.dropFirst(base.count)) : pointer, detail: item.detail)
            })
    }

    private func problem(at pointer: String, detail: String) -> FileRefused.Problem {
        let parts = pointer.split(separator: "/")
        guard let table else { return .init(section: pointer, detail: detail) }
        guard let first = parts.first, let index = Int(first), table.rows.indices.contains(index) else {
            return .init(detail: parts.isEmpty ? detail : "\(pointer.dropFirst()) \(detail)")
        }
        let row = table.rows[index]
        let name = parts.count > 1 ? String(parts[1]) : nil
        let column = name.flatMap { name in table.header.firstIndex { $0.text.utf8.elementsEqual(name.utf8) } }
        let cell = column.map { row[$0] } ?? row[0]
        return .init(line: cell.line, column: cell.column, detail: name.map { "\($0) \(detail)" } ?? detail)
    }

    // MARK: Reading

    private static func checkHeader(_ table: CSVTable, fields: [String]) throws(FileRefused) {
        var problems = FileProblems()
        for cell in table.header where !fields.contains(where: { $0.utf8.elementsEqual(cell.text.utf8) }) {
            let nearest = NearestName.of(cell.text, among: fields)
            let hint = nearest.map { "did you mean \"\($0)\"?" } ?? "known are \(fields.joined(separator: ", "))"
            problems.add(
                .init(line: cell.line, column: cell.column, detail: "\"\(cell.text)\" is not a column here; \(hint)"))
        }
        try problems.throwIfAny()
    }

    private static func object(_ header: [CSVTable.Cell], _ row: [CSVTable.Cell]) -> JSONValue {
        .object(
            zip(header, row).compactMap { name, cell in
                guard !cell.text.isEmpty else { return nil }
                // Decimals and tickets may come as text; a magic number is a number in JSON and has no quotes in CSV.
                let value: JSONValue = name.text == "magic" ? .number(cell.text) : .string(cell.text)
                return .init(name: name.text, value: value)
            })
    }

    private static func elements(_ bytes: [UInt8]) throws(FileRefused) -> [JSONValue] {
        let value: JSONValue
        do throws(JSONSyntaxError) {
            value = try JSONValue(parsing: bytes)
        } catch {
            throw FileRefused([.init(line: error.line, column: error.column, detail: error.detail)])
        }
        guard case .array(let rows) = value else {
            throw FileRefused([.init(line: 1, column: 1, detail: "must be an array of rows, not \(value.kindName)")])
        }
        return rows
    }
}
