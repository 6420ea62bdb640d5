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
    /// The account of rows that name none, in a file that is read for none.
    static let unnamedAccount = "-"

    var rows: [JSONValue]
    private var table: CSVTable?
    /// The text of a JSON file, in which problems are looked up.
    private var text: [UInt8] = []

    /// - Parameter fields: The names a column may have; others are refused with the nearest of them.
    init(_ bytes: [UInt8], format: FileFormat, fields: [String]) throws(FileRefused) {
        switch format {
        case .csv:
            let table = try CSVTable(bytes)
            try FileRows.checkHeader(table, fields: fields)
            self.table = table
            rows = table.rows.map { FileRows.object(table.header, $0) }
        case .json:
            self = try FileRows(elementsOf: FileRows.document(bytes), text: bytes)
        }
    }

    /// The rows of a JSON document that has been read already.
    init(elementsOf document: JSONValue, text: [UInt8]) throws(FileRefused) {
        guard case .array(let rows) = document else {
            let detail = "must be an array of rows, not \(document.kindName)"
            throw FileRefused([.init(line: 1, column: 1, detail: detail)])
        }
        self.rows = rows
        self.text = text
    }

    /// What the first row that has the field says there.
    func stated(_ field: String) -> String? {
        rows.lazy.compactMap { row in if case .string(let text)? = row[field] { text } else { nil } }.first
    }

    /// Adds `value` to rows that lack the field, and notes those that have another.
    mutating func fill(
        _ field: String, with value: String, isSame: (String, String) -> Bool = { $0.utf8.elementsEqual($1.utf8) }
    ) throws(FileRefused) {
        var problems = FileProblems()
        var places = JSONPlaces(text)
        for index in rows.indices {
            switch rows[index][field] {
            case .string(let text) where !isSame(text, value):
                let detail = "is \(text), but the file is read for \(value)"
                problems.add(problem(at: "/\(index)/\(field)", detail: detail, &places))
            case nil, .null:
                guard case .object(let members) = rows[index] else { continue }
                let others = members.filter { !$0.name.utf8.elementsEqual(field.utf8) }
                rows[index] = .object(others + [.init(name: field, value: .string(value))])
            case .string: break
            case let other?:
                let detail = "must be a string, not \(other.kindName)"
                problems.add(problem(at: "/\(index)/\(field)", detail: detail, &places))
            }
        }
        try problems.throwIfAny()
    }

    /// The refusal of the rows as a refusal of the file: JSON pointers become lines and columns where the file has them.
    func refusal(_ refused: Problem, under base: String = "") -> FileRefused {
        guard !refused.errors.isEmpty else { return FileRefused([.init(detail: refused.detail)]) }
        var places = JSONPlaces(text)
        return FileRefused(
            refused.errors.map { item in
                guard case .pointer(let pointer) = item.place else { return .init(detail: item.detail) }
                let isBelow = pointer.hasPrefix(base + "/")
                let own = isBelow ? String(pointer.dropFirst(base.count)) : inFirstRow(pointer)
                return problem(at: own, detail: item.detail, &places)
            })
    }

    /// A field that the file has once is taken from the first row that states it: that is where it stands.
    private func inFirstRow(_ pointer: String) -> String {
        let name = String(pointer.dropFirst())
        return rows.firstIndex { $0[name] != nil }.map { "/\($0)\(pointer)" } ?? pointer
    }

    private func problem(
        at pointer: String, detail: String, _ places: inout JSONPlaces
    ) -> FileRefused.Problem {
        let parts = pointer.split(separator: "/")
        guard let table else {
            let place = places.place(of: pointer)
            return .init(line: place.line, column: place.column, section: pointer, detail: detail)
        }
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

    /// - Throws: ``FileRefused`` with the place where the text is not JSON, or for a file that is too large.
    static func document(_ bytes: [UInt8]) throws(FileRefused) -> JSONValue {
        guard bytes.count <= CSVTable.bytesMax else {
            throw FileRefused([.init(detail: "is larger than \(CSVTable.bytesMax >> 20) MiB")])
        }
        do throws(JSONSyntaxError) {
            return try JSONValue(parsing: bytes)
        } catch {
            throw FileRefused([.init(line: error.line, column: error.column, detail: error.detail)])
        }
    }
}
