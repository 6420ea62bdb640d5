public import PluginAPI

/// An account and where it stands: the last snapshots, and the figures that clients poll.
public struct AccountState: Sendable, Equatable {
    public var account: Account
    /// Snapshots stored, repeats not counted.
    public var snapshotsTotal: Int64
    /// The newest complete or partial snapshot.
    public var currentSnapshotID: String?
    public var currentAsOf: Timestamp?
    /// The broker's figures as the newest complete snapshot that had them says.
    public var equity: FixedDecimal?
    public var balance: FixedDecimal?
    /// Of the newest snapshot, failed ones included.
    public var newestCompleteness: Snapshot.Completeness?
    public var newestAsOf: Timestamp?
    public var newestError: String?
    /// When it arrived.
    public var newestReceivedAt: Timestamp?
    public var createdAt: Timestamp
    public var updatedAt: Timestamp
    /// Of the account's book.
    public var revision: BookRevision

    /// Columns of the table `accounts` that ``init(stored:)`` reads, in its order.
    public static let columns = """
        account_id, user_id, mode, currency, currency_digits, time_zone, broker, login, snapshot_interval, \
        snapshots_total, current_snapshot_id, current_as_of, current_equity, current_balance, newest_completeness, \
        newest_as_of, newest_error, newest_received_at, created_at, updated_at, book_revision, \
        (SELECT revision FROM book_revisions WHERE book = 'instruments')
        """

    /// - Parameter row: Starts with ``columns``.
    public init(stored row: Row) throws {
        guard let id = row.text(0), let user = row.text(1), let mode = row.text(2).flatMap(Account.Mode.init),
            let currency = row.text(3), let digits = row.integer(4), let total = row.integer(9),
            let createdAt = row.timestamp(18), let updatedAt = row.timestamp(19), let revision = row.integer(20),
            let instruments = row.integer(21)
        else { throw StoredRowDamaged(table: "accounts", column: "account_id") }
        account = Account(
            id: id, user: user, mode: mode, currency: currency, currencyDigits: Int(digits), timeZone: row.text(5),
            broker: row.text(6), login: row.text(7), snapshotInterval: row.integer(8).map { .microseconds($0) })
        snapshotsTotal = total
        currentSnapshotID = row.text(10)
        currentAsOf = row.timestamp(11)
        equity = row.decimal(12)
        balance = row.decimal(13)
        newestCompleteness = row.text(14).flatMap(Snapshot.Completeness.init)
        newestAsOf = row.timestamp(15)
        newestError = row.text(16)
        newestReceivedAt = row.timestamp(17)
        self.createdAt = createdAt
        self.updatedAt = updatedAt
        self.revision = BookRevision(account: revision, instruments: instruments)
    }

    /// The object that `GET /accounts/{id}` answers.
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("account_id", account.id)
            json.field("user_id", account.user)
            json.field("mode", account.mode.rawValue)
            json.field("currency", account.currency)
            json.field("time_zone", account.timeZone)
            json.field("broker", account.broker)
            json.field("login", account.login)
            json.field("snapshot_interval", SnapshotInterval(duration: account.snapshotInterval).text)
            json.field("balance", balance, digits: account.currencyDigits)
            json.field("equity", equity, digits: account.currencyDigits)
            json.field("snapshots_total", snapshotsTotal)
            json.field("last_snapshot_at", currentAsOf)
            json.field("last_received_at", newestReceivedAt)
            json.field("last_completeness", newestCompleteness?.rawValue)
            json.field("last_error", newestError)
            json.field("created_at", createdAt)
            json.field("updated_at", updatedAt)
        }
    }
}
