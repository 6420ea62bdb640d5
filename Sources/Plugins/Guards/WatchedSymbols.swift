import PluginAPI
import TradingBook

/// The symbols whose quotes the market guard judges for one account, and since when each has an alert.
///
/// Watched is what the newest complete snapshot with quotes, or a partial one since, has listed as a quote or as a
/// position. What it has not is dropped, so that a quote of last month does not leave the account unjudged for ever.
struct WatchedSymbols {
    private var entries: [Entry]
    private var changes: [Change] = []
    private let freshness: Freshness
    private let now: Timestamp

    /// One stored quote and what is known about its symbol.
    private struct Entry {
        var quote: Quote
        var isWatched: Bool
        var since: DetectionTimes
    }

    private enum Change {
        case keep(symbol: String, DetectionTimes)
        case drop(symbol: String)
    }

    /// Every quote of the account, whether or not its symbol is watched.
    init(of change: IngestChange, in transaction: any Transaction) throws(StorageError) {
        let account = change.account.id
        freshness = Freshness(interval: change.account.snapshotInterval)
        now = change.now
        let rows = try transaction.rows(
            """
            SELECT q.symbol, q.bid, q.ask, q.open_price, q.previous_close, q.time AS quote_time, g.symbol AS watched,
                g.price_gap_at, g.liquidity_crisis_at
            FROM quotes q LEFT JOIN guard_symbols g ON g.account_id = q.account_id AND g.symbol = q.symbol
            WHERE q.account_id = \(account) ORDER BY q.symbol
            """)
        entries = rows.compactMap { row in
            guard let quote = Quote(row) else { return nil }
            return Entry(quote: quote, isWatched: row.text("watched") != nil, since: DetectionTimes(row))
        }
    }

    /// Alerts that are on now.
    var alertsCount: Int {
        entries.reduce(0) { $0 + ($1.isWatched && isFresh($1.quote) ? $1.since.count : 0) }
    }

    /// Judges the quotes after a snapshot that has some.
    ///
    /// - Returns: Conditions that were not there before.
    mutating func observe(
        _ change: IngestChange,
        with marketGuard: MarketGuard
    ) -> [(quote: Quote, condition: MarketCondition)] {
        guard !change.snapshot.quotes.isEmpty else { return [] }
        let keepsUnlisted = change.snapshot.completeness != .complete
        let listed = Set(change.snapshot.quotes.map(\.instrument) + change.snapshot.positions.map(\.instrument))
        var detected: [(quote: Quote, condition: MarketCondition)] = []
        for index in entries.indices {
            let quote = entries[index].quote
            let before = entries[index]
            let isListed = listed.contains(quote.instrument)
            entries[index].isWatched = isListed || (before.isWatched && keepsUnlisted)
            if isListed, isFresh(quote), marketGuard.canJudge(quote) {
                let conditions = marketGuard.conditions(of: quote)
                detected += conditions.filter { before.since[$0.kind] == nil }.map { (quote, $0) }
                entries[index].since.keep(conditions.map(\.kind), at: quote.time)
            }
            noteChange(from: before, to: entries[index])
        }
        return detected
    }

    /// Writes what ``observe(_:with:)`` has changed.
    func store(account: String, in transaction: any Transaction) throws(StorageError) {
        for change in changes {
            switch change {
            case .drop(let symbol):
                try transaction.execute(
                    "DELETE FROM guard_symbols WHERE account_id = \(account) AND symbol = \(symbol)")
            case .keep(let symbol, let since):
                try transaction.execute(
                    """
                    INSERT INTO guard_symbols (account_id, symbol, price_gap_at, liquidity_crisis_at)
                    VALUES (\(account), \(symbol), \(since[.priceGap]), \(since[.liquidityCrisis]))
                    ON CONFLICT (account_id, symbol) DO UPDATE SET
                        price_gap_at = excluded.price_gap_at, liquidity_crisis_at = excluded.liquidity_crisis_at
                    """)
            }
        }
    }

    private func isFresh(_ quote: Quote) -> Bool { !freshness.isStale(quote.time, at: now) }

    private mutating func noteChange(from before: Entry, to after: Entry) {
        switch (before.isWatched, after.isWatched) {
        case (true, false): changes.append(.drop(symbol: after.quote.instrument))
        case (false, true): changes.append(.keep(symbol: after.quote.instrument, after.since))
        case (true, true) where before.since != after.since:
            changes.append(.keep(symbol: after.quote.instrument, after.since))
        default: break
        }
    }
}

/// Since when each condition of a symbol has been there, by the quotes' own times.
struct DetectionTimes: Sendable, Equatable {
    private var times: [MarketCondition.Kind: Timestamp] = [:]

    init(_ row: Row) {
        times[.priceGap] = row.timestamp("price_gap_at")
        times[.liquidityCrisis] = row.timestamp("liquidity_crisis_at")
    }

    var count: Int { times.count }

    subscript(kind: MarketCondition.Kind) -> Timestamp? { times[kind] }

    /// Forgets every other kind; one that is new starts at `time`.
    mutating func keep(_ kinds: [MarketCondition.Kind], at time: Timestamp) {
        let before = times
        times = Dictionary(uniqueKeysWithValues: kinds.map { ($0, before[$0] ?? time) })
    }
}

extension Quote {
    /// A quote from a row with the columns of `quotes`; `nil` when an outer join found none.
    init?(_ row: Row) {
        guard let symbol = row.text("symbol"), let time = row.timestamp("quote_time") else { return nil }
        self.init(
            symbol: symbol, instrument: symbol, bid: row.decimal("bid"), ask: row.decimal("ask"),
            open: row.decimal("open_price"), previousClose: row.decimal("previous_close"), time: time)
    }
}
