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

    private static let bodyList = FieldList(fields)
    private static let figureList = FieldList(figureFields)
    private static let positionList = FieldList(positionFields)
    private static let flowList = FieldList(flowFields)
    private static let quoteList = FieldList(quoteFields)

    private let json: JSONDocument
    private let positionsMax: Int
    private let problems = BodyProblems()
    private let comment = MemberRule<String>.text(bytesMax: 1_024)
    private let magic = MemberRule<Int64>.integer()
    private var instruments = InstrumentNames()
    /// Contradictions that are a conflict rather than a broken rule.
    private var conflicts: [Problem.Item] = []

    package static func parse(_ bytes: [UInt8]) throws(Problem) -> Snapshot {
        try parse(JSONBody.object(bytes))
    }

    /// - Parameter positionsMax: More are for files alone, which nothing is stored of.
    static func parse(
        _ json: JSONDocument, positionsMax: Int = SnapshotBody.positionsMax
    ) throws(Problem) -> Snapshot {
        var body = SnapshotBody(json, positionsMax: positionsMax)
        let snapshot = body.snapshot()
        try body.problems.refuseIfAny("snapshot")
        guard body.conflicts.isEmpty else {
            throw .conflict("The snapshot has one flow_id with different contents.", errors: body.conflicts)
        }
        guard let snapshot else { preconditionFailure("a snapshot without problems was not read") }
        return snapshot
    }

    private init(_ json: JSONDocument, positionsMax: Int) {
        self.json = json
        self.positionsMax = positionsMax
    }

    private mutating func snapshot() -> Snapshot? {
        var reader = ObjectReader(json, Self.bodyList, problems)
        guard reader.open(0, at: .body) else { return nil }
        let account = reader.required("account_id", .id)
        let asOf = reader.required("as_of", .time)
        let completeness = reader.required("completeness", MemberRule<Snapshot.Completeness>.choice)
        let figures = figures(&reader)
        let positions = positions(&reader, isFailed: completeness == .failed)
        let flows = flows(&reader)
        let quotes = quotes(&reader)
        let error = reader.optional("error", .text(bytesMax: 4_096, isEmptyAllowed: false))
        if completeness == .failed {
            checkFailed(&reader)
        } else if completeness != nil, reader.has("error") {
            problems.add("/error", "is only for a failed snapshot")
        }
        guard let account, let asOf, let completeness else { return nil }
        return Snapshot(
            account: account, asOf: asOf, completeness: completeness, figures: figures, positions: positions,
            flows: flows, quotes: quotes, error: error)
    }

    /// A failed snapshot knows nothing but its error.
    private func checkFailed(_ reader: inout ObjectReader) {
        if !reader.has("error") { problems.add("/error", "is missing: a failed snapshot says what went wrong") }
        if reader.has("account") { problems.add("/account", "must be absent from a failed snapshot") }
        for name in ["positions", "flows", "quotes"] {
            if let value = reader.member(name), json.kind(of: value) == .array, json.count(of: value) > 0 {
                problems.add("/\(name)", "must be empty or absent in a failed snapshot")
            }
        }
    }

    private func figures(_ reader: inout ObjectReader) -> AccountFigures? {
        guard let value = reader.member("account") else { return nil }
        var figures = ObjectReader(json, Self.figureList, problems)
        guard figures.open(value, at: .member("account")) else { return nil }
        let read = AccountFigures(
            balance: figures.optional("balance", .decimal), equity: figures.optional("equity", .decimal),
            margin: figures.optional("margin", .decimal), credit: figures.optional("credit", .decimal))
        return read == AccountFigures() ? nil : read
    }

    // MARK: Positions

    private mutating func positions(_ reader: inout ObjectReader, isFailed: Bool) -> [BrokerPosition] {
        if !isFailed, !reader.has("positions") { problems.add("/positions", "is missing") }
        guard let elements = reader.elements("positions", max: positionsMax) else { return [] }
        var row = ObjectReader(json, Self.positionList, problems)
        var positions: [BrokerPosition] = []
        var places: [Int] = []
        positions.reserveCapacity(elements.underestimatedCount)
        places.reserveCapacity(elements.underestimatedCount)
        for (index, value) in elements.enumerated() {
            guard row.open(value, at: .element(index, of: "/positions")) else { continue }
            addPosition(&row, to: &positions)
            if positions.count > places.count { places.append(index) }
        }
        sort(&positions, places)
        return positions
    }

    /// By ticket. Repeats that are not equal are noted; equal ones stay, for the comparison to name.
    ///
    /// - Parameter places: Where each position stands in the list.
    private func sort(_ positions: inout [BrokerPosition], _ places: [Int]) {
        let isSorted = zip(positions, positions.dropFirst()).allSatisfy { $0.ticket < $1.ticket }
        if isSorted { return }
        let order = KeyedOrder(count: positions.count) { UInt64(bitPattern: positions[$0].ticket) }
        var contradictions: [(index: Int, first: Int)] = []
        order.eachRepeatedKey { rows in
            let first = Int(rows[rows.startIndex].row)
            for other in rows.dropFirst() where positions[Int(other.row)] != positions[first] {
                contradictions.append((Int(other.row), first))
            }
        }
        for (index, first) in contradictions.sorted(by: { $0.index < $1.index }) {
            problems.add(
                "/positions/\(places[index])/ticket",
                "repeats ticket \(positions[index].ticket) of /positions/\(places[first]) with other content")
        }
        positions.arrange(in: order.rows)
    }

    private mutating func addPosition(_ row: inout ObjectReader, to positions: inout [BrokerPosition]) {
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
        let comment = row.optional("comment", comment)
        let magic = row.optional("magic", magic)
        guard let ticket, let symbol, let direction, let volume, let entryPrice, let entryTime, let currentPrice
        else { return }
        if let problem = RowSize.problem(volume: volume, price: entryPrice, priceName: "entry_price") {
            problems.add(row.pointer("volume"), problem)
        }
        positions.append(
            BrokerPosition(
                ticket: ticket, symbol: symbol, instrument: instruments.name(of: symbol), direction: direction,
                volume: volume, entryPrice: entryPrice, entryTime: entryTime, currentPrice: currentPrice,
                takeProfit: takeProfit, stopLoss: stopLoss, profit: profit, swap: swap, commission: commission,
                taxes: taxes, comment: comment, magic: magic))
    }

    // MARK: Flows

    private mutating func flows(_ reader: inout ObjectReader) -> [Flow] {
        var byID: [String: Flow] = [:]
        guard let elements = reader.elements("flows", max: Self.flowsMax) else { return [] }
        var row = ObjectReader(json, Self.flowList, problems)
        for (index, value) in elements.enumerated() {
            guard row.open(value, at: .element(index, of: "/flows")), let flow = flow(&row) else { continue }
            if let first = byID[flow.id], first != flow {
                conflicts.append(
                    Problem.Item(.pointer("/flows/\(index)/flow_id"), "repeats \(flow.id) with other content"))
            }
            byID[flow.id] = flow
        }
        return byID.values.sorted { $0.id.utf8.lexicographicallyPrecedes($1.id.utf8) }
    }

    private func flow(_ row: inout ObjectReader) -> Flow? {
        let id = row.required("flow_id", .id)
        let time = row.required("time", .time)
        let amount = row.required("amount", .decimal)
        let kind = row.required("kind", MemberRule<Flow.Kind>.choice)
        if let amount, let kind { checkSign(of: amount, kind, at: row.pointer("amount")) }
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

    private func quotes(_ reader: inout ObjectReader) -> [Quote] {
        var bySymbol: [String: (quote: Quote, index: Int)] = [:]
        guard let elements = reader.elements("quotes", max: Self.quotesMax) else { return [] }
        var row = ObjectReader(json, Self.quoteList, problems)
        for (index, value) in elements.enumerated() {
            guard row.open(value, at: .element(index, of: "/quotes")), let quote = quote(&row) else { continue }
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

    private func quote(_ row: inout ObjectReader) -> Quote? {
        let symbol = row.required("symbol", .symbol)
        let bid = row.optional("bid", .positive)
        let ask = row.optional("ask", .positive)
        let open = row.optional("open", .positive)
        let previousClose = row.optional("previous_close", .positive)
        let time = row.required("time", .time)
        if let bid, let ask, ask < bid { problems.add(row.pointer("ask"), "must not be below the bid") }
        guard let symbol, let time else { return nil }
        return Quote(symbol: symbol, bid: bid, ask: ask, open: open, previousClose: previousClose, time: time)
    }
}
