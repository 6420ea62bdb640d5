/// Rows of text in columns as wide as they need to be, for people.
struct TextTable {
    private var rows: [[String]]

    init(header: [String]) {
        rows = [header]
    }

    /// - Precondition: As many cells as the header has.
    mutating func append(_ cells: [String]) {
        precondition(cells.count == rows[0].count, "a row has as many cells as the header")
        rows.append(cells)
    }

    /// The lines, two spaces between columns and none at a line's end.
    var text: String {
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            var line = ""
            for (cell, width) in zip(row, widths) {
                line += cell + String(repeating: " ", count: width - cell.count + 2)
            }
            while line.last == " " { line.removeLast() }
            return line
        }.joined(separator: "\n")
    }
}
