/// The parts of an MT4 statement, in the only order they come in.
enum MT4Part: String, CaseIterable {
    case closed = "Closed Transactions"
    case open = "Open Trades"
    case working = "Working Orders"
    case summary = "Summary"

    /// The column headings of the part's rows; none for the summary.
    var columns: [String] {
        let order = ["Ticket", "Open Time", "Type", "Size", "Item", "Price", "S / L", "T / P"]
        let amounts = ["Price", "Commission", "Taxes", "Swap", "Profit"]
        return switch self {
        case .closed: order + ["Close Time"] + amounts
        case .open: order + [""] + amounts
        case .working: order + ["Market Price", ""]
        case .summary: []
        }
    }
}

/// A statement's rows, sorted into its parts.
struct MT4Outline {
    /// The row with account, name, currency, leverage and time.
    var heading: HTMLRow
    private var parts: [MT4Part: [HTMLRow]] = [:]

    /// The rows behind a part's column headings, blank ones apart.
    func rows(of part: MT4Part) -> [HTMLRow] { parts[part] ?? [] }

    /// - Throws: ``FileRefused`` unless every part is there once, in order, under its column headings.
    init(_ rows: [HTMLRow]) throws(FileRefused) {
        guard let start = rows.firstIndex(where: MT4Heading.isHeading) else {
            throw FileRefused([.init(detail: "is not an MT4 statement: no row names the account")])
        }
        heading = rows[start]
        var rest = rows[(start + 1)...].filter { !$0.isBlank }[...]
        for (index, part) in MT4Part.allCases.enumerated() {
            guard let title = rest.first, MT4Outline.part(titledBy: title) == part else {
                throw MT4Outline.missing(part, before: rest.first)
            }
            let body = rest.dropFirst().prefix { MT4Outline.part(titledBy: $0) == nil }
            rest = rest.dropFirst(1 + body.count)
            parts[part] = try MT4Outline.withoutColumnHeadings(Array(body), of: part, at: title.line)
            if index == MT4Part.allCases.count - 1, let extra = rest.first {
                throw FileRefused([.init(line: extra.line, detail: "has a second \"\(extra.shown[0].text)\"")])
            }
        }
    }

    private static func part(titledBy row: HTMLRow) -> MT4Part? {
        let shown = row.shown
        guard shown.count == 1 else { return nil }
        return MT4Part.allCases.first { shown[0].text.utf8.elementsEqual("\($0.rawValue):".utf8) }
    }

    private static func withoutColumnHeadings(
        _ rows: [HTMLRow], of part: MT4Part, at line: Int
    ) throws(FileRefused) -> [HTMLRow] {
        guard !part.columns.isEmpty else { return rows }
        guard let first = rows.first, first.cells.map(\.text) == part.columns else {
            let expected = part.columns.filter { !$0.isEmpty }.joined(separator: ", ")
            throw FileRefused([
                .init(line: line, section: part.rawValue, detail: "lacks the column headings \(expected)")
            ])
        }
        return Array(rows.dropFirst())
    }

    private static func missing(_ part: MT4Part, before row: HTMLRow?) -> FileRefused {
        FileRefused([
            .init(line: row?.line, section: part.rawValue, detail: "is missing or out of order: the file is not whole")
        ])
    }
}
