import PluginAPI
import Synchronization

/// Books as this host last read them, so that a snapshot can be worked out before its transaction begins.
///
/// Nothing in it is true by itself: what is taken from it counts only in a transaction that finds the account at the same
/// ``BookRevision``. It is bounded by rows; accounts that have not been asked for lately go first. It is bounded by age, too:
/// programs that change an account's rows without giving it another revision are noticed after ``ageMax``, and what is
/// older takes no memory for longer than as long again while there are snapshots.
final class BookMemory: Sendable {
    /// A row takes about half a kilobyte: eight megabytes in all.
    static let rowsMax = 16_384
    static let ageMax: Duration = .seconds(60)

    private struct Remembered {
        let book: KnownBook
        let readAt: Timestamp
    }

    /// What was asked for lately, and what was before; the older half goes when the newer one is full.
    private struct Halves {
        var newer: [String: Remembered] = [:]
        var newerRows = 0
        /// When the first came into the newer half; `nil` while it is empty.
        var newerSince: Timestamp?
        var older: [String: Remembered] = [:]
    }

    private let rowsMax: Int
    private let halves = Mutex(Halves())

    init(rowsMax: Int = BookMemory.rowsMax) {
        self.rowsMax = rowsMax
    }

    /// The account's book as it was last read; `nil` when it is not remembered.
    func recall(_ account: String, at now: Timestamp) -> KnownBook? {
        halves.withLock { halves in
            guard let found = halves.newer[account] ?? halves.older[account] else { return nil }
            guard now.since(found.readAt) < Self.ageMax else { return nil }
            if halves.older.removeValue(forKey: account) != nil { keep(found, at: now, in: &halves) }
            return found.book
        }
    }

    /// - Parameter now: When it was read.
    func remember(_ book: KnownBook, at now: Timestamp) {
        guard book.revision.isKnown else { return }
        halves.withLock { halves in
            halves.older[book.account.id] = nil
            keep(Remembered(book: book, readAt: now), at: now, in: &halves)
        }
    }

    /// Accounts whose books it has, of any age.
    var count: Int { halves.withLock { $0.newer.count + $0.older.count } }

    private func keep(_ kept: Remembered, at now: Timestamp, in halves: inout Halves) {
        // An account without rows takes room too.
        let rows = kept.book.rowsTotal + 1
        guard rows <= rowsMax / 2 else { return }
        let account = kept.book.account.id
        if let before = halves.newer.removeValue(forKey: account) { halves.newerRows -= before.book.rowsTotal + 1 }
        let isOld = halves.newerSince.map { now.since($0) >= Self.ageMax } ?? false
        if halves.newerRows + rows > rowsMax / 2 || isOld { halves = Halves(older: halves.newer) }
        halves.newerSince = halves.newerSince ?? now
        halves.newer[account] = kept
        halves.newerRows += rows
    }
}
