/// One query or command and everything the host needs to serve it.
public struct Operation: Sendable {
    /// Unique in its module, lower camel case: `status`. With the module's ID it names the operation everywhere.
    public var name: String
    /// The HTTP method.
    public var method: Method
    /// Below `/api/v1`, with parameters in braces: `/positions/{position_id}`.
    public var path: String
    /// One line for the documentation.
    public var summary: String
    /// Whose data it touches.
    public var scope: Scope
    /// Roles that may call it.
    public var roles: Set<Role>
    /// Query and path parameters, `account_id` and `cursor` left out: the host adds those.
    public var parameters: [Parameter]
    /// Whether the query takes a `cursor` that this operation's replies hand out.
    public var isPaged: Bool
    /// What a command's body is; `nil` for queries and commands without one.
    public var body: BodySchema?
    /// The shape of the body of a good answer.
    public var reply: Schema
    /// How long an answer is fresh. `nil` means the host's default for queries; `.zero` means never cached.
    public var ttl: Duration?
    /// Whether an answer may outlive its TTL while storage is down.
    public var isServedStale: Bool
    /// Whether `concord warmup` runs it for recently active accounts.
    public var isWarmable: Bool
    /// What one call may take, where that is less than the host allows; see ``limited(deadline:replyMax:)``.
    public var limits = OperationLimits()
    /// Answers a request that the host has let in. It throws a ``Problem`` to refuse.
    public var handler: @Sendable (Request) async throws -> Reply

    /// The HTTP methods an operation may have.
    public enum Method: String, Sendable, CaseIterable {
        /// Reads, and may be cached.
        case get = "GET"
        /// Changes something.
        case post = "POST"
        /// Puts something in the place of what is there.
        case put = "PUT"
    }

    /// Whose data an operation touches, and so what the host authorises and keys the cache by.
    public enum Scope: Sendable, Equatable {
        /// The account in the query parameter `account_id`, or without it all accounts of the calling user.
        case accounts
        /// The account that a path parameter names.
        case account(pathParameter: String)
        /// What the calling token may see; the operation finds out by ``Caller``.
        case caller
        /// The whole platform; operators only.
        case platform
    }
}

extension Operation {
    /// A query: GET, cached, no side effects.
    public static func query(
        _ name: String,
        at path: String,
        summary: String = "",
        scope: Scope = .accounts,
        roles: Set<Role> = [.user, .agent, .operator],
        ttl: Duration? = nil,
        parameters: [Parameter] = [],
        isPaged: Bool = false,
        isServedStale: Bool = true,
        isWarmable: Bool = false,
        reply: Schema,
        _ handler: @escaping @Sendable (Request) async throws -> Reply
    ) -> Operation {
        Operation(
            name: name, method: .get, path: path, summary: summary, scope: scope, roles: roles, parameters: parameters,
            isPaged: isPaged, body: nil, reply: reply, ttl: ttl, isServedStale: isServedStale, isWarmable: isWarmable,
            handler: handler)
    }

    /// A query that answers `{"rows": […]}` with the columns that `reply` declares by ``Schema/rows(_:)``.
    public static func query(
        _ name: String,
        at path: String,
        summary: String = "",
        scope: Scope = .accounts,
        ttl: Duration? = nil,
        parameters: [Parameter] = [],
        reply: Schema,
        _ rows: @escaping @Sendable (Request) async throws -> Rows
    ) -> Operation {
        query(name, at: path, summary: summary, scope: scope, ttl: ttl, parameters: parameters, reply: reply) {
            request in
            Reply(rows: try await rows(request), as: reply)
        }
    }

    /// A command: changes something, never cached. Its reply says which cache tags it makes stale.
    public static func command(
        _ name: String,
        _ method: Method = .post,
        at path: String,
        summary: String = "",
        scope: Scope = .caller,
        roles: Set<Role>,
        parameters: [Parameter] = [],
        body: BodySchema? = nil,
        reply: Schema,
        _ handler: @escaping @Sendable (Request) async throws -> Reply
    ) -> Operation {
        Operation(
            name: name, method: method, path: path, summary: summary, scope: scope, roles: roles,
            parameters: parameters, isPaged: false, body: body, reply: reply, ttl: .zero, isServedStale: false,
            isWarmable: false, handler: handler)
    }
}
