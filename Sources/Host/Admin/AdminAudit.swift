import PluginAPI
import TradingBook

/// The audit log as the host's own commands write it: before they do anything, so that nothing is done that it does not have.
struct AdminAudit: Sendable {
    let storage: any StorageBackend

    /// Writes what is about to be done; once for all repeats under an `Idempotency-Key`, each of which is carried out.
    ///
    /// - Parameters:
    ///   - before: JSON of how it was; `nil` where that says nothing.
    ///   - members: Of the object that says how it is to be.
    func record(
        _ action: String,
        of object: String,
        _ request: Request,
        before: [UInt8]? = nil,
        _ members: @escaping @Sendable (inout JSONWriter) -> Void
    ) async throws {
        let key = try IdempotencyKey(request, route: "admin/\(action)")
        let entry = Self.entry(action, object, request, before, members)
        try await storage.transaction(deadline: request.deadline) { transaction in
            guard try key?.replay(in: transaction) == nil else { return }
            try entry.append(in: transaction)
            try key?.keep(Array("{}".utf8), in: transaction)
        }
    }

    /// Writes what has become of it, each time.
    func append(
        _ action: String,
        of object: String,
        _ request: Request,
        _ members: @escaping @Sendable (inout JSONWriter) -> Void
    ) async throws {
        let entry = Self.entry(action, object, request, nil, members)
        try await storage.transaction(deadline: request.deadline) { try entry.append(in: $0) }
    }

    private static func entry(
        _ action: String,
        _ object: String,
        _ request: Request,
        _ before: [UInt8]?,
        _ members: (inout JSONWriter) -> Void
    ) -> AuditEntry {
        var json = JSONWriter()
        json.object { members(&$0) }
        return AuditEntry(
            at: request.now, actor: request.caller.subject, action: action, object: object, before: before,
            after: json.bytes, requestID: request.requestID)
    }
}
