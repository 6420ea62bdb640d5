import PluginAPI
import Synchronization

/// Books as this host last read them, so that a snapshot can be worked out before its transaction begins.
///
/// Nothing in it is true by itself: what is taken from it counts only in a transaction that finds the account at the same
/// ``BookRevision``. It is bounded by rows; accounts that have not been asked for lately go first. It is bounded by age, too:
/// programs that change an account's rows without giving it another revision are noticed after ``ageMax``, and what is
/// older takes no memory for longer than twice as long again while books are read. Only the book of an account that came
/// within ``ageMax`` before is kept; of one that comes alone only its name is.
final class BookMemory: Sendable {
    /// A row typically takes half a kilobyte: eight megabytes in all.
    static let rowsMax = 16_384
    static let ageMax: Duration = .seconds(60)

    /// A book as it was read; an object, so that a name alone takes little.
    private final class Reading: Sendable {
        let book: KnownBook
        let at: Timestamp

        init(_ book: KnownBook, at: Timestamp) { (self.book, self.at) = (book, at) }
    }

    /// When an account came last, with what was read if it had come before.
    private struct Visit {
        var at: Timestamp
        let reading: Reading?
        /// The name is one.
        let rows: Int

        init(at: Timestamp, reading: Reading?) {
            (self.at, self.reading) = (at, reading)
            rows = 1 + (reading?.book.rowsTotal ?? 0)
        }
    }

    /// Who came lately, and who did before; the older half goes when the newer one is full.
    private struct Halves {
        var newer: [String: Visit] = [:]
        var newerRows = 0
        /// When the first came into the newer half; `nil` while it is empty.
        var newerSince: Timestamp?
        var older: [String: Visit] = [:]

        func visit(of account: String) -> Visit? { newer[account] ?? older[account] }
    }

    private let rowsMax: Int
    private let halves = Mutex(Halves())

    init(rowsMax: Int = BookMemory.rowsMax) {
        self.rowsMax = rowsMax
    }

    /// The account's book as it was last read; `nil` when it is not remembered.
    func recall(_ account: String, at now: Timestamp) -> KnownBook? {
        halves.withLock { halves in
            guard var visit = halves.visit(of: account), let reading = visit.reading,
                Self.isRecent(reading.at, at: now)
            else { return nil }
            visit.at = now
            keep(visit, of: account, in: &halves)
            return reading.book
        }
    }

    /// - Parameter now: When it was read.
    func remember(_ book: KnownBook, at now: Timestamp) {
        guard book.revision.isKnown else { return }
        let account = book.account.id
        halves.withLock { halves in
            let cameBefore = halves.visit(of: account).map { Self.isRecent($0.at, at: now) } ?? false
            keep(Visit(at: now, reading: cameBefore ? Reading(book, at: now) : nil), of: account, in: &halves)
        }
    }

    /// Accounts it knows to have come, and of how many it has the books, of any age.
    var count: (accounts: Int, books: Int) {
        halves.withLock { halves in
            let visits = [halves.newer.values, halves.older.values].joined()
            return (visits.count, visits.count { $0.reading != nil })
        }
    }

    /// Requests overtake each other, but what is far ahead is of a clock that has been put back since.
    private static func isRecent(_ time: Timestamp, at now: Timestamp) -> Bool {
        let age = now.since(time)
        return age < ageMax && age > .zero - ageMax
    }

    private func keep(_ visit: Visit, of account: String, in halves: inout Halves) {
        halves.older[account] = nil
        if let before = halves.newer.removeValue(forKey: account) { halves.newerRows -= before.rows }
        guard visit.rows <= rowsMax / 2 else { return }
        let isOld = halves.newerSince.map { !Self.isRecent($0, at: visit.at) } ?? false
        if halves.newerRows + visit.rows > rowsMax / 2 || isOld { halves = Halves(older: halves.newer) }
        halves.newerSince = halves.newerSince ?? visit.at
        halves.newer[account] = visit
        halves.newerRows += visit.rows
    }
}
