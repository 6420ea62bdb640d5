import PluginAPI
import Synchronization

/// Books as this host last read them, so that a snapshot can be worked out before its transaction begins.
///
/// Nothing in it is true by itself: what is taken from it counts only in a transaction that finds the account at the same
/// ``BookRevision``. It is bounded by rows; accounts that have not been asked for lately go first. It is bounded by age, too:
/// programs that change an account's rows without giving it another revision are noticed after ``ageMax``, and what is
/// older takes no memory for longer than as long again while there are snapshots. An account has to come twice in that time
/// before its book is kept: of one that comes alone only the name is, with as much of the bound as its book would take.
final class BookMemory: Sendable {
    /// A row takes about half a kilobyte: eight megabytes in all.
    static let rowsMax = 16_384
    static let ageMax: Duration = .seconds(60)

    /// An account that came, with its book if it had come before. An object, so that a name takes little.
    private final class Visit: Sendable {
        let rows: Int
        let book: KnownBook?
        let readAt: Timestamp

        init(of book: KnownBook, isKept: Bool, readAt: Timestamp) {
            // An account without rows takes room too.
            rows = book.rowsTotal + 1
            self.book = isKept ? book : nil
            self.readAt = readAt
        }
    }

    /// Who came lately, and who did before; the older half goes when the newer one is full.
    private struct Halves {
        var newer: [String: Visit] = [:]
        var newerRows = 0
        /// When the first came into the newer half; `nil` while it is empty.
        var newerSince: Timestamp?
        var older: [String: Visit] = [:]
    }

    private let rowsMax: Int
    private let halves = Mutex(Halves())

    init(rowsMax: Int = BookMemory.rowsMax) {
        self.rowsMax = rowsMax
    }

    /// The account's book as it was last read; `nil` when it is not remembered.
    func recall(_ account: String, at now: Timestamp) -> KnownBook? {
        halves.withLock { halves in
            guard let found = halves.newer[account] ?? halves.older[account], let book = found.book else { return nil }
            guard now.since(found.readAt) < Self.ageMax else { return nil }
            if halves.older.removeValue(forKey: account) != nil { keep(found, of: account, at: now, in: &halves) }
            return book
        }
    }

    /// - Parameter now: When it was read.
    func remember(_ book: KnownBook, at now: Timestamp) {
        guard book.revision.isKnown else { return }
        let account = book.account.id
        halves.withLock { halves in
            let cameBefore = halves.older.removeValue(forKey: account) != nil || halves.newer[account] != nil
            let visit = Visit(of: book, isKept: cameBefore, readAt: now)
            keep(visit, of: account, at: now, in: &halves)
        }
    }

    /// Accounts it knows to have come, and of how many it has the books, of any age.
    var count: (accounts: Int, books: Int) {
        halves.withLock { halves in
            let visits = [halves.newer.values, halves.older.values].joined()
            return (visits.count, visits.count { $0.book != nil })
        }
    }

    private func keep(_ visit: Visit, of account: String, at now: Timestamp, in halves: inout Halves) {
        guard visit.rows <= rowsMax / 2 else { return }
        if let before = halves.newer.removeValue(forKey: account) { halves.newerRows -= before.rows }
        let isOld = halves.newerSince.map { now.since($0) >= Self.ageMax } ?? false
        if halves.newerRows + visit.rows > rowsMax / 2 || isOld { halves = Halves(older: halves.newer) }
        halves.newerSince = halves.newerSince ?? now
        halves.newer[account] = visit
        halves.newerRows += visit.rows
    }
}
