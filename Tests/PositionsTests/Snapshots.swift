/// The body of a complete snapshot, as an agent sends it.
func snapshot(
    account: String = "acc",
    at asOf: String = "2026-01-05T10:00:00Z",
    equity: String = "10000",
    positions: [String]
) -> String {
    """
    {"account_id": "\(account)", "as_of": "\(asOf)", "completeness": "complete", "account": {"equity": \(equity)},
     "positions": [\(positions.joined(separator: ","))]}
    """
}

/// One position of a snapshot in euros against dollars.
func position(
    _ ticket: Int,
    direction: String = "buy",
    entry: String = "1.10000",
    current: String = "1.10010",
    entryTime: String = "2026-01-05T09:00:00Z",
    profit: String = "1.00"
) -> String {
    """
    {"ticket": \(ticket), "symbol": "EURUSD", "direction": "\(direction)", "volume": 0.1, "entry_price": \(entry),
     "entry_time": "\(entryTime)", "current_price": \(current), "profit": \(profit)}
    """
}
