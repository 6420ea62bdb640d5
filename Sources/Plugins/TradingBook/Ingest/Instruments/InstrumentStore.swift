import PluginAPI

/// The stored descriptions of instruments, laid over those of the configuration and the built-in ones.
struct InstrumentStore: Sendable {
    /// Symbols looked up by one statement.
    private static let chunk = 400

    /// What the configuration file says.
    let configured: InstrumentBook

    /// A book that knows everything needed to resolve these symbols.
    func book(resolving symbols: some Sequence<String>, in transaction: any Transaction) throws -> InstrumentBook {
        try resolved(symbols, in: transaction).book
    }

    /// The same, and whether it takes memory of its own: it shares the configured one's until something is added.
    func resolved(
        _ symbols: some Sequence<String>,
        in transaction: any Transaction
    ) throws -> (book: InstrumentBook, isOwn: Bool) {
        var (book, isOwn) = (configured, false)
        var candidates = Array(
            Set(symbols.flatMap { InstrumentBook.candidates(for: $0) + [configured.canonical($0)] }))[...]
        while !candidates.isEmpty {
            for row in try transaction.rows(Self.select(Self.padded(candidates.prefix(Self.chunk)))) {
                let (instrument, alias) = try Self.read(row)
                book.add(instrument, aliases: alias.map { [$0] } ?? [])
                isOwn = true
            }
            candidates = candidates.dropFirst(Self.chunk)
        }
        return (book, isOwn)
    }

    /// What ``InstrumentBook/canonical(_:)`` of ``book(resolving:in:)`` is, as an expression.
    func canonicalSymbol(_ symbol: String) -> SQL {
        let key = InstrumentBook.key(symbol)
        // Nothing that is stored changes what an instrument's own symbol stands for.
        if configured.describes(key) { return "\(key)" }
        return """
            COALESCE((SELECT symbol FROM instruments WHERE symbol = \(key)),
                (SELECT symbol FROM instrument_aliases WHERE alias = \(key)), \(configured.canonical(symbol)))
            """
    }

    /// Described instruments under these symbols, and those that have one of them as an alias.
    private static func select(_ keys: [String]) -> SQL {
        """
        SELECT symbol, digits, pip, multiplier, quote_currency, NULL AS alias
        FROM instruments WHERE symbol IN (\(keys))
        UNION ALL
        SELECT i.symbol, i.digits, i.pip, i.multiplier, i.quote_currency, a.alias
        FROM instrument_aliases a JOIN instruments i ON i.symbol = a.symbol WHERE a.alias IN (\(keys))
        """
    }

    /// Repeats the last key until a multiple of eight is there, so that few statements are enough for any number of keys.
    private static func padded(_ keys: ArraySlice<String>) -> [String] {
        guard let last = keys.last else { return [] }
        return keys + Array(repeating: last, count: (8 - keys.count % 8) % 8)
    }

    private static func read(_ row: Row) throws -> (Instrument, alias: String?) {
        guard let symbol = row.text(0), let digits = row.integer(1) else {
            throw StoredRowDamaged(table: "instruments", column: "symbol")
        }
        let instrument = Instrument(
            symbol: symbol, digits: Int(digits), pip: row.decimal(2), multiplier: row.decimal(3),
            quoteCurrency: row.text(4))
        return (instrument, row.text(5))
    }
}

/// Decimals that an account's prices of undescribed instruments have been seen with; they only grow.
struct ObservedDigits: Sendable {
    private(set) var bySymbol: [String: Int] = [:]
    private var changed: Set<String> = []

    init() {}

    init(account: String, symbols: Set<String>, in transaction: any Transaction) throws {
        guard !symbols.isEmpty else { return }
        let rows = try transaction.rows(
            "SELECT symbol, digits FROM observed_digits WHERE account_id = \(account)")
        for row in rows {
            guard let symbol = row.text(0), let digits = row.integer(1), symbols.contains(symbol) else { continue }
            bySymbol[symbol] = Int(digits)
        }
    }

    mutating func see(_ symbol: String, _ price: FixedDecimal?) {
        guard let price, Int(price.scale) > bySymbol[symbol] ?? -1 else { return }
        bySymbol[symbol] = Int(price.scale)
        changed.insert(symbol)
    }

    func save(account: String, in transaction: any Transaction) throws {
        guard !changed.isEmpty else { return }
        try transaction.executeMany(
            """
            INSERT INTO observed_digits (account_id, symbol, digits) VALUES (?, ?, ?)
            ON CONFLICT (account_id, symbol) DO UPDATE SET digits = excluded.digits
            """,
            changed.sorted().map { [.text(account), .text($0), .integer(Int64(bySymbol[$0] ?? 0))] })
        try BookRevision.renew(account, in: transaction)
    }
}
