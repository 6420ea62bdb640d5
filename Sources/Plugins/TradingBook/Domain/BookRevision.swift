public import PluginAPI

/// Which state of an account's book somebody has read: its open trades and positions, and the instruments of all accounts.
///
/// Both numbers are random, and every transaction that changes something of the book gives it another one. Two equal
/// revisions therefore stand for equal books, on whatever host they were read; counted ones would not, because a number
/// that was rolled back is given out again. Prices, profits and costs of positions are no part of the book: they move with
/// every snapshot, and the revision stays.
public struct BookRevision: Sendable, Equatable {
    /// Of the account's trades and positions; 0 before the first of them.
    public var account: Int64
    /// Of the instruments that somebody has described.
    public var instruments: Int64

    public init(account: Int64, instruments: Int64) {
        self.account = account
        self.instruments = instruments
    }

    /// Whether it tells this book from others. An account's first revision is 0, and again after the column was taken away and
    /// put back.
    var isKnown: Bool { account != 0 }

    /// Notes that the account's trades or positions are others now, inside the transaction that changes them.
    public static func renew(_ account: String, in transaction: any Transaction) throws(StorageError) {
        try transaction.execute(
            "UPDATE accounts SET book_revision = \(Int64.random(in: 1 ... .max)) WHERE account_id = \(account)")
    }

    /// Notes that instruments are described in another way now, inside the transaction that changes them.
    static func renewInstruments(in transaction: any Transaction) throws(StorageError) {
        try transaction.execute(
            "UPDATE book_revisions SET revision = \(Int64.random(in: 1 ... .max)) WHERE book = 'instruments'")
    }
}
