import PluginAPI

/// Reads the trades that the bot believes are open, as they are in the caller's transaction.
enum OpenTrades {
    static func of(_ account: String, in transaction: any Transaction) throws -> [Trade] {
        try transaction.rows(
            """
            SELECT trade_id, symbol, instrument, direction, volume, entry_price, entry_time, ticket, reference, comment,
                magic, take_profit, stop_loss, fills
            FROM trades WHERE account_id = \(account) AND status = 'open' ORDER BY trade_id
            """
        ).map { try trade($0, account) }
    }

    private static func trade(_ row: Row, _ account: String) throws -> Trade {
        guard let id = row.text(0), let symbol = row.text(1), let instrument = row.text(2),
            let direction = row.text(3).flatMap(Direction.init), let volume = row.decimal(4),
            let price = row.decimal(5), let time = row.timestamp(6)
        else { throw StoredRowDamaged(table: Trade.table, column: "trade_id") }
        return Trade(
            id: id, account: account, symbol: symbol, instrument: instrument, direction: direction, volume: volume,
            entryPrice: price, entryTime: time, ticket: row.integer(7), reference: row.text(8), comment: row.text(9),
            magic: row.integer(10), takeProfit: row.decimal(11), stopLoss: row.decimal(12),
            fills: try row.json(13).map(Fill.parse) ?? [])
    }
}
