import PluginAPI

/// What an upsert of rows did. Equal repeats change nothing.
public struct IngestCounts: Sendable, Equatable {
    public var received = 0
    public var inserted = 0
    public var updated = 0
    public var unchanged = 0

    public var json: [UInt8] {
        var json = JSONWriter(reservingCapacity: 80)
        json.object {
            $0.field("received", received)
            $0.field("inserted", inserted)
            $0.field("updated", updated)
            $0.field("unchanged", unchanged)
        }
        return json.bytes
    }
}

/// Writes rows of the bot's book, inside the caller's transaction. A row that is stored with equal content is left alone.
struct BookUpsert {
    /// IDs looked up by one statement.
    private static let chunk = 500

    let now: Timestamp

    func write<Entry: BookRow>(_ rows: [Entry], in transaction: any Transaction) throws -> IngestCounts {
        var counts = IngestCounts(received: rows.count)
        var changes: [BookChange<Entry>] = []
        var seen: Set<BookKey> = []
        let stored = try stored(rows, in: transaction)
        for row in rows {
            guard seen.insert(row.key).inserted, stored[row.key] != row else {
                counts.unchanged += 1
                continue
            }
            if stored[row.key] == nil { counts.inserted += 1 } else { counts.updated += 1 }
            changes.append(BookChange(before: stored[row.key], after: row))
        }
        if !changes.isEmpty {
            let stamps = Entry.stamps.map { _ in Value.timestamp(now) }
            try transaction.executeMany(Entry.upsert, changes.map { $0.after.values + stamps })
            try Entry.follow(changes, in: transaction)
        }
        return counts
    }

    private func stored<Entry: BookRow>(_ rows: [Entry], in transaction: any Transaction) throws -> [BookKey: Entry] {
        var stored: [BookKey: Entry] = [:]
        for (account, ofAccount) in Dictionary(grouping: rows, by: \.key.account) {
            var ids = ofAccount.map(\.key.id)[...]
            while !ids.isEmpty {
                for row in try transaction.rows(Entry.select(account: account, ids: Array(ids.prefix(Self.chunk)))) {
                    let entry = try Entry(stored: row)
                    stored[entry.key] = entry
                }
                ids = ids.dropFirst(Self.chunk)
            }
        }
        return stored
    }
}
