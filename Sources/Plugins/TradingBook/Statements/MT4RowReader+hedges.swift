import PluginAPI

/// The other half of a hedge: MT4 closes two opposite trades by each other, writes the result into one row, and leaves the
/// other with size 0, no result and the comment `close hedge by #N`, which names the first.
struct MT4HedgeRow {
    var ticket: Int64
    var comment: String?
    var place: MT4Section.Place

    private static let marker = "close hedge by #"

    /// The ticket whose row holds the result; `nil` when the comment names none.
    var counterpart: Int64? {
        guard let comment, comment.hasPrefix(MT4HedgeRow.marker) else { return nil }
        let digits = comment.utf8.dropFirst(MT4HedgeRow.marker.utf8.count).prefix { (0x30...0x39).contains($0) }
        return Int64(Substring(digits))
    }
}

extension MT4RowReader {
    /// Whether a closed trade's row has no size, as the other half of a hedge.
    var hasNoSize: Bool {
        row.cells.count == 14 && (try? MT4Text.number(row.cells[3].text))?.isZero == true
    }

    /// Reads a row without a size, all of which must be whole and nothing of which may have moved money.
    mutating func hedge(ticket: Int64, place: MT4Section.Place) -> MT4HedgeRow {
        _ = time(row.cells[1], named: "open time")
        _ = symbol(row.cells[4])
        _ = positive(row.cells[5], named: "open price")
        _ = unlessZero(row.cells[6], named: "S / L")
        _ = unlessZero(row.cells[7], named: "T / P")
        _ = time(row.cells[8], named: "close time")
        _ = positive(row.cells[9], named: "close price")
        if let amounts = amounts(row.cells[10...]), amounts != MT4Amounts() {
            refuse("has size \(row.cells[3].text) and a result")
        }
        let (_, comment) = MT4RowReader.magicAndComment(fromTitle: row.cells[0].title)
        return MT4HedgeRow(ticket: ticket, comment: comment, place: place)
    }
}
