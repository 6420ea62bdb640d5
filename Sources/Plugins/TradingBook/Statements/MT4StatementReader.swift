/// Turns the rows of an MT4 statement into what it says, or into the list of what is wrong with it.
///
/// First every row is read, then the sums are proved, so that a row that cannot be read is not followed by five sums that
/// do not hold because of it.
struct MT4StatementReader {
    let timeZone: TimeZoneRule

    func read(_ rows: [HTMLRow]) throws(FileRefused) -> BrokerStatement {
        let outline = try MT4Outline(rows)
        var problems = FileProblems()
        let heading = MT4Heading(outline.heading, timeZone: timeZone, problems: &problems)
        let closed = MT4SectionReader.read(
            .closed, outline.rows(of: .closed), timeZone: timeZone, problems: &problems)
        let open = MT4SectionReader.read(.open, outline.rows(of: .open), timeZone: timeZone, problems: &problems)
        let working = MT4SectionReader.read(
            .working, outline.rows(of: .working), timeZone: timeZone, problems: &problems)
        let summary = MT4Summary(outline.rows(of: .summary), problems: &problems)
        try problems.throwIfAny()
        guard let heading, let summary else {
            throw FileRefused([.init(detail: "is not an MT4 statement")])
        }
        try MT4Proof.check(closed: closed, open: open, working: working, summary: summary)
        return statement(heading, closed, open, summary)
    }

    private func statement(
        _ heading: MT4Heading, _ closed: MT4Section, _ open: MT4Section, _ summary: MT4Summary
    ) -> BrokerStatement {
        BrokerStatement(
            login: heading.login,
            currency: heading.currency,
            asOf: heading.asOf,
            closed: closed.trades.compactMap(closedPosition),
            open: open.trades.map(\.position).sorted { $0.ticket < $1.ticket },
            flows: closed.movements.map(\.flow),
            cancelledOrders: closed.cancelledOrders,
            totals: .init(
                closedPnL: summary.closedPnL, floatingPnL: summary.floatingPnL, balance: summary.balance,
                credit: summary.credit, equity: summary.equity, margin: summary.margin))
    }

    private func closedPosition(_ trade: MT4Trade) -> ClosedPosition? {
        trade.closedAt.map {
            ClosedPosition(
                position: trade.position, closedAt: $0, closePrice: trade.position.currentPrice,
                realizedPnL: trade.amounts.total)
        }
    }
}
