import Synchronization

/// Books as this host last read them, so that a snapshot can be worked out before its transaction begins.
///
/// Nothing in it is true by itself: what is taken from it counts only in a transaction that finds the account at the same
/// ``BookRevision``. It is bounded by rows; accounts that have not been asked for lately go first.
final class BookMemory: Sendable {
    /// A row takes about half a kilobyte.
    static let rowsMax = 65_536

    /// What was asked for lately, and what was before; the older half goes when the newer one is full.
    private struct Halves {
        var newer: [String: KnownBook] = [:]
        var newerRows = 0
        var older: [String: KnownBook] = [:]
    }

    private let rowsMax: Int
    private let halves = Mutex(Halves())

    init(rowsMax: Int = BookMemory.rowsMax) {
        self.rowsMax = rowsMax
    }

    /// The account's book as it was last read; `nil` when it is not remembered.
    func recall(_ account: String) -> KnownBook? {
        halves.withLock { halves in
            if let book = halves.newer[account] { return book }
            guard let book = halves.older.removeValue(forKey: account) else { return nil }
            keep(book, in: &halves)
            return book
        }
    }

    func remember(_ book: KnownBook) {
        halves.withLock { halves in
            halves.older[book.account.id] = nil
            keep(book, in: &halves)
        }
    }

    private func keep(_ book: KnownBook, in halves: inout Halves) {
        // An account without rows takes room too.
        let rows = book.rowsTotal + 1
        guard rows <= rowsMax / 2 else { return }
        if let before = halves.newer.removeValue(forKey: book.account.id) { halves.newerRows -= before.rowsTotal + 1 }
        if halves.newerRows + rows > rowsMax / 2 { halves = Halves(older: halves.newer) }
        halves.newer[book.account.id] = book
        halves.newerRows += rows
    }
}
