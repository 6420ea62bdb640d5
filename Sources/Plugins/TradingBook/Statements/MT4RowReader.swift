import PluginAPI

/// Reads the cells of one row, and notes each that cannot be read.
struct MT4RowReader {
    let row: HTMLRow
    private let place: String
    private let timeZone: TimeZoneRule
    private(set) var problems: [FileRefused.Problem] = []

    static let commentMax = 1_024

    init(row: HTMLRow, place: String, timeZone: TimeZoneRule) {
        self.row = row
        self.place = place
        self.timeZone = timeZone
    }

    mutating func refuse(_ detail: String) {
        problems.append(.init(line: row.line, section: place, detail: detail))
    }

    // MARK: Shapes

    /// Ten columns of nothing, then the four money columns.
    var isTotals: Bool { row.cells.count == 5 && row.cells[0].isBlank && row.cells[0].span == 10 }

    /// Nine columns of nothing, then magic number and comment.
    var isComment: Bool { row.cells.count == 3 && row.cells[0].isBlank && row.cells[0].span == 9 }

    // MARK: Rows

    mutating func totals() -> MT4Amounts? { amounts(row.cells[1...]) }

    /// The magic number and the comment; `nil` inside for a blank cell.
    mutating func comment() -> (magic: Int64?, comment: String?)? {
        let number = row.cells[1].text
        let comment = bounded(row.cells[2].isBlank ? nil : row.cells[2].text)
        guard !number.isEmpty else { return (nil, comment) }
        guard let magic = Int64(number) else {
            refuse("has the magic number \"\(number)\", which is not an integer")
            return nil
        }
        return (magic, comment)
    }

    /// A comment of the length that a snapshot's may have: a statement's positions become one.
    private mutating func bounded(_ comment: String?) -> String? {
        guard let comment, comment.utf8.count > MT4RowReader.commentMax else { return comment }
        refuse("has a comment longer than \(MT4RowReader.commentMax) bytes")
        return nil
    }

    mutating func trade(ticket: Int64, isClosed: Bool) -> MT4Trade? {
        guard row.cells.count == 14, row.cells.allSatisfy({ $0.span == 1 }) else {
            refuse("has \(row.cells.count) cells instead of 14")
            return nil
        }
        let (magic, titled) = MT4RowReader.magicAndComment(fromTitle: row.cells[0].title)
        let comment = bounded(titled)
        let entryTime = time(row.cells[1], named: "open time")
        let direction = Direction(rawValue: row.cells[2].text)
        let volume = positive(row.cells[3], named: "size")
        let symbol = symbol(row.cells[4])
        let entryPrice = positive(row.cells[5], named: "open price")
        let stopLoss = unlessZero(row.cells[6], named: "S / L")
        let takeProfit = unlessZero(row.cells[7], named: "T / P")
        let closedAt = isClosed ? time(row.cells[8], named: "close time") : nil
        let price = positive(row.cells[9], named: isClosed ? "close price" : "price")
        let amounts = amounts(row.cells[10...])
        if !isClosed, !row.cells[8].isBlank { refuse("has a close time among open trades") }
        guard problems.isEmpty, let entryTime, let direction, let volume, let symbol, let entryPrice, let price,
            let amounts
        else { return nil }
        let position = BrokerPosition(
            ticket: ticket, symbol: symbol, direction: direction, volume: volume, entryPrice: entryPrice,
            entryTime: entryTime, currentPrice: price, takeProfit: takeProfit, stopLoss: stopLoss,
            profit: amounts.profit, swap: amounts.swap, commission: amounts.commission, taxes: amounts.taxes,
            comment: comment, magic: magic)
        return MT4Trade(position: position, closedAt: closedAt)
    }

    mutating func movement(ticket: Int64) -> MT4Movement? {
        guard row.cells.count == 5, row.cells[3].span == 10 else {
            refuse("has \(row.cells.count) cells instead of 5")
            return nil
        }
        let time = time(row.cells[1], named: "time")
        guard let amount = amount(row.cells[4], named: "amount"), let time else { return nil }
        let kind =
            row.cells[2].text == "credit" ? .credit : Flow.Kind.ofBalanceRow(text: row.cells[3].text, amount: amount)
        let flow = Flow(id: Flow.Kind.flowID(ofTicket: ticket), time: time, amount: amount, kind: kind)
        return MT4Movement(flow: flow, line: row.line)
    }

    // MARK: Cells

    mutating func ticket() -> Int64? {
        let text = row.cells.first?.text ?? ""
        guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let ticket = Int64(text), ticket > 0 else {
            refuse("does not begin with a ticket, and is no other row of this section")
            return nil
        }
        return ticket
    }

    mutating func amount(_ cell: HTMLCell, named name: String) -> FixedDecimal? {
        do {
            return try MT4Text.number(cell.text)
        } catch {
            refuse("\(name) \"\(cell.text)\" \(error.detail)")
            return nil
        }
    }

    mutating func amounts(_ cells: ArraySlice<HTMLCell>) -> MT4Amounts? {
        let names = ["commission", "taxes", "swap", "profit"]
        let values = zip(cells, names).compactMap { amount($0, named: $1) }
        guard values.count == 4 else { return nil }
        let amounts = MT4Amounts(commission: values[0], taxes: values[1], swap: values[2], profit: values[3])
        guard amounts.total.storedUnits != nil else {
            refuse("has a result out of range")
            return nil
        }
        return amounts
    }

    mutating func positive(_ cell: HTMLCell, named name: String) -> FixedDecimal? {
        guard let value = amount(cell, named: name) else { return nil }
        guard value > .zero else {
            refuse("\(name) is \(cell.text); it must be above zero")
            return nil
        }
        return value
    }

    mutating func unlessZero(_ cell: HTMLCell, named name: String) -> FixedDecimal? {
        guard let value = amount(cell, named: name), !value.isZero else { return nil }
        if value.isNegative { refuse("\(name) is \(cell.text); it must not be below zero") }
        return value
    }

    mutating func time(_ cell: HTMLCell, named name: String) -> Timestamp? {
        guard let civil = MT4Text.time(cell.text), MT4Text.years.contains(civil.year) else {
            refuse("\(name) \"\(cell.text)\" is not a time like 2025.05.26 19:36:41")
            return nil
        }
        return timeZone.timestamp(of: civil)
    }

    mutating func symbol(_ cell: HTMLCell) -> String? {
        let bytes = cell.text.utf8
        guard (1...64).contains(bytes.count), bytes.allSatisfy({ (0x20...0x7E).contains($0) }) else {
            refuse("item \"\(cell.text)\" is not 1 to 64 characters of printable ASCII")
            return nil
        }
        return cell.text
    }

    /// The title of a ticket's cell is `#magic comment`, or the comment alone where there is no magic number.
    static func magicAndComment(fromTitle title: String?) -> (Int64?, String?) {
        guard let title, !title.isEmpty else { return (nil, nil) }
        guard title.hasPrefix("#") else { return (nil, title) }
        let number = title.dropFirst().prefix { $0 != " " }
        guard let magic = Int64(number) else { return (nil, title) }
        let comment = title.dropFirst(1 + number.count).drop { $0 == " " }
        return (magic, comment.isEmpty ? nil : String(comment))
    }
}
