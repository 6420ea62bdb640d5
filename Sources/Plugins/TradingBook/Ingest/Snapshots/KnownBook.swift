import PluginAPI

/// What is stored of an account that a snapshot is held against, as it was at one revision.
struct KnownBook: Sendable {
    let account: Account
    let revision: BookRevision
    /// The open trades, in order of ID; none for a snapshot that is not compared.
    let trades: [Trade]
    /// The open positions; none for a snapshot that is not compared.
    let positions: OpenRows
    /// What ``instruments`` knows, if it is known at all.
    let symbols: Set<String>
    let instruments: InstrumentBook
    let digits: ObservedDigits
    /// Entries of ``instruments``, unless they are the configured ones, which all books share.
    var ownInstruments = 0

    /// Reads it, inside a transaction that holds the account's row.
    ///
    /// - Parameters:
    ///   - isCompared: Whether trades and positions are needed.
    ///   - store: Where descriptions of instruments are.
    static func read(
        for snapshot: Snapshot,
        of state: AccountState,
        isCompared: Bool,
        _ store: InstrumentStore,
        in transaction: any Transaction
    ) throws -> KnownBook {
        let id = state.account.id
        let trades = isCompared ? try OpenTrades.of(id, in: transaction) : []
        let symbols = snapshot.symbols.union(trades.map(\.instrument))
        let (instruments, isOwn) = try store.resolved(symbols, in: transaction)
        let unknown = Set(symbols.map(instruments.canonical)).filter { instruments.known($0) == nil }
        return KnownBook(
            account: state.account, revision: state.revision, trades: trades,
            positions: isCompared ? try OpenRows(account: id, in: transaction) : OpenRows(), symbols: symbols,
            instruments: instruments,
            digits: try ObservedDigits(account: id, symbols: unknown, in: transaction),
            ownInstruments: isOwn ? instruments.count : 0)
    }

    /// How much memory it takes, in rows. A symbol, an instrument and an alias take a quarter of one.
    var rowsTotal: Int {
        let fills = trades.reduce(0) { $0 + $1.fills.count }
        return trades.count + fills + positions.count + (symbols.count + ownInstruments) / 4
    }
}

extension Snapshot {
    /// Everything in it that has a price, as the broker calls it.
    var symbols: Set<String> {
        var symbols: Set<String> = []
        for position in positions { symbols.insert(position.symbol) }
        for quote in quotes { symbols.insert(quote.symbol) }
        return symbols
    }
}
