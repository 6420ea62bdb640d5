import PluginAPI

/// Records flows of money, each once by its ID, inside the caller's transaction.
struct FlowStore {
    private static let chunk = 500

    let account: String
    let transaction: any Transaction

    /// Inserts what is new. A repeat with equal content changes nothing.
    ///
    /// - Throws: 409 naming every flow that is stored with other content.
    func put(_ flows: [Flow]) throws {
        guard !flows.isEmpty else { return }
        let stored = try stored(flows.map(\.id))
        let contradicting = flows.filter { flow in stored[flow.id].map { $0 != flow } ?? false }
        guard contradicting.isEmpty else {
            throw Problem.conflict(
                "A flow is stored with other content.",
                errors: contradicting.map {
                    Problem.Item(.pointer("/flows"), "flow_id \($0.id) is stored with other content")
                })
        }
        let new = flows.filter { stored[$0.id] == nil }
        guard !new.isEmpty else { return }
        try transaction.executeMany(
            "INSERT INTO flows (account_id, flow_id, time, amount, kind, is_applied) VALUES (?, ?, ?, ?, ?, ?)",
            new.map { flow in
                [
                    .text(account), .text(flow.id), .timestamp(flow.time), .decimal(flow.amount),
                    .text(flow.kind.rawValue), .boolean(false),
                ]
            })
    }

    private func stored(_ ids: [String]) throws -> [String: Flow] {
        var stored: [String: Flow] = [:]
        var rest = ids[...]
        while !rest.isEmpty {
            let rows = try transaction.rows(
                """
                SELECT flow_id, time, amount, kind FROM flows
                WHERE account_id = \(account) AND flow_id IN (\(Array(rest.prefix(Self.chunk))))
                """)
            for row in rows {
                guard let id = row.text(0), let time = row.timestamp(1), let amount = row.decimal(2),
                    let kind = row.text(3).flatMap(Flow.Kind.init)
                else { throw StoredRowDamaged(table: "flows", column: "flow_id") }
                stored[id] = Flow(id: id, time: time, amount: amount, kind: kind)
            }
            rest = rest.dropFirst(Self.chunk)
        }
        return stored
    }
}

/// Keeps an account's newest quote of each instrument, inside the caller's transaction.
struct QuoteStore {
    let account: String
    let transaction: any Transaction

    /// A quote older than the stored one changes nothing.
    func put(_ quotes: [Quote], digits: (String) -> Int) throws {
        guard !quotes.isEmpty else { return }
        try transaction.executeMany(
            """
            INSERT INTO quotes (account_id, symbol, broker_symbol, digits, bid, ask, open_price, previous_close, time)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (account_id, symbol) DO UPDATE SET broker_symbol = excluded.broker_symbol,
            digits = excluded.digits, bid = excluded.bid, ask = excluded.ask, open_price = excluded.open_price,
            previous_close = excluded.previous_close, time = excluded.time WHERE excluded.time >= quotes.time
            """,
            quotes.map { quote in
                [
                    .text(account), .text(quote.instrument), .text(quote.symbol),
                    .integer(Int64(digits(quote.instrument))), .decimal(quote.bid), .decimal(quote.ask),
                    .decimal(quote.open), .decimal(quote.previousClose), .timestamp(quote.time),
                ]
            })
    }
}
