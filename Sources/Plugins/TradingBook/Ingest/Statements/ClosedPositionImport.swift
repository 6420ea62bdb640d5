import PluginAPI

/// Records closed positions as a statement tells them, inside the caller's transaction.
///
/// One that the book has as open, as closed without a price, or as closed by an agent's report, gets its closing; one that
/// a statement has settled the same way is left alone.
struct ClosedPositionImport {
    private static let chunk = 500

    let account: String
    /// The statement's time.
    let asOf: Timestamp
    let instruments: InstrumentStore
    let transaction: any Transaction

    /// - Returns: Tickets that were open before.
    /// - Throws: 409 naming every position that is stored with another closing, or that a snapshot later than the
    ///   statement listed.
    func put(_ positions: [ClosedPosition]) throws -> [Int64] {
        guard !positions.isEmpty else { return [] }
        let stored = try stored(positions.map(\.position.ticket))
        let contradicting = positions.compactMap { closed in
            stored[closed.position.ticket]?.contradiction(of: closed, asOf: asOf).map { (closed.position.ticket, $0) }
        }
        guard contradicting.isEmpty else {
            throw Problem.conflict(
                "The statement contradicts what is stored.",
                errors: contradicting.prefix(BodyProblems.listedMax).map { ticket, end in
                    Problem.Item(.pointer(""), "Closed Transactions: ticket \(ticket) \(end)")
                })
        }
        let new = positions.filter { stored[$0.position.ticket]?.isSettled != true }
        try write(new)
        return new.map(\.position.ticket).filter { stored[$0]?.isOpen == true }.sorted()
    }

    private func write(_ positions: [ClosedPosition]) throws {
        let book = try instruments.book(resolving: Set(positions.map(\.position.symbol)), in: transaction)
        let unknown = Set(positions.map { book.canonical($0.position.symbol) }).filter { book.known($0) == nil }
        var seen = try ObservedDigits(account: account, symbols: unknown, in: transaction)
        let resolved = positions.map { closed in
            var copy = closed
            copy.position.instrument = book.canonical(closed.position.symbol)
            for price in [copy.position.entryPrice, copy.closePrice] where unknown.contains(copy.position.instrument) {
                seen.see(copy.position.instrument, price)
            }
            return copy
        }
        try seen.save(account: account, in: transaction)
        try PositionStore(account: account, transaction: transaction).putClosed(resolved) { symbol in
            book.instrument(symbol, digitsSeen: seen.bySymbol[symbol] ?? 0).digits
        }
    }

    /// What is stored of a position.
    private struct Stored {
        var isOpen: Bool
        /// `as_of` of the last snapshot that showed it open; `nil` for one that only a statement has told of.
        var lastListedAt: Timestamp?
        var closePrice: FixedDecimal?
        var realizedPnL: FixedDecimal?
        /// Whether price and P/L are a statement's, the broker's own word; a report is the agent's.
        var isSettled: Bool

        func contradiction(of closed: ClosedPosition, asOf: Timestamp) -> String? {
            if isSettled {
                let isSame = closePrice == closed.closePrice && realizedPnL == closed.realizedPnL
                return isSame ? nil : "is stored with another end"
            }
            guard let lastListedAt, lastListedAt > asOf else { return nil }
            return "was listed as open by the snapshot of \(lastListedAt), after the statement"
        }
    }

    private func stored(_ tickets: [Int64]) throws -> [Int64: Stored] {
        var stored: [Int64: Stored] = [:]
        var rest = tickets[...]
        while !rest.isEmpty {
            let rows = try transaction.rows(
                """
                SELECT ticket, status, last_listed_at, close_price, realized_pnl, settled_by FROM positions
                WHERE account_id = \(account) AND ticket IN (\(Array(rest.prefix(Self.chunk))))
                """)
            for row in rows {
                guard let ticket = row.integer(0) else { continue }
                stored[ticket] = Stored(
                    isOpen: row.text(1) == "open", lastListedAt: row.timestamp(2), closePrice: row.decimal(3),
                    realizedPnL: row.decimal(4), isSettled: row.text(5) == "statement")
            }
            rest = rest.dropFirst(Self.chunk)
        }
        return stored
    }
}
