public import PluginAPI

extension Trade: BookRow {
    static let table = "trades"
    static let columns = [
        "account_id", "trade_id", "symbol", "instrument", "direction", "volume", "entry_price", "entry_time", "status",
        "signal_id", "approval_id", "ticket", "reference", "comment", "magic", "take_profit", "stop_loss", "closed_at",
        "close_price", "fills",
    ]
    static let stamps = ["created_at", "updated_at"]

    var key: BookKey { BookKey(account: account, id: id) }
    var symbolToResolve: String? { symbol }

    func resolved(by book: InstrumentBook) -> Trade {
        var copy = self
        copy.instrument = book.canonical(symbol)
        return copy
    }

    var values: [Value] {
        [
            .text(account), .text(id), .text(symbol), .text(instrument), .text(direction.rawValue), .decimal(volume),
            .decimal(entryPrice), .timestamp(entryTime), .text(isOpen ? "open" : "closed"), .text(signal),
            .text(approval), .integer(ticket), .text(reference), .text(comment), .integer(magic), .decimal(takeProfit),
            .decimal(stopLoss), .timestamp(closedAt), .decimal(closePrice),
            fills.isEmpty ? .null : .json(Fill.json(fills)),
        ]
    }

    /// Keeps `trade_named_tickets`, and the revisions of the accounts' books.
    static func follow(_ changes: [BookChange<Trade>], in transaction: any Transaction) throws {
        for account in Set(changes.map(\.after.account)).sorted() {
            try BookRevision.renew(account, in: transaction)
        }
        var gone: [[Value]] = []
        var new: [[Value]] = []
        for change in changes {
            let (before, after) = (change.before?.ticketsKept ?? [], change.after.ticketsKept)
            let key = change.after.key
            gone += before.subtracting(after).sorted().map { [.text(key.account), .integer($0), .text(key.id)] }
            new += after.subtracting(before).sorted().map { [.text(key.account), .integer($0), .text(key.id)] }
        }
        if !gone.isEmpty {
            try transaction.executeMany(
                "DELETE FROM trade_named_tickets WHERE account_id = ? AND ticket = ? AND trade_id = ?", gone)
        }
        if !new.isEmpty {
            try transaction.executeMany(
                """
                INSERT INTO trade_named_tickets (account_id, ticket, trade_id) VALUES (?, ?, ?)
                ON CONFLICT (account_id, ticket, trade_id) DO NOTHING
                """, new)
        }
    }

    /// Reads a row of the table `trades`, found by column names.
    public init(stored row: Row) throws {
        func lacking(_ column: String) -> StoredRowDamaged { StoredRowDamaged(table: Self.table, column: column) }
        guard let account = row.text("account_id") else { throw lacking("account_id") }
        guard let id = row.text("trade_id") else { throw lacking("trade_id") }
        guard let symbol = row.text("symbol") else { throw lacking("symbol") }
        guard let direction = row.text("direction").flatMap(Direction.init) else { throw lacking("direction") }
        guard let volume = row.decimal("volume") else { throw lacking("volume") }
        guard let entryPrice = row.decimal("entry_price") else { throw lacking("entry_price") }
        guard let entryTime = row.timestamp("entry_time") else { throw lacking("entry_time") }
        self.init(
            id: id, account: account, symbol: symbol, instrument: row.text("instrument"), direction: direction,
            volume: volume, entryPrice: entryPrice, entryTime: entryTime, isOpen: row.text("status") == "open",
            signal: row.text("signal_id"), approval: row.text("approval_id"), ticket: row.integer("ticket"),
            reference: row.text("reference"), comment: row.text("comment"), magic: row.integer("magic"),
            takeProfit: row.decimal("take_profit"), stopLoss: row.decimal("stop_loss"),
            closedAt: row.timestamp("closed_at"), closePrice: row.decimal("close_price"),
            fills: try row.json("fills").map(Fill.parse) ?? [])
    }
}

extension Fill {
    static func json(_ fills: [Fill]) -> String {
        var json = JSONWriter()
        json.array(of: fills) { json, fill in
            json.object {
                $0.field("fill_id", fill.id)
                $0.field("volume", fill.volume)
                $0.field("price", fill.price)
                $0.field("time", fill.time)
            }
        }
        return json.text
    }

    /// Reads what ``json(_:)`` has written.
    static func parse(_ text: String) throws -> [Fill] {
        let json = try JSONDocument(parsing: Array(text.utf8))
        guard json.kind(of: 0) == .array else { throw StoredRowDamaged(table: "trades", column: "fills") }
        var row = ObjectReader(json, BookBodies.fillList, BodyProblems())
        return try json.elements(of: 0).map { value in
            guard row.open(value, at: .body),
                let id = row.required("fill_id", .id), let volume = row.required("volume", .positive),
                let price = row.required("price", .positive), let time = row.required("time", .time)
            else { throw StoredRowDamaged(table: "trades", column: "fills") }
            return Fill(id: id, volume: volume, price: price, time: time)
        }
    }
}

/// A stored row does not hold what this program writes: somebody else has changed the database.
public struct StoredRowDamaged: Error, Equatable, Sendable {
    public var table: String
    public var column: String
}
