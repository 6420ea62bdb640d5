/// What a token lets its bearer do.
public enum Role: String, Sendable, CaseIterable, Comparable {
    /// Reads and acts on their own accounts.
    case user
    /// A program that writes for the accounts its token lists.
    case agent
    /// Runs the platform.
    case `operator`

    public static func < (left: Role, right: Role) -> Bool {
        left.rank < right.rank
    }

    private var rank: Int {
        switch self {
        case .user: 0
        case .agent: 1
        case .operator: 2
        }
    }
}

/// Who is asking, as the verified token says.
public struct Caller: Sendable, Equatable {
    /// The token's `sub`.
    public var subject: String
    /// What the token lets its bearer do.
    public var role: Role
    /// Accounts an agent's token lists; of no meaning for other roles.
    public var grant: Grant

    /// Which accounts a token covers.
    public enum Grant: Sendable, Equatable {
        /// Every account, those to come included.
        case all
        /// The accounts with these IDs.
        case accounts(Set<String>)
    }

    /// A caller, as a token says it.
    public init(subject: String, role: Role, grant: Grant = .accounts([])) {
        self.subject = subject
        self.role = role
        self.grant = grant
    }

    /// Whether this caller may see and, where the operation allows its role, change an account owned by `owner`.
    public func mayAccess(account: String, ownedBy owner: String) -> Bool {
        switch role {
        case .operator: true
        case .user: owner.utf8.elementsEqual(subject.utf8)
        case .agent: mayWrite(account: account)
        }
    }

    /// Whether an agent's token covers an account, existing or not; operators may, users may not.
    public func mayWrite(account: String) -> Bool {
        switch (role, grant) {
        case (.operator, _), (.agent, .all): true
        case (.agent, .accounts(let accounts)): accounts.contains { $0.utf8.elementsEqual(account.utf8) }
        case (.user, _): false
        }
    }
}
