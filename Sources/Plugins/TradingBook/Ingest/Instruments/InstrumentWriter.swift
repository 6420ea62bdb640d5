import PluginAPI

/// Stores descriptions of instruments, inside the caller's transaction.
struct InstrumentWriter: Sendable {
    let store: InstrumentStore
    let caller: Caller
    let requestID: String
    let now: Timestamp

    /// Puts the description in the place of what is stored under its symbol. Open trades and open positions whose symbols
    /// it or its predecessor names are resolved anew; closed ones keep the symbol they were closed under.
    ///
    /// - Throws: 409 when an alias belongs to another instrument or is one; 403 when an agent for some accounts would change
    ///   what an instrument means to all.
    func put(_ described: DescribedInstrument, in transaction: any Transaction) throws {
        let symbol = described.instrument.symbol
        let before = try stored(symbol, in: transaction)
        guard before != described else { return }
        try checkScope(described, in: transaction)
        try checkAliases(described, in: transaction)
        try write(described, in: transaction)
        try BookRevision.renewInstruments(in: transaction)
        let names = Set([symbol] + described.aliases + (before?.aliases ?? []))
        try resolveAnew(names.sorted(), in: transaction)
        let entry = AuditEntry(
            at: now, actor: caller.subject, action: "instrument.put", object: "instrument:\(symbol)",
            before: before?.json, after: described.json, requestID: requestID)
        try entry.append(in: transaction)
    }

    private func stored(_ symbol: String, in transaction: any Transaction) throws -> DescribedInstrument? {
        let rows = try transaction.rows(
            "SELECT digits, pip, multiplier, quote_currency FROM instruments WHERE symbol = \(symbol)")
        guard let row = rows.first, let digits = row.integer(0) else { return nil }
        let aliases = try transaction.rows(
            "SELECT alias FROM instrument_aliases WHERE symbol = \(symbol) ORDER BY alias")
        let instrument = Instrument(
            symbol: symbol, digits: Int(digits), pip: row.decimal(1), multiplier: row.decimal(2),
            quoteCurrency: row.text(3))
        return DescribedInstrument(instrument: instrument, aliases: aliases.compactMap { $0.text(0) })
    }

    /// Instruments are shared by all accounts, so an agent for some of them may only describe what nobody has described.
    private func checkScope(_ described: DescribedInstrument, in transaction: any Transaction) throws {
        let names = [described.instrument.symbol] + described.aliases
        let book = try store.book(resolving: names, in: transaction)
        let taken = described.aliases.filter { alias in
            let key = InstrumentBook.key(alias)
            return key != described.instrument.symbol && book.known(key) != nil
        }
        guard taken.isEmpty else {
            throw Problem.conflict(
                "An alias is an instrument of its own.",
                errors: taken.map { Problem.Item(.pointer("/aliases"), "\($0) is an instrument") })
        }
        guard caller.role == .agent, case .accounts = caller.grant else { return }
        guard names.allSatisfy({ book.known(book.canonical($0)) == nil }) else {
            throw Problem.forbidden(
                "This instrument is described already and counts for every account: changing it needs an operator, or an "
                    + "agent for all accounts.")
        }
    }

    private func checkAliases(_ described: DescribedInstrument, in transaction: any Transaction) throws {
        let taken = try transaction.rows(
            """
            SELECT alias, symbol FROM instrument_aliases
            WHERE alias IN (\(described.aliases)) AND symbol <> \(described.instrument.symbol) ORDER BY alias
            """)
        guard taken.isEmpty else {
            throw Problem.conflict(
                "An alias belongs to another instrument.",
                errors: taken.map {
                    Problem.Item(.pointer("/aliases"), "\($0.text(0) ?? "") is an alias of \($0.text(1) ?? "")")
                })
        }
    }

    private func write(_ described: DescribedInstrument, in transaction: any Transaction) throws {
        let instrument = described.instrument
        try transaction.execute(
            """
            INSERT INTO instruments (symbol, digits, pip, multiplier, quote_currency, updated_at)
            VALUES (\(instrument.symbol), \(instrument.digits), \(instrument.pip), \(instrument.multiplier),
            \(instrument.quoteCurrency), \(now))
            ON CONFLICT (symbol) DO UPDATE SET digits = excluded.digits, pip = excluded.pip,
            multiplier = excluded.multiplier, quote_currency = excluded.quote_currency, updated_at = excluded.updated_at
            """)
        try transaction.execute("DELETE FROM instrument_aliases WHERE symbol = \(instrument.symbol)")
        try transaction.executeMany(
            "INSERT INTO instrument_aliases (alias, symbol) VALUES (?, ?)",
            described.aliases.map { [.text($0), .text(instrument.symbol)] })
    }

    private func resolveAnew(_ names: [String], in transaction: any Transaction) throws {
        let book = try store.book(resolving: names, in: transaction)
        for name in names {
            let canonical = book.canonical(name)
            try transaction.execute(
                """
                UPDATE trades SET instrument = \(canonical)
                WHERE status = 'open' AND upper(symbol) = \(name) AND instrument <> \(canonical)
                """)
            try transaction.execute(
                """
                UPDATE positions SET symbol = \(canonical)
                WHERE status = 'open' AND upper(broker_symbol) = \(name) AND symbol <> \(canonical)
                """)
            guard let digits = book.known(canonical)?.digits else { continue }
            try transaction.execute(
                "UPDATE positions SET digits = \(digits) WHERE status = 'open' AND symbol = \(canonical)")
        }
    }
}
