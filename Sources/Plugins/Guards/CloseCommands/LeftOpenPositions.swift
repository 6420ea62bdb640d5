import PluginAPI
import TradingBook

/// A position that stays open under a latched trip whose countdown is over, with no close command under way: its command
/// has failed or expired, or it was opened, or came back, after the commands were written.
///
/// No second command is written for it, because a trip has one per position, once. It is shown instead.
struct LeftOpenPosition: Sendable, Equatable {
    let trip: String
    let ticket: Int64
    let symbol: String
    /// The trade it is paired with.
    let tradeID: String?
    /// How often it has been left open under this trip, this time included.
    var times: Int64 = 0
}

/// Keeps which of an account's positions are left open, inside the caller's transaction with the account's row locked.
struct LeftOpenPositions {
    let account: String
    /// The host's clock.
    let now: Timestamp
    let transaction: any Transaction

    /// Brings the record up to what is open and under way now, and writes a line of the log about each that is new.
    ///
    /// - Parameter ticket: The caller has written a line about it.
    /// - Returns: How many are new.
    func refresh(exceptLine ticket: Int64? = nil) throws -> Int {
        let current = try current()
        let known = try known()
        let (open, told) = (Set(current.map(\.ticket)), Set(known.map(\.ticket)))
        try end(known.filter { !open.contains($0.ticket) })
        let new = current.filter { !told.contains($0.ticket) }
        for position in new {
            var position = position
            position.times = try begin(position)
            guard position.ticket != ticket else { continue }
            try GuardLogEntry(leftOpen: position)
                .append(
                    about: "\(position.trip) \(position.ticket) \(position.times)", of: account, at: now,
                    in: transaction)
        }
        return new.count
    }

    /// What an agent has reported as closed is not left open, although a snapshot of before the closing shows it.
    private func current() throws(StorageError) -> [LeftOpenPosition] {
        try transaction.rows(
            """
            SELECT s.trip_id, p.ticket, p.symbol, p.matched_trade_id
            FROM guard_states s
            JOIN guard_trips t ON t.trip_id = s.trip_id AND t.commands_at IS NOT NULL
            JOIN positions p ON p.account_id = s.account_id AND p.status = 'open'
            WHERE s.account_id = \(account) AND NOT EXISTS (
                SELECT 1 FROM close_commands c WHERE c.account_id = p.account_id AND c.ticket = p.ticket
                AND (c.ended_at IS NULL OR (c.status = 'confirmed' AND c.closed_at >= p.last_listed_at)))
            ORDER BY p.ticket
            """
        ).compactMap { row in
            guard let trip = row.text(0), let ticket = row.integer(1), let symbol = row.text(2) else { return nil }
            return LeftOpenPosition(trip: trip, ticket: ticket, symbol: symbol, tradeID: row.text(3))
        }
    }

    private func known() throws(StorageError) -> [(trip: String, ticket: Int64)] {
        try transaction.rows(
            """
            SELECT l.trip_id, l.ticket FROM guard_states s JOIN guard_left_open l ON l.trip_id = s.trip_id
            WHERE s.account_id = \(account) AND l.is_left
            """
        ).compactMap { row in
            guard let trip = row.text(0), let ticket = row.integer(1) else { return nil }
            return (trip, ticket)
        }
    }

    private func end(_ gone: [(trip: String, ticket: Int64)]) throws(StorageError) {
        guard !gone.isEmpty else { return }
        try transaction.executeMany(
            "UPDATE guard_left_open SET is_left = FALSE WHERE trip_id = ? AND ticket = ?",
            gone.map { [.text($0.trip), .integer($0.ticket)] })
    }

    /// - Returns: How often it has been left open.
    private func begin(_ position: LeftOpenPosition) throws(StorageError) -> Int64 {
        try transaction.rows(
            """
            INSERT INTO guard_left_open (trip_id, ticket, is_left, times)
            VALUES (\(position.trip), \(position.ticket), \(true), 1)
            ON CONFLICT (trip_id, ticket) DO UPDATE SET is_left = TRUE, times = guard_left_open.times + 1
            RETURNING times
            """
        ).first?.integer(0) ?? 1
    }
}
