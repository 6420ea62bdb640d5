package import PluginAPI

/// Reads rows of the bot's book: trades, signals and approvals, each whole or not at all.
package struct BookBodies {
    static let fillsMax = 1_000
    static let tradeFields = [
        "trade_id", "account_id", "symbol", "direction", "volume", "entry_price", "entry_time", "status", "signal_id",
        "approval_id", "ticket", "reference", "comment", "magic", "take_profit", "stop_loss", "closed_at",
        "close_price", "fills",
    ]
    static let fillFields = ["fill_id", "volume", "price", "time"]
    static let signalFields = [
        "signal_id", "account_id", "symbol", "direction", "price", "created_at", "volume", "payload",
    ]
    static let approvalFields = [
        "approval_id", "signal_id", "account_id", "decision", "decided_by", "decided_at", "reason",
    ]

    private static let tradeList = FieldList(tradeFields)
    static let fillList = FieldList(fillFields)
    private static let signalList = FieldList(signalFields)
    private static let approvalList = FieldList(approvalFields)

    private enum Status: String, CaseIterable {
        case open, closed
    }

    private let json: JSONDocument
    private let problems = BodyProblems()
    private let reference = MemberRule<String>.text(bytesMax: 128, isEmptyAllowed: false)
    private let comment = MemberRule<String>.text(bytesMax: 1_024)
    private let magic = MemberRule<Int64>.integer()
    private var instruments = InstrumentNames()

    private init(_ json: JSONDocument) {
        self.json = json
    }

    package static func trades(_ bytes: [UInt8], contentType: String?) throws(Problem) -> [Trade] {
        try trades(JSONBody.rows(bytes, contentType: contentType))
    }

    /// Trades of a document that is an array, from a request or a file.
    static func trades(_ rows: JSONDocument) throws(Problem) -> [Trade] {
        try read(rows, "trades", tradeList) { $0.addTrade(&$1, to: &$2) }
    }

    static func signals(_ bytes: [UInt8], contentType: String?) throws(Problem) -> [Signal] {
        try read(JSONBody.rows(bytes, contentType: contentType), "signals", signalList) { $0.addSignal(&$1, to: &$2) }
    }

    static func approvals(_ bytes: [UInt8], contentType: String?) throws(Problem) -> [Approval] {
        try read(JSONBody.rows(bytes, contentType: contentType), "approvals", approvalList) {
            $0.addApproval(&$1, to: &$2)
        }
    }

    /// - Parameters:
    ///   - fields: The rows' own ID first.
    ///   - add: Puts the row that the reader stands on behind the others, unless it is none.
    private static func read<Row: BookRow>(
        _ json: JSONDocument,
        _ what: String,
        _ fields: FieldList,
        _ add: (inout BookBodies, inout ObjectReader, inout [Row]) -> Void
    ) throws(Problem) -> [Row] {
        var bodies = BookBodies(json)
        var reader = ObjectReader(json, fields, bodies.problems)
        var rows: [Row] = []
        var places: [Int] = []
        var seen = SeenRows(rowsMax: json.count(of: 0))
        rows.reserveCapacity(json.count(of: 0))
        places.reserveCapacity(json.count(of: 0))
        for (index, value) in json.elements(of: 0).enumerated() {
            guard reader.open(value, at: .element(index, of: "")) else { continue }
            let row = rows.count
            add(&bodies, &reader, &rows)
            guard rows.count > row else { continue }
            places.append(index)
            if let before = seen.add(lastOf: rows), rows[before] != rows[row] {
                bodies.problems.add(
                    reader.pointer(fields.names[0]),
                    "repeats \(rows[row].key.id) of /\(places[before]) with other content")
            }
        }
        try bodies.problems.refuseIfAny("list of \(what)")
        return rows
    }

    private mutating func addTrade(_ row: inout ObjectReader, to rows: inout [Trade]) {
        let id = row.required("trade_id", .id)
        let account = row.required("account_id", .id)
        let symbol = row.required("symbol", .symbol)
        let direction = row.required("direction", MemberRule<Direction>.choice)
        let volume = row.required("volume", .positive)
        let entryPrice = row.required("entry_price", .positive)
        let entryTime = row.required("entry_time", .time)
        let status = row.required("status", MemberRule<Status>.choice)
        let signal = row.optional("signal_id", .id)
        let approval = row.optional("approval_id", .id)
        let ticket = row.optional("ticket", .ticket)
        let reference = row.optional("reference", reference)
        let comment = row.optional("comment", comment)
        let magic = row.optional("magic", magic)
        let takeProfit = row.optional("take_profit", .level) ?? nil
        let stopLoss = row.optional("stop_loss", .level) ?? nil
        let closedAt = row.optional("closed_at", .time)
        let saysClosedAt = row.has("closed_at")
        let closePrice = row.optional("close_price", .positive)
        let saysClosePrice = row.has("close_price")
        let fills = fills(&row)
        if status == .open {
            if saysClosedAt { problems.add(row.pointer("closed_at"), "is only for a closed trade") }
            if saysClosePrice { problems.add(row.pointer("close_price"), "is only for a closed trade") }
        }
        guard let id, let account, let symbol, let direction, let volume, let entryPrice, let entryTime, let status
        else { return }
        if let problem = RowSize.problem(volume: volume, price: entryPrice, priceName: "entry_price") {
            problems.add(row.pointer("volume"), problem)
        }
        rows.append(
            Trade(
                id: id, account: account, symbol: symbol, instrument: instruments.name(of: symbol),
                direction: direction, volume: volume, entryPrice: entryPrice, entryTime: entryTime,
                isOpen: status == .open, signal: signal, approval: approval, ticket: ticket, reference: reference,
                comment: comment, magic: magic, takeProfit: takeProfit, stopLoss: stopLoss, closedAt: closedAt,
                closePrice: closePrice, fills: fills))
    }

    private func fills(_ trade: inout ObjectReader) -> [Fill] {
        guard let elements = trade.elements("fills", max: Self.fillsMax) else { return [] }
        let list = trade.pointer("fills")
        var row = ObjectReader(json, Self.fillList, problems)
        var fills: [Fill] = []
        var seen: Set<String> = []
        for (index, value) in elements.enumerated() {
            guard row.open(value, at: .element(index, of: list)) else { continue }
            let id = row.required("fill_id", .id)
            let volume = row.required("volume", .positive)
            let price = row.required("price", .positive)
            let time = row.required("time", .time)
            guard let id, let volume, let price, let time else { continue }
            if !seen.insert(id).inserted { problems.add(row.pointer("fill_id"), "repeats \(id)") }
            if let problem = RowSize.problem(volume: volume, price: price, priceName: "price") {
                problems.add(row.pointer("volume"), problem)
            }
            fills.append(Fill(id: id, volume: volume, price: price, time: time))
        }
        if fills.reduce(FixedDecimal.zero, { $0 + $1.volume }).storedUnits == nil {
            problems.add(list, "add up to more than a volume can be")
        }
        return fills
    }

    private func addSignal(_ row: inout ObjectReader, to rows: inout [Signal]) {
        let id = row.required("signal_id", .id)
        let account = row.required("account_id", .id)
        let symbol = row.required("symbol", .symbol)
        let direction = row.required("direction", MemberRule<Direction>.choice)
        let price = row.required("price", .positive)
        let createdAt = row.required("created_at", .time)
        let volume = row.optional("volume", .positive)
        let payload = row.optional("payload", .payload)
        guard let id, let account, let symbol, let direction, let price, let createdAt else { return }
        rows.append(
            Signal(
                id: id, account: account, symbol: symbol, direction: direction, price: price, volume: volume,
                payload: payload, createdAt: createdAt))
    }

    private func addApproval(_ row: inout ObjectReader, to rows: inout [Approval]) {
        let id = row.required("approval_id", .id)
        let signal = row.required("signal_id", .id)
        let account = row.required("account_id", .id)
        let decision = row.required("decision", MemberRule<Approval.Decision>.choice)
        let decidedBy = row.required("decided_by", .text(bytesMax: 128, isEmptyAllowed: false))
        let decidedAt = row.required("decided_at", .time)
        let reason = row.optional("reason", .text(bytesMax: 4_096))
        guard let id, let signal, let account, let decision, let decidedBy, let decidedAt else { return }
        rows.append(
            Approval(
                id: id, account: account, signal: signal, decision: decision, decidedBy: decidedBy,
                decidedAt: decidedAt, reason: reason))
    }
}
