import PluginAPI

/// Proves that a statement's rows add up to its own totals and summary, to the last digit.
///
/// The columns' totals are the sums of the rows, of closed and of open trades; their sum is the section's result and the
/// summary's; `balance` rows add up to *Deposit/Withdrawal*; equity is balance, credit and floating P/L; free margin is
/// equity less margin. `credit` rows add up to *Credit Facility* where there are any, and where the statement covers the
/// account's whole life. A balance cannot be summed otherwise: what was there before is not in the statement.
struct MT4Proof {
    private var problems = FileProblems()

    /// - Throws: ``FileRefused`` with every sum that does not hold.
    static func check(
        closed: MT4Section, open: MT4Section, working: MT4Section, summary: MT4Summary
    ) throws(FileRefused) {
        var proof = MT4Proof()
        proof.check(closed, of: .closed, summaryResult: summary.closedPnL, summaryLine: summary.line)
        proof.check(open, of: .open, summaryResult: summary.floatingPnL, summaryLine: summary.line)
        proof.checkTickets([(.closed, closed), (.open, open), (.working, working)])
        proof.checkHedges(closed)
        proof.checkMoney(closed.movements, summary)
        try proof.problems.throwIfAny()
    }

    private mutating func check(
        _ section: MT4Section, of part: MT4Part, summaryResult: FixedDecimal, summaryLine: Int
    ) {
        guard let totals = section.totals, let result = section.result else { return }
        var sum = MT4Amounts()
        for trade in section.trades { sum += trade.amounts }
        for (rows, stated) in zip(sum.columns, totals.amounts.columns) {
            expect(
                rows.value, equals: stated.value, "the rows' \(rows.name)", "the total", part.rawValue, totals.line)
        }
        expect(
            totals.amounts.total, equals: result.value, "commission, taxes, swap and profit", "the result",
            part.rawValue, result.line)
        let name = part == .closed ? "Closed Trade P/L" : "Floating P/L"
        expect(result.value, equals: summaryResult, part.rawValue, name, MT4Part.summary.rawValue, summaryLine)
    }

    /// A ticket is one thing: what is open has not been closed, and is neither a deposit nor an order that waits.
    private mutating func checkTickets(_ sections: [(part: MT4Part, content: MT4Section)]) {
        var parts: [Int64: MT4Part] = [:]
        for (part, section) in sections {
            for (ticket, place) in section.tickets.sorted(by: { $0.value.row < $1.value.row }) {
                guard let first = parts.updateValue(part, forKey: ticket) else { continue }
                let detail = "lists ticket \(ticket), which \(first.rawValue) lists too"
                problems.add(.init(line: place.line, section: "\(part.rawValue), row \(place.row)", detail: detail))
            }
        }
    }

    /// A trade without a size has its result in the row of the one it was closed by, which must be there.
    private mutating func checkHedges(_ closed: MT4Section) {
        let tickets = Set(closed.trades.map(\.position.ticket))
        for hedge in closed.hedges where hedge.counterpart.map({ !tickets.contains($0) }) ?? true {
            let detail = "has size 0 and does not say \"close hedge by #\" and the ticket of a closed trade"
            problems.add(
                .init(
                    line: hedge.place.line, section: "\(MT4Part.closed.rawValue), row \(hedge.place.row)",
                    detail: detail))
        }
    }

    private mutating func checkMoney(_ movements: [MT4Movement], _ summary: MT4Summary) {
        let credits = movements.filter { $0.flow.kind == .credit }
        let credited = credits.reduce(FixedDecimal.zero) { $0 + $1.flow.amount }
        let deposited = movements.reduce(FixedDecimal.zero) { $0 + $1.flow.amount } - credited
        func expect(_ left: FixedDecimal, _ right: FixedDecimal, _ leftName: String, _ rightName: String) {
            self.expect(left, equals: right, leftName, rightName, MT4Part.summary.rawValue, summary.line)
        }
        expect(deposited, summary.deposits, "the balance rows' sum", "Deposit/Withdrawal")
        let isWholeLife = summary.balance == summary.deposits + summary.closedPnL
        if isWholeLife || !credits.isEmpty {
            expect(credited, summary.credit, "the credit rows' sum", "Credit Facility")
        }
        let equity = summary.balance + summary.credit + summary.floatingPnL
        expect(equity, summary.equity, "balance, credit and floating P/L", "Equity")
        expect(summary.equity - summary.margin, summary.freeMargin, "equity less margin", "Free Margin")
    }

    private mutating func expect(
        _ left: FixedDecimal, equals right: FixedDecimal, _ leftName: String, _ rightName: String, _ section: String,
        _ line: Int
    ) {
        guard left != right else { return }
        let detail = "does not add up: \(leftName) \(left), \(rightName) \(right)"
        problems.add(.init(line: line, section: section, detail: detail))
    }
}
