import PluginAPI

/// Reads the rows of *Closed Transactions*, *Open Trades* or *Working Orders*, in the order a terminal writes them:
/// entries, each with a row of magic number and comment behind it where it has them, then, but for working orders, the
/// columns' totals and the result.
struct MT4SectionReader {
    private let part: MT4Part
    private let timeZone: TimeZoneRule
    private var section = MT4Section()
    private var problems: FileProblems
    private var saysNone = false
    /// Whether the row before was a trade or an order, so that a comment row may follow.
    private var mayHaveComment = false
    /// What that row was, if its comment is kept.
    private var commented: Commented?

    /// The last of ``MT4Section/trades`` or of ``MT4Section/hedges``.
    private enum Commented {
        case trade, hedge
    }

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

    /// `nil` where nothing is added up.
    private var resultLabel: String? {
        switch part {
        case .closed: "Closed P/L:"
        case .open: "Floating P/L:"
        case .working, .summary: nil
        }
    }

    private mutating func read(_ row: HTMLRow, number: Int) {
        var reader = MT4RowReader(row: row, place: "\(part.rawValue), row \(number)", timeZone: timeZone)
        defer {
            for problem in reader.problems { problems.add(problem) }
        }
        let couldHaveComment = mayHaveComment
        mayHaveComment = false
        if section.result != nil {
            reader.refuse("stands behind the section's result")
        } else if let resultLabel, row.shown.count == 2, row.shown[0].text == resultLabel {
            readResult(&reader, resultLabel)
        } else if section.totals != nil {
            reader.refuse("stands behind the totals, where \(resultLabel ?? "nothing") should")
        } else if resultLabel != nil, reader.isTotals {
            section.totals = reader.totals().map { ($0, row.line) }
        } else if row.shown.count == 1, row.shown[0].text == "No transactions" {
            saysNone = true
        } else if reader.isComment {
            readComment(&reader, isExpected: couldHaveComment)
        } else {
            readEntry(&reader, .init(row: number, line: row.line))
        }
    }

    private mutating func readResult(_ reader: inout MT4RowReader, _ label: String) {
        if section.totals == nil { reader.refuse("stands before the columns' totals") }
        section.result = reader.amount(reader.row.shown[1], named: label).map { ($0, reader.row.line) }
    }

    private mutating func readComment(_ reader: inout MT4RowReader, isExpected: Bool) {
        guard isExpected else { return reader.refuse("is a comment without a trade before it") }
        guard let (magic, comment) = reader.comment() else { return }
        switch commented {
        case .trade:
            section.trades[section.trades.count - 1].position.magic = magic
            section.trades[section.trades.count - 1].position.comment = comment
        case .hedge: section.hedges[section.hedges.count - 1].comment = comment
        case nil: break
        }
    }

    private mutating func readEntry(_ reader: inout MT4RowReader, _ place: MT4Section.Place) {
        guard let ticket = reader.ticket() else { return }
        if section.tickets.updateValue(place, forKey: ticket) != nil { reader.refuse("repeats ticket \(ticket)") }
        commented = nil
        let type = reader.row.cells.count > 2 ? reader.row.cells[2].text : ""
        switch type {
        case "buy" where part != .working, "sell" where part != .working:
            mayHaveComment = true
            if part == .closed, reader.hasNoSize {
                section.hedges.append(reader.hedge(ticket: ticket, place: place))
                commented = .hedge
            } else if let trade = reader.trade(ticket: ticket, isClosed: part == .closed) {
                section.trades.append(trade)
                commented = .trade
            }
        case "balance" where part == .closed, "credit" where part == .closed:
            if let movement = reader.movement(ticket: ticket) { section.movements.append(movement) }
        case let order where MT4RowReader.orderTypes.contains(order):
            mayHaveComment = true
            readOrder(&reader)
        default:
            reader.refuse("has the type \"\(type)\", which is none of this section")
        }
    }

    private mutating func readOrder(_ reader: inout MT4RowReader) {
        switch part {
        case .closed:
            reader.checkCancelledOrder()
            section.cancelledOrders += 1
        case .working: reader.checkWorkingOrder()
        case .open, .summary: reader.refuse("is a pending order among open trades")
        }
    }

    private mutating func checkEnd() {
        func refuse(_ detail: String) { problems.add(.init(section: part.rawValue, detail: detail)) }
        if let resultLabel {
            if section.totals == nil { refuse("lacks the columns' totals: the file is not whole") }
            if section.result == nil { refuse("lacks \(resultLabel) the file is not whole") }
        }
        let count = section.tickets.count
        if saysNone, count > 0 { refuse("says \"No transactions\" and lists \(count)") }
        if !saysNone, count == 0 { refuse("lists nothing and does not say \"No transactions\"") }
    }
}
