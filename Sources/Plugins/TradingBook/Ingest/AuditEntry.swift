public import PluginAPI

/// One change that somebody made by hand, for the audit log.
public struct AuditEntry: Sendable {
    private let at: Timestamp
    private let actor: String
    private let action: String
    private let object: String
    private let before: [UInt8]?
    private let after: [UInt8]
    private let requestID: String

    /// - Parameters:
    ///   - action: What was done: `account.put`.
    ///   - object: To what: `account:acc-1`.
    ///   - before: JSON; `nil` before a creation.
    ///   - after: JSON.
    public init(
        at: Timestamp,
        actor: String,
        action: String,
        object: String,
        before: [UInt8]?,
        after: [UInt8],
        requestID: String
    ) {
        self.at = at
        self.actor = actor
        self.action = action
        self.object = object
        self.before = before
        self.after = after
        self.requestID = requestID
    }

    /// Appends the entry with its own digest, inside the caller's transaction.
    public func append(in transaction: any Transaction) throws {
        let before = before.map { String(decoding: $0, as: UTF8.self) }
        let after = String(decoding: after, as: UTF8.self)
        let digest = DerivedID.make(
            "sha", at.description, actor, action, object, before ?? "", after, requestID)
        let id = DerivedID.make("audit", requestID, action, object, at.description)
        try transaction.execute(
            """
            INSERT INTO audit_logs (audit_id, at, actor, action, object, before, after, request_id, digest)
            VALUES (\(id), \(at), \(actor), \(action), \(object), \(before.map { .json($0) } ?? .null as Value),
            \(json: after), \(requestID), \(digest)) ON CONFLICT (audit_id) DO NOTHING
            """)
    }
}
