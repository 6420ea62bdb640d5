import PluginAPI

/// Reads the rows of *Closed Transactions* or *Open Trades*, in the order a terminal writes them: trades, each with a
/// row of magic number and comment behind it where it has them, then the columns' totals, then the result.
struct MT4SectionReader {
    private let part: MT4Part
    private let timeZone: TimeZoneRule
    private var section = MT4Section()
    private var problems: FileProblems
    private var tickets: Set<Int64> = []
    private var saysNone = false
    /// Whether the row before was a trade or an order, so that a comment row may follow.
    private var mayHaveComment = false
    /// Whether that row is the last of ``MT4Section/trades``.
    private var commentsTrade = false

    /// Reads all rows, and adds what is wrong with them to `problems`.
    static func read(
        _ part: MT4Part, _ rows: [HTMLRow], timeZone: TimeZoneRule, problems: inout FileProblems
    ) -> MT4Section {
        var reader = MT4SectionReader(part: part, timeZone: timeZone, problems: problems)
        for (index, row) in rows.enumerated() { reader.read(row, number: index + 1) }
        reader.checkEnd()
        problems = reader.problems
        return reader.section
    }

    private init(part: MT4Part, timeZone: TimeZoneRule, problems: FileProblems) {
        self.part = part
        self.timeZone = timeZone
        self.problems = problems
    }

    private var resultLabel: String { part == .closed ? "Closed P/L:" : "Floating P/L:" }

    private mutating func read(_ row: HTMLRow, number: Int) {
        var reader = MT4RowReader(row: row, place: "\(part.rawValue), row \(number)", timeZone: timeZone)
        defer {
            for problem in reader.problems { problems.add(problem) }
        }
        let couldHaveComment = mayHaveComment
        mayHaveComment = false
        if section.result != nil {
            reader.refuse("stands behind the section's result")
        } else if row.shown.count == 2, row.shown[0].text == resultLabel {
            readResult(&reader)
        } else if section.totals != nil {
            reader.refuse("stands behind the totals, where \(resultLabel) should")
        } else if reader.isTotals {
            section.totals = reader.totals().map { ($0, row.line) }
        } else if row.shown.count == 1, row.shown[0].text == "No transactions" {
            saysNone = true
        } else if reader.isComment {
            readComment(&reader, isExpected: couldHaveComment)
        } else {
            readEntry(&reader)
        }
    }

    private mutating func readResult(_ reader: inout MT4RowReader) {
        if section.totals == nil { reader.refuse("stands before the columns' totals") }
        section.result = reader.amount(reader.row.shown[1], named: resultLabel).map { ($0, reader.row.line) }
    }

    private mutating func readComment(_ reader: inout MT4RowReader, isExpected: Bool) {
        guard isExpected else { return reader.refuse("is a comment without a trade before it") }
        guard let (magic, comment) = reader.comment(), commentsTrade, !section.trades.isEmpty else { return }
        section.trades[section.trades.count - 1].position.magic = magic
        section.trades[section.trades.count - 1].position.comment = comment
    }

    private mutating func readEntry(_ reader: inout MT4RowReader) {
        guard let ticket = reader.ticket() else { return }
        if !tickets.insert(ticket).inserted { reader.refuse("repeats ticket \(ticket)") }
        let type = reader.row.cells.count > 2 ? reader.row.cells[2].text : ""
        switch type {
        case "buy", "sell":
            mayHaveComment = true
            let trade = reader.trade(ticket: ticket, isClosed: part == .closed)
            commentsTrade = trade != nil
            if let trade { section.trades.append(trade) }
        case "balance" where part == .closed, "credit" where part == .closed:
            if let movement = reader.movement(ticket: ticket) { section.movements.append(movement) }
        case "buy limit", "sell limit", "buy stop", "sell stop":
            mayHaveComment = true
            commentsTrade = false
            guard part == .closed else { return reader.refuse("is a pending order among open trades") }
            reader.checkCancelledOrder()
            section.cancelledOrders += 1
        default:
            reader.refuse("has the type \"\(type)\", which is none of this section")
        }
    }

    private mutating func checkEnd() {
        func refuse(_ detail: String) { problems.add(.init(section: part.rawValue, detail: detail)) }
        if section.totals == nil { refuse("lacks the columns' totals: the file is not whole") }
        if section.result == nil { refuse("lacks \(resultLabel) the file is not whole") }
        if saysNone, !tickets.isEmpty { refuse("says \"No transactions\" and lists \(tickets.count)") }
        if !saysNone, tickets.isEmpty { refuse("lists nothing and does not say \"No transactions\"") }
    }
}
