import PluginAPI

/// Decides what a caller may touch by an operation. Runs before every look-up in a cache.
///
/// An account that does not exist and one that the caller may not know of are refused by the same words.
struct AccessRules: Sendable {
    private let known: KnownAccounts

    init(known: KnownAccounts) {
        self.known = known
    }

    /// 403 unless the operation takes the caller's role.
    static func checkRole(_ caller: Caller, for operation: Operation) throws(Problem) {
        let isAllowed =
            operation.roles.contains(caller.role) && (operation.scope != .platform || caller.role == .operator)
        guard !isAllowed else { return }
        let roles = operation.scope == .platform ? [Role.operator] : operation.roles.sorted()
        let names = roles.map(\.rawValue).joined(separator: " or ")
        throw .forbidden("A token with the role \(caller.role.rawValue) may not do this; it takes \(names).")
    }

    /// - Parameters:
    ///   - account: What `account_id` says, in scope `accounts`.
    ///   - segments: The path's parameters.
    /// - Throws: ``Problem``, or ``StorageError`` when nobody can tell now.
    func access(
        _ caller: Caller,
        to operation: Operation,
        account: String?,
        segments: [String: Value]
    ) async throws -> Access {
        switch operation.scope {
        case .platform:
            return Access(user: "", accounts: [], account: nil, scope: .platform)
        case .caller:
            return try await everything(for: caller)
        case .account(let parameter):
            guard case .text(let account)? = segments[parameter] else { throw AccessRules.missingAccount }
            return try await one(account, for: caller)
        case .accounts:
            if let account { return try await one(account, for: caller) }
            guard caller.role == .user else { throw AccessRules.missingAccount }
            let accounts = try await known.accounts(of: caller.subject)
            return Access(user: caller.subject, accounts: accounts, account: nil, scope: .user(caller.subject))
        @unknown default:
            throw Problem.forbidden("This host does not know whose data that is.")
        }
    }

    /// What the token may see; which accounts that is for agents and operators, the operation finds out.
    private func everything(for caller: Caller) async throws -> Access {
        guard caller.role == .user else {
            return Access(user: "", accounts: [], account: nil, scope: .caller(caller))
        }
        let accounts = try await known.accounts(of: caller.subject)
        return Access(user: caller.subject, accounts: accounts, account: nil, scope: .user(caller.subject))
    }

    private func one(_ account: String, for caller: Caller) async throws -> Access {
        // An agent's token says it all: storage is not asked about accounts outside of it.
        if caller.role == .agent, !caller.mayWrite(account: account) { throw AccessRules.unknown(account) }
        guard let owner = try await known.owner(of: account), caller.mayAccess(account: account, ownedBy: owner) else {
            throw AccessRules.unknown(account)
        }
        return Access(user: owner, accounts: [account], account: account, scope: .account(account))
    }

    private static func unknown(_ account: String) -> Problem { .notFound("There is no account \(account).") }

    private static let missingAccount = Problem.badParameter(
        "account_id", "is needed: a token of an agent or operator has no accounts of its own")
}

/// What a request may touch, once authorised.
struct Access: Sendable, Equatable {
    /// Whom the answer is about; empty for agents and operators outside of any account.
    var user: String
    /// Sorted.
    var accounts: [String]
    /// The account asked for.
    var account: String?
    /// The owner in cache keys.
    var scope: KeyScope

    /// What an answer depends on besides what its operation names.
    func tags(module: String) -> [CacheTag] {
        var tags = accounts.map { CacheTag.account($0) }
        if !user.isEmpty { tags.append(.user(user)) }
        tags.append(.module(module))
        switch scope {
        case .user, .account: break
        // Such an answer can be about any account, one that is about to be created included.
        case .caller, .platform: tags.append(.anyWrite)
        }
        return tags
    }
}

extension CacheTag {
    /// Bumped with every announced write.
    static let anyWrite = CacheTag(kind: "write", id: "any")

    /// Bumped when accounts may have changed hands behind the hosts' backs: whatever is known of owners is forgotten, and
    /// every query authorised anew. No answer has it.
    static let directory = CacheTag(kind: "directory", id: "any")
}
