import PluginAPI

extension Sweep {
    /// What nobody has taken for too long: a subscription that no host has any more, an observer that is down for days.
    static func undeliveredEvents(keep: Duration) -> Sweep {
        Sweep("undelivered events", keep: keep) { before, after, limit, transaction in
            let old = try transaction.rows(oldEvents(before, after, limit))
            let numbers = old.compactMap { $0.integer(0) }
            guard !numbers.isEmpty else { return Batch(removed: 0, next: nil) }
            let removed = try transaction.execute("DELETE FROM event_outbox WHERE number IN (\(numbers))")
            for queue in Set(old.map { [$0.text(1) ?? "", $0.text(2) ?? ""] }) {
                try Outbox.wakeFirstUnclaimed(of: queue[1], queue[0], at: before, in: transaction)
            }
            return Batch(removed: removed, next: numbers.count == limit ? [.integer(numbers.last)] : nil)
        }
    }

    /// One that a host is delivering is left alone.
    private static func oldEvents(_ before: Timestamp, _ after: Place?, _ limit: Int) -> SQL {
        let behind: SQL = after.map { "AND number > \($0[0])" } ?? ""
        let select: SQL = """
            SELECT number, subscription, account_id FROM event_outbox
            WHERE coalesce(queued_at, at) < \(before) AND (holder IS NULL OR due_at < \(before)) \(behind) ORDER BY number LIMIT \(limit)
            """
        return SQL(sqlite: select, postgres: select + " FOR UPDATE SKIP LOCKED")
    }

    static func deadLetters(keep: Duration) -> Sweep {
        deleting("dead letters", keep: keep) { before, limit in
            """
            DELETE FROM event_dead_letters WHERE dead_letter_id IN
                (SELECT dead_letter_id FROM event_dead_letters WHERE died_at < \(before)
                ORDER BY died_at, dead_letter_id LIMIT \(limit))
            """
        }
    }
}

extension Outbox {
    /// As ``wakeFirst(of:_:at:in:)``, but leaves a first event alone that a host holds, or that waits for its next attempt.
    fileprivate static func wakeFirstUnclaimed(
        of account: String,
        _ subscription: String,
        at now: Timestamp,
        in transaction: any Transaction
    ) throws(StorageError) {
        try transaction.execute(
            """
            UPDATE event_outbox SET due_at = \(now) WHERE due_at IS NULL AND number = (
                SELECT min(number) FROM event_outbox WHERE subscription = \(subscription) AND account_id = \(account))
            """)
    }
}
