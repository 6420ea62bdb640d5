/// Something that has happened to an account and is stored, on its way to an observer.
public struct Event: Sendable, Equatable {
    /// The same at every delivery of the event, and to every observer: what to know a repeat by.
    public let id: String
    /// What has happened.
    public let kind: Kind
    /// The ID of the account it has happened to.
    public let account: String
    /// Grows from each event of an account to its next one; numbers are left out.
    public let number: Int64
    /// The host's clock when it happened.
    public let at: Timestamp
    /// A JSON object with the fields of its kind.
    public let data: String
    /// Counts the deliveries of this event to this observer from 1, as far as their outcome was stored.
    public let attempt: Int64

    /// Puts an event together; see its members.
    public init(
        id: String,
        kind: Kind,
        account: String,
        number: Int64,
        at: Timestamp,
        data: String,
        attempt: Int64 = 1
    ) {
        self.id = id
        self.kind = kind
        self.account = account
        self.number = number
        self.at = at
        self.data = data
        self.attempt = attempt
    }

    /// What has happened.
    public enum Kind: String, Sendable, CaseIterable {
        /// A broker's snapshot is stored.
        case snapshotStored = "snapshot.stored"
        /// A snapshot has been held against the book, or recorded because it could not be.
        case runFinished = "run.finished"
        /// A break was opened, has changed, or has ended.
        case breakChanged = "break.changed"
        /// A guard has changed its mind about an account, was released, or has positions closed.
        case guardChanged = "guard.changed"
    }
}
