import PluginAPI

/// The figures at the end of a statement, which its rows must add up to.
struct MT4Summary {
    var line: Int
    var deposits: FixedDecimal
    var credit: FixedDecimal
    var closedPnL: FixedDecimal
    var floatingPnL: FixedDecimal
    var margin: FixedDecimal
    var balance: FixedDecimal
    var equity: FixedDecimal
    var freeMargin: FixedDecimal

    private static let labels = [
        "Deposit/Withdrawal:", "Credit Facility:", "Closed Trade P/L:", "Floating P/L:", "Margin:", "Balance:",
        "Equity:", "Free Margin:",
    ]

    /// `nil` when a figure is missing, repeated or unreadable, which `problems` then holds.
    ///
    /// Detailed reports have statistics behind the summary; reading ends where its last figure stands.
    init?(_ rows: [HTMLRow], problems: inout FileProblems) {
        var figures: [String: FixedDecimal] = [:]
        var isSound = true
        func refuse(_ row: HTMLRow?, _ detail: String) {
            isSound = false
            problems.add(.init(line: row?.line, section: MT4Part.summary.rawValue, detail: detail))
        }
        for row in rows where figures.count < MT4Summary.labels.count && isSound {
            let cells = row.shown
            guard cells.count.isMultiple(of: 2) else {
                refuse(row, "has a row that is not pairs of a name and a figure")
                break
            }
            for start in stride(from: 0, to: cells.count, by: 2) {
                let (label, text) = (cells[start].text, cells[start + 1].text)
                guard MT4Summary.labels.contains(label), figures[label] == nil else {
                    refuse(row, "has \"\(label)\" unexpectedly")
                    continue
                }
                do {
                    figures[label] = try MT4Text.number(text)
                } catch {
                    refuse(row, "\(label) \"\(text)\" \(error.detail)")
                }
            }
        }
        let missing = MT4Summary.labels.filter { figures[$0] == nil }
        if isSound, !missing.isEmpty { refuse(rows.last, "lacks \(missing.joined(separator: " "))") }
        let values = MT4Summary.labels.compactMap { figures[$0] }
        guard isSound, values.count == MT4Summary.labels.count else { return nil }
        (deposits, credit, closedPnL, floatingPnL) = (values[0], values[1], values[2], values[3])
        (margin, balance, equity, freeMargin) = (values[4], values[5], values[6], values[7])
        line = rows.first?.line ?? 0
    }
}
