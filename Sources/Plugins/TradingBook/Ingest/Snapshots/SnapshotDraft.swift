import PluginAPI

/// A snapshot held against a book: all that follows from the two and needs no storage.
///
/// It is made before the transaction where the book is remembered, so that the one thread that writes does not wait for
/// it, and inside the transaction where it is not. Both ways the same is made of the same book.
struct SnapshotDraft: Sendable {
    let book: KnownBook
    /// As it is applied, but for ``IngestChange/sequence``.
    var change: IngestChange
    /// What becomes of the positions; nothing unless the snapshot is complete and came in time.
    let positions: OpenRows.Comparison
    /// The positions that have moved with the market only, as ``PositionStore`` writes them.
    let moves: [[Value]]
    /// What is seen of instruments that nobody has described.
    let digits: ObservedDigits

    /// - Throws: 422 naming every position whose P/L cannot be known or kept.
    init(
        _ canonical: CanonicalSnapshot,
        on book: KnownBook,
        isSuperseded: Bool = false,
        at now: Timestamp
    ) throws(Problem) {
        let snapshot = try SnapshotValuation(account: book.account, book: book.instruments).value(canonical.snapshot)
        var seen = book.digits
        let instruments = Self.instruments(of: snapshot, on: book, &seen)
        self.book = book
        digits = seen
        change = IngestChange(
            account: book.account, snapshot: snapshot, snapshotID: canonical.id, sequence: 0,
            isSuperseded: isSuperseded, instruments: instruments, trades: book.trades, now: now)
        guard change.isCompared else {
            (positions, moves) = (OpenRows.Comparison(), [])
            return
        }
        positions = book.positions.compare(with: snapshot.distinctPositions) { instruments[$0]?.digits ?? 0 }
        moves = PositionStore.moves(positions.moved, of: book.account.id, at: snapshot.asOf)
        change.openPositions = positions.open
        change.closedTickets = positions.gone
    }

    /// Whether what is stored of the account now is what this was made of.
    func holds(for state: AccountState) -> Bool {
        state.revision == book.revision && state.account == book.account
            && state.currentAsOf.map { change.snapshot.asOf >= $0 } ?? true
    }

    /// Every instrument involved; those that nobody has described have the most digits seen.
    private static func instruments(
        of snapshot: Snapshot,
        on book: KnownBook,
        _ seen: inout ObservedDigits
    ) -> [String: Instrument] {
        let canonical = Set(snapshot.symbols.union(book.trades.map(\.instrument)).map(book.instruments.canonical))
        let unknown = canonical.filter { book.instruments.known($0) == nil }
        if !unknown.isEmpty { see(snapshot, book.trades, unknown, &seen) }
        return Dictionary(
            uniqueKeysWithValues: canonical.map { symbol in
                (symbol, book.instruments.instrument(symbol, digitsSeen: seen.bySymbol[symbol] ?? 0))
            })
    }

    private static func see(
        _ snapshot: Snapshot,
        _ trades: [Trade],
        _ unknown: Set<String>,
        _ seen: inout ObservedDigits
    ) {
        for position in snapshot.positions where unknown.contains(position.instrument) {
            for price in [position.entryPrice, position.currentPrice, position.takeProfit, position.stopLoss] {
                seen.see(position.instrument, price)
            }
        }
        for trade in trades where unknown.contains(trade.instrument) {
            // Storage keeps every price with the same number of decimals; those that were written are not known.
            for price in [trade.entryPrice, trade.takeProfit, trade.stopLoss] {
                seen.see(trade.instrument, price?.normalized)
            }
        }
        for quote in snapshot.quotes where unknown.contains(quote.instrument) {
            for price in [quote.bid, quote.ask, quote.open, quote.previousClose] { seen.see(quote.instrument, price) }
        }
    }
}
