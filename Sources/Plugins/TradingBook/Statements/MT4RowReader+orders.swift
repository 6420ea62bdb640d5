import PluginAPI

/// Pending orders: no trades, but rows that must be whole like any other.
extension MT4RowReader {
    static let orderTypes: Set<String> = ["buy limit", "sell limit", "buy stop", "sell stop"]

    /// An order that never became a trade, among closed ones: what it ended with stands over the money columns as a word
    /// (`cancelled`, `expired`), or they are zero. There may have been no market price then.
    mutating func checkCancelledOrder() {
        guard row.cells.count == 11 || row.cells.count == 14 else {
            return refuse("is a cancelled order with \(row.cells.count) cells instead of 11 or 14")
        }
        checkOrder()
        _ = time(row.cells[8], named: "close time")
        _ = unlessZero(row.cells[9], named: "market price")
        guard row.cells.count == 14 else {
            if row.cells[10].isBlank { refuse("does not say how the order ended") }
            return
        }
        if let amounts = amounts(row.cells[10...]), amounts != MT4Amounts() {
            refuse("is a cancelled order that moved money")
        }
    }

    /// An order that waits, under its own heading: the market's price behind its own, and nothing behind that.
    mutating func checkWorkingOrder() {
        guard (9...14).contains(row.cells.count) else {
            return refuse("is a working order with \(row.cells.count) cells instead of 9 to 14")
        }
        checkOrder()
        _ = unlessZero(row.cells[8], named: "market price")
        if !row.cells[9...].allSatisfy(\.isBlank) { refuse("has more than a working order's columns") }
    }

    /// What every order begins with, behind its ticket.
    private mutating func checkOrder() {
        guard row.cells[..<8].allSatisfy({ $0.span == 1 }) else { return refuse("has joined cells before its prices") }
        _ = time(row.cells[1], named: "open time")
        _ = positive(row.cells[3], named: "size")
        _ = symbol(row.cells[4])
        _ = positive(row.cells[5], named: "price")
        _ = unlessZero(row.cells[6], named: "S / L")
        _ = unlessZero(row.cells[7], named: "T / P")
    }
}
