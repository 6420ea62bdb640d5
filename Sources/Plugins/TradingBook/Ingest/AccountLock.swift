public import PluginAPI

/// Takes an account's row for the rest of the transaction, so that runs of one account come one after the other.
public enum AccountLock {
    /// What to do about a row that somebody else holds.
    public enum Patience: Sendable {
        /// Wait for it.
        case waiting
        /// Go on without it: as good as no such account.
        case ifFree
    }

    /// - Returns: `nil` when there is no such account.
    public static func take(
        _ account: String,
        _ patience: Patience = .waiting,
        in transaction: any Transaction
    ) throws -> AccountState? {
        let select = SQL(parts: [.text(Self.select), .value(.text(account))])
        // SQLite lets nobody else write meanwhile.
        let lock: SQL = patience == .ifFree ? " FOR UPDATE SKIP LOCKED" : " FOR UPDATE"
        return try transaction.rows(SQL(sqlite: select, postgres: select + lock)).first
            .map(AccountState.init(stored:))
    }

    private static let select = "SELECT \(AccountState.columns) FROM accounts WHERE account_id = "

    /// As ``take(_:in:)``; 404 when there is no such account.
    public static func require(
        _ account: String,
        pointer: String? = nil,
        in transaction: any Transaction
    ) throws -> AccountState {
        guard let state = try take(account, in: transaction) else { throw unknown(account, pointer: pointer) }
        return state
    }

    /// The answer for an account that does not exist and for one that the caller may not know of.
    public static func unknown(_ account: String, pointer: String? = nil) -> Problem {
        var problem = Problem.notFound("There is no account \(account).")
        problem.errors = pointer.map { [Problem.Item(.pointer($0), "no such account")] } ?? []
        return problem
    }
}
