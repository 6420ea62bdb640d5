package import PluginAPI

/// Reads a broker's snapshot from JSON and refuses it with every problem at once.
///
/// The same reader takes what ``SnapshotContent`` has written. Symbols are not resolved here: what they stand for is the
/// book's knowledge, not the body's.
package struct SnapshotBody {
    static let positionsMax = 20_000
    static let flowsMax = 20_000
    static let quotesMax = 5_000

    static let fields = [
        "account_id", "as_of", "completeness", "account", "positions", "flows", "quotes", "error",
    ]
    static let figureFields = ["balance", "equity", "margin", "credit"]
    static let positionFields = [
        "ticket", "symbol", "direction", "volume", "entry_price", "entry_time", "current_price", "take_profit",
        "stop_loss", "profit", "swap", "commission", "taxes", "comment", "magic",
    ]
    static let flowFields = ["flow_id", "time", "amount", "kind"]
    static let quoteFields = ["symbol", "bid", "ask", "open", "previous_close", "time"]

    private let positionsMax: Int
    private let problems = BodyProblems()
    /// Contradictions that are a conflict rather than a broken rule.
    private var conflicts: [Problem.Item] = []

    package static func parse(_ bytes: [UInt8]) throws(Problem) -> Snapshot {
        try parse(JSONBody.object(bytes))
    }

    /// - Parameter positionsMax: More are for files alone, which nothing is stored of.
    static func parse(
        _ value: JSONValue, positionsMax: Int = SnapshotBody.positionsMax
    ) throws(Problem) -> Snapshot {
        var body = SnapshotBody(positionsMax: positionsMax)
        let snapshot = body.snapshot(value)
        try body.problems.refuseIfAny("snapshot")
        guard body.conflicts.isEmpty else {
            throw .conflict("The snapshot has one flow_id with different contents.", errors: body.conflicts)
        }
        guard let snapshot else { preconditionFailure("a snapshot without problems was not read") }
        return snapshot
    }

    private init(positionsMax: Int) {
        self.positionsMax = positionsMax
    }

    private mutating func snapshot(_ value: JSONValue) -> Snapshot? {
        guard let reader = ObjectReader(value, at: "", fields: Self.fields, problems: problems) else { return nil }
        let account = reader.required("account_id", .id)
        let asOf = reader.required("as_of", .time)
        let completeness = reader.required("completeness", MemberRule<Snapshot.Completeness>.choice)
        let figures = figures(reader)
        let positions = positions(reader, isFailed: completeness == .failed)
        let flows = flows(reader)
        let quotes = quotes(reader)
        let error = reader.optional("error", .text(bytesMax: 4_096, isEmptyAllowed: false))
        if completeness == .failed {
            checkFailed(reader)
        } else if completeness != nil, reader.has("error") {
            problems.add("/error", "is only for a failed snapshot")
        }
        guard let account, let asOf, let completeness else { return nil }
        return Snapshot(
            account: account, asOf: asOf, completeness: completeness, figures: figures, positions: positions,
            flows: flows, quotes: quotes, error: error)
    }

    /// A failed snapshot knows nothing but its error.
    private func checkFailed(_ reader: ObjectReader) {
        if !reader.has("error") { problems.add("/error", "is missing: a failed snapshot says what went wrong") }
        if reader.has("account") { problems.add("/account", "must be absent from a failed snapshot") }
        for name in ["positions", "flows", "quotes"] {
            if case .array(let elements)? = reader.member(name), !elements.isEmpty {
                problems.add("/\(name)", "must be empty or absent in a failed snapshot")
            }
        }
    }

    private func figures(_ reader: ObjectReader) -> AccountFigures? {
        guard let value = reader.member("account"),
            let figures = ObjectReader(value, at: "/account", fields: Self.figureFields, problems: problems)
        else { return nil }
        let read = AccountFigures(
            balance: figures.optional("balance", .decimal), equity: figures.optional("equity", .decimal),
            margin: figures.optional("margin", .decimal), credit: figures.optional("credit", .decimal))
        return read == AccountFigures() ? nil : read
    }

    // MARK: Positions

    private func positions(_ reader: ObjectReader, isFailed: Bool) -> [BrokerPosition] {
        if !isFailed, !reader.has("positions") { problems.add("/positions", "is missing") }
        var byTicket: [Int64: (position: BrokerPosition, index: Int)] = [:]
        for (index, value) in (reader.elements("positions", max: positionsMax) ?? []).enumerated() {
            guard let position = position(value, at: JSONPointer.element(index, of: "/positions")) else { continue }
            if let first = byTicket[position.ticket], first.position != position {
                problems.add(
                    "/positions/\(index)/ticket",
                    "repeats ticket \(position.ticket) of /positions/\(first.index) with other content")
            } else if byTicket[position.ticket] == nil {
                byTicket[position.ticket] = (position, index)
            }
        }
        return byTicket.values.map(\.position).sorted { $0.ticket < $1.ticket }
    }

    private func position(_ value: JSONValue, at pointer: String) -> BrokerPosition? {
        guard let row = ObjectReader(value, at: pointer, fields: Self.positionFields, problems: problems) else {
            return nil
        }
        let ticket = row.required("ticket", .ticket)
        let symbol = row.required("symbol", .symbol)
        let direction = row.required("direction", MemberRule<Direction>.choice)
        let volume = row.required("volume", .positive)
        let entryPrice = row.required("entry_price", .positive)
        let entryTime = row.required("entry_time", .time)
        let currentPrice = row.required("current_price", .positive)
        let takeProfit = row.optional("take_profit", .level) ?? nil
        let stopLoss = row.optional("stop_loss", .level) ?? nil
        let profit = row.optional("profit", .decimal)
        let swap = row.optional("swap", .decimal) ?? .zero
        let commission = row.optional("commission", .decimal) ?? .zero
        let taxes = row.optional("taxes", .decimal) ?? .zero
        let comment = row.optional("comment", .text(bytesMax: 1_024))
        let magic = row.optional("magic", .integer())
        guard let ticket, let symbol, let direction, let volume, let entryPrice, let entryTime, let currentPrice
        else { return nil }
        if let problem = RowSize.problem(volume: volume, price: entryPrice, priceName: "entry_price") {
            problems.add(row.place("volume"), problem)
        }
        return BrokerPosition(
            ticket: ticket, symbol: symbol, direction: direction, volume: volume, entryPrice: entryPrice,
            entryTime: entryTime, currentPrice: currentPrice, takeProfit: takeProfit, stopLoss: stopLoss,
            profit: profit, swap: swap, commission: commission, taxes: taxes, comment: comment, magic: magic)
    }

    // MARK: Flows

    private mutating func flows(_ reader: ObjectReader) -> [Flow] {
        var byID: [String: Flow] = [:]
        for (index, value) in (reader.elements("flows", max: Self.flowsMax) ?? []).enumerated() {
            guard let flow = flow(value, at: JSONPointer.element(index, of: "/flows")) else { continue }
            if let first = byID[flow.id], first != flow {
                conflicts.append(
                    Problem.Item(.pointer("/flows/\(index)/flow_id"), "repeats \(flow.id) with other content"))
            }
            byID[flow.id] = flow
        }
        return byID.values.sorted { $0.id.utf8.lexicographicallyPrecedes($1.id.utf8) }
    }

    private func flow(_ value: JSONValue, at pointer: String) -> Flow? {
        guard let row = ObjectReader(value, at: pointer, fields: Self.flowFields, problems: problems) else {
            return nil
        }
        let id = row.required("flow_id", .id)
        let time = row.required("time", .time)
        let amount = row.required("amount", .decimal)
        let kind = row.required("kind", MemberRule<Flow.Kind>.choice)
        if let amount, let kind { checkSign(of: amount, kind, at: row.place("amount")) }
        guard let id, let time, let amount, let kind else { return nil }
        return Flow(id: id, time: time, amount: amount, kind: kind)
    }

    private func checkSign(of amount: FixedDecimal, _ kind: Flow.Kind, at pointer: String) {
        switch kind {
        case .deposit where amount.isNegative || amount.isZero:
            problems.add(pointer, "must be positive: a deposit adds to the account")
        case .withdrawal where !amount.isNegative:
            problems.add(pointer, "must be negative: a withdrawal takes from the account")
        default: break
        }
    }

    // MARK: Quotes

    private func quotes(_ reader: ObjectReader) -> [Quote] {
        var bySymbol: [String: (quote: Quote, index: Int)] = [:]
        for (index, value) in (reader.elements("quotes", max: Self.quotesMax) ?? []).enumerated() {
            guard let quote = quote(value, at: JSONPointer.element(index, of: "/quotes")) else { continue }
            if let first = bySymbol[quote.symbol], first.quote != quote {
                problems.add(
                    "/quotes/\(index)/symbol",
                    "repeats \(quote.symbol) of /quotes/\(first.index) with other content")
            } else if bySymbol[quote.symbol] == nil {
                bySymbol[quote.symbol] = (quote, index)
            }
        }
        return bySymbol.values.map(\.quote).sorted { $0.symbol.utf8.lexicographicallyPrecedes($1.symbol.utf8) }
    }

    private func quote(_ value: JSONValue, at pointer: String) -> Quote? {
        guard let row = ObjectReader(value, at: pointer, fields: Self.quoteFields, problems: problems) else {
            return nil
        }
        let symbol = row.required("symbol", .symbol)
        let bid = row.optional("bid", .positive)
        let ask = row.optional("ask", .positive)
        let open = row.optional("open", .positive)
        let previousClose = row.optional("previous_close", .positive)
        let time = row.required("time", .time)
        if let bid, let ask, ask < bid { problems.add(row.place("ask"), "must not be below the bid") }
        guard let symbol, let time else { return nil }
        return Quote(symbol: symbol, bid: bid, ask: ask, open: open, previousClose: previousClose, time: time)
    }
}
