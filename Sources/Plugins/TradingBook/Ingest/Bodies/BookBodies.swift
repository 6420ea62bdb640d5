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

    private enum Status: String, CaseIterable {
        case open, closed
    }

    private let problems = BodyProblems()

    package static func trades(_ bytes: [UInt8], contentType: String?) throws(Problem) -> [Trade] {
        try trades(JSONBody.rows(bytes, contentType: contentType))
    }

    /// Trades that have been read as JSON already, from a request or a file.
    static func trades(_ rows: [JSONValue]) throws(Problem) -> [Trade] {
        try read(rows, "trades", "trade_id") { $0.trade }
    }

    static func signals(_ bytes: [UInt8], contentType: String?) throws(Problem) -> [Signal] {
        try read(JSONBody.rows(bytes, contentType: contentType), "signals", "signal_id") { $0.signal }
    }

    static func approvals(_ bytes: [UInt8], contentType: String?) throws(Problem) -> [Approval] {
        try read(JSONBody.rows(bytes, contentType: contentType), "approvals", "approval_id") { $0.approval }
    }

    private static func read<Row: BookRow>(
        _ values: [JSONValue],
        _ what: String,
        _ idField: String,
        _ row: (BookBodies) -> (JSONValue, String) -> Row?
    ) throws(Problem) -> [Row] {
        let bodies = BookBodies()
        var seen: [BookKey: (row: Row, index: Int)] = [:]
        var rows: [Row] = []
        for (index, value) in values.enumerated() {
            guard let row = row(bodies)(value, "/\(index)") else { continue }
            rows.append(row)
            if let first = seen[row.key], first.row != row {
                bodies.problems.add(
                    "/\(index)/\(idField)", "repeats \(row.key.id) of /\(first.index) with other content")
            }
            seen[row.key] = (row, index)
        }
        try bodies.problems.refuseIfAny("list of \(what)")
        return rows
    }

    private func trade(_ value: JSONValue, at pointer: String) -> Trade? {
        guard let row = ObjectReader(value, at: pointer, fields: Self.tradeFields, problems: problems) else {
            return nil
        }
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
        let reference = row.optional("reference", .text(bytesMax: 128, isEmptyAllowed: false))
        let comment = row.optional("comment", .text(bytesMax: 1_024))
        let magic = row.optional("magic", .integer())
        let takeProfit = row.optional("take_profit", .level) ?? nil
        let stopLoss = row.optional("stop_loss", .level) ?? nil
        let closedAt = row.optional("closed_at", .time)
        let closePrice = row.optional("close_price", .positive)
        let fills = fills(row)
        if status == .open {
            for name in ["closed_at", "close_price"] where row.has(name) {
                problems.add(row.place(name), "is only for a closed trade")
            }
        }
        guard let id, let account, let symbol, let direction, let volume, let entryPrice, let entryTime, let status
        else { return nil }
        if let problem = RowSize.problem(volume: volume, price: entryPrice, priceName: "entry_price") {
            problems.add(row.place("volume"), problem)
        }
        return Trade(
            id: id, account: account, symbol: symbol, direction: direction, volume: volume, entryPrice: entryPrice,
            entryTime: entryTime, isOpen: status == .open, signal: signal, approval: approval, ticket: ticket,
            reference: reference, comment: comment, magic: magic, takeProfit: takeProfit, stopLoss: stopLoss,
            closedAt: closedAt, closePrice: closePrice, fills: fills)
    }

    private func fills(_ trade: ObjectReader) -> [Fill] {
        var fills: [Fill] = []
        var seen: Set<String> = []
        for (index, value) in (trade.elements("fills", max: Self.fillsMax) ?? []).enumerated() {
            let pointer = JSONPointer.element(index, of: trade.place("fills"))
            guard let row = ObjectReader(value, at: pointer, fields: Self.fillFields, problems: problems) else {
                continue
            }
            let id = row.required("fill_id", .id)
            let volume = row.required("volume", .positive)
            let price = row.required("price", .positive)
            let time = row.required("time", .time)
            guard let id, let volume, let price, let time else { continue }
            if !seen.insert(id).inserted { problems.add(row.place("fill_id"), "repeats \(id)") }
            if let problem = RowSize.problem(volume: volume, price: price, priceName: "price") {
                problems.add(row.place("volume"), problem)
            }
            fills.append(Fill(id: id, volume: volume, price: price, time: time))
        }
        if fills.reduce(FixedDecimal.zero, { $0 + $1.volume }).storedUnits == nil {
            problems.add(trade.place("fills"), "add up to more than a volume can be")
        }
        return fills
    }

    private func signal(_ value: JSONValue, at pointer: String) -> Signal? {
        guard let row = ObjectReader(value, at: pointer, fields: Self.signalFields, problems: problems) else {
            return nil
        }
        let id = row.required("signal_id", .id)
        let account = row.required("account_id", .id)
        let symbol = row.required("symbol", .symbol)
        let direction = row.required("direction", MemberRule<Direction>.choice)
        let price = row.required("price", .positive)
        let createdAt = row.required("created_at", .time)
        let volume = row.optional("volume", .positive)
        let payload = row.optional("payload", .payload)
        guard let id, let account, let symbol, let direction, let price, let createdAt else { return nil }
        return Signal(
            id: id, account: account, symbol: symbol, direction: direction, price: price, volume: volume,
            payload: payload, createdAt: createdAt)
    }

    private func approval(_ value: JSONValue, at pointer: String) -> Approval? {
        guard let row = ObjectReader(value, at: pointer, fields: Self.approvalFields, problems: problems) else {
            return nil
        }
        let id = row.required("approval_id", .id)
        let signal = row.required("signal_id", .id)
        let account = row.required("account_id", .id)
        let decision = row.required("decision", MemberRule<Approval.Decision>.choice)
        let decidedBy = row.required("decided_by", .text(bytesMax: 128, isEmptyAllowed: false))
        let decidedAt = row.required("decided_at", .time)
        let reason = row.optional("reason", .text(bytesMax: 4_096))
        guard let id, let signal, let account, let decision, let decidedBy, let decidedAt else { return nil }
        return Approval(
            id: id, account: account, signal: signal, decision: decision, decidedBy: decidedBy, decidedAt: decidedAt,
            reason: reason)
    }
}
