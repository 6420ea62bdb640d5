/// A call as a service sees it: authenticated, authorised and validated.
public struct Request: Sendable {
    /// Who asks.
    public var caller: Caller
    /// The user the answer is about: the account's owner, or the calling user. Empty in scope `caller` and `platform`
    /// for agents and operators.
    public var user: String
    /// The accounts the call covers, sorted. For scope `accounts` the one asked for, or all of the user's.
    public var accounts: [String]
    /// The account asked for by parameter or path, when there is one.
    public var account: String?
    /// Whether the operation's scope is the platform, so that views show everybody's rows.
    public var isForPlatform: Bool
    /// Typed values by name; parameters that are absent and have no default are not in it.
    public var parameters: [String: Value]
    /// Choices of a `choices` parameter by name.
    public var choices: [String: [String]]
    /// The last row of the page before this one, as the operation handed it out.
    public var cursor: [Value]?
    /// As it was sent; empty when there is none.
    public var body: [UInt8]
    /// The body's media type in lower case without parameters: `application/json`.
    public var contentType: String?
    /// The header `Idempotency-Key`: a command repeated under it is carried out once.
    public var idempotencyKey: String?
    /// The request's `X-Request-Id`, for logs.
    public var requestID: String
    /// The time the host took the request in.
    public var now: Timestamp
    /// When nobody waits for the answer any more.
    public var deadline: ContinuousClock.Instant?
    private let cursors: any CursorSigner

    /// A request as the host, or a test, makes it.
    public init(
        caller: Caller,
        user: String = "",
        accounts: [String] = [],
        account: String? = nil,
        isForPlatform: Bool = false,
        parameters: [String: Value] = [:],
        choices: [String: [String]] = [:],
        cursor: [Value]? = nil,
        body: [UInt8] = [],
        contentType: String? = nil,
        idempotencyKey: String? = nil,
        requestID: String = "",
        now: Timestamp,
        deadline: ContinuousClock.Instant? = nil,
        cursors: any CursorSigner
    ) {
        self.caller = caller
        self.user = user
        self.accounts = accounts
        self.account = account
        self.isForPlatform = isForPlatform
        self.parameters = parameters
        self.choices = choices
        self.cursor = cursor
        self.body = body
        self.contentType = contentType
        self.idempotencyKey = idempotencyKey
        self.requestID = requestID
        self.now = now
        self.deadline = deadline
        self.cursors = cursors
    }

    /// The value of a `text`, `id`, `symbol` or `choice`; `nil` when it is absent.
    public func text(_ name: String) -> String? {
        if case .text(let text)? = parameters[name] { text } else { nil }
    }

    /// The value of an `integer`; `nil` when it is absent.
    public func integer(_ name: String) -> Int64? {
        if case .integer(let integer)? = parameters[name] { integer } else { nil }
    }

    /// The value of a `decimal`; `nil` when it is absent.
    public func decimal(_ name: String) -> FixedDecimal? {
        if case .decimal(let decimal)? = parameters[name] { decimal } else { nil }
    }

    /// The value of a `time`; `nil` when it is absent.
    public func time(_ name: String) -> Timestamp? {
        if case .timestamp(let time)? = parameters[name] { time } else { nil }
    }

    /// The value of a `duration`; `nil` when it is absent.
    public func duration(_ name: String) -> Duration? {
        integer(name).map { .microseconds($0) }
    }

    /// The rows a page may have: the parameter `limit`.
    public var limit: Int { Int(integer("limit") ?? 50) }

    /// The opaque text for `next_cursor` that brings a client to the row behind `lastRow`.
    public func cursor(after lastRow: [Value]) -> String { cursors.sign(lastRow) }
}

/// Signs page positions, bound to the operation and its parameters; the host's.
public protocol CursorSigner: Sendable {
    /// The opaque text for a place in a list.
    func sign(_ lastRow: [Value]) -> String
}
