import PluginAPI

/// One change that somebody made by hand, for the audit log.
struct AuditEntry {
    var at: Timestamp
    var actor: String
    /// What was done: `account.put`.
    var action: String
    /// To what: `account:acc-1`.
    var object: String
    /// JSON before and after; `nil` before a creation.
    var before: [UInt8]?
    var after: [UInt8]
    var requestID: String

    /// Appends the entry with its own digest, inside the caller's transaction.
    func append(in transaction: any Transaction) throws {
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
