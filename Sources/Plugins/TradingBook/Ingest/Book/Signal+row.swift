import PluginAPI

extension Signal: BookRow {
    static let table = "signals"
    static let columns = [
        "account_id", "signal_id", "symbol", "direction", "price", "volume", "payload", "created_at",
    ]
    static let stamps: [String] = []

    var key: BookKey { BookKey(account: account, id: id) }

    var values: [Value] {
        [
            .text(account), .text(id), .text(symbol), .text(direction.rawValue), .decimal(price), .decimal(volume),
            payload.map { .json($0) } ?? .null, .timestamp(createdAt),
        ]
    }

    init(stored row: Row) throws {
        guard let account = row.text(0), let id = row.text(1), let symbol = row.text(2),
            let direction = row.text(3).flatMap(Direction.init), let price = row.decimal(4),
            let createdAt = row.timestamp(7)
        else { throw StoredRowDamaged(table: Self.table, column: "signal_id") }
        self.init(
            id: id, account: account, symbol: symbol, direction: direction, price: price, volume: row.decimal(5),
            payload: try row.json(6).map(Self.canonicalPayload), createdAt: createdAt)
    }

    /// PostgreSQL keeps members in an order of its own.
    private static func canonicalPayload(_ text: String) throws -> String {
        var json = JSONWriter()
        json.canonical(try JSONValue(parsing: text.utf8, limits: JSONLimits(depthMax: 64, textMax: 131_072)))
        return json.text
    }
}

extension Approval: BookRow {
    static let table = "approvals"
    static let columns = [
        "account_id", "approval_id", "signal_id", "decision", "decided_by", "decided_at", "reason",
    ]
    static let stamps: [String] = []

    var key: BookKey { BookKey(account: account, id: id) }

    var values: [Value] {
        [
            .text(account), .text(id), .text(signal), .text(decision.rawValue), .text(decidedBy),
            .timestamp(decidedAt), .text(reason),
        ]
    }

    init(stored row: Row) throws {
        guard let account = row.text(0), let id = row.text(1), let signal = row.text(2),
            let decision = row.text(3).flatMap(Approval.Decision.init), let decidedBy = row.text(4),
            let decidedAt = row.timestamp(5)
        else { throw StoredRowDamaged(table: Self.table, column: "approval_id") }
        self.init(
            id: id, account: account, signal: signal, decision: decision, decidedBy: decidedBy, decidedAt: decidedAt,
            reason: row.text(6))
    }
}
