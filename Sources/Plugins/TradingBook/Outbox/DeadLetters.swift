public import PluginAPI

/// Events that an observer has not taken after all attempts, or has refused for good, for operators.
///
/// One is put back behind everything of its account that waits then: what came after it has been delivered meanwhile.
public struct DeadLetters: Sendable {
    private let module: ModuleDescriptor.ModuleID
    private let storage: any StorageBackend
    private let subscriptions: [String]

    /// - Parameters:
    ///   - module: Whose dead letters these are.
    ///   - subscriptions: Those that are observed now, as ``Outbox/name(of:in:)`` calls them; others' letters stay.
    public init(of module: ModuleDescriptor.ModuleID, in storage: any StorageBackend, subscriptions: [String]) {
        (self.module, self.storage, self.subscriptions) = (module, storage, subscriptions)
    }

    static func bury(
        _ event: Event,
        of subscription: String,
        in module: ModuleDescriptor.ModuleID,
        reason: String,
        at now: Timestamp,
        in transaction: any Transaction
    ) throws(StorageError) {
        try transaction.execute(
            """
            INSERT INTO event_dead_letters (dead_letter_id, module, subscription, account_id, event_id, kind, at, data,
                attempts, last_error, died_at)
            VALUES (\(DerivedID.make("dead", subscription, event.id)), \(module), \(subscription), \(event.account),
                \(event.id), \(event.kind.rawValue), \(event.at), \(json: event.data), \(event.attempt), \(reason), \(now))
            ON CONFLICT (dead_letter_id) DO UPDATE SET attempts = excluded.attempts, last_error = excluded.last_error,
                died_at = excluded.died_at
            """)
    }

    // MARK: Operators

    public static let rowSchema: Schema = .object([
        "id": .text, "subscription": .text, "account_id": .text, "event_id": .text, "event": .text,
        "at": .timestamp, "data": .anyObject, "attempts": .integer, "last_error": .text, "died_at": .timestamp,
    ])
    public static let listSchema: Schema = .object([
        "dead_letters": .array(rowSchema), "next_cursor": .optional(.text),
    ])

    private static let columns: SQL = """
        dead_letter_id, subscription, account_id, event_id, kind, at, data, attempts, last_error, died_at
        """

    /// A page of them, the newest first.
    public func list(_ request: Request) async throws -> Reply {
        var behind: SQL = ""
        if let place = request.cursor, place.count == 2 {
            behind = """
                AND died_at <= \(place[0]) AND (died_at < \(place[0]) OR dead_letter_id < \(place[1]))
                """
        }
        let rows = try await storage.rows(
            """
            SELECT \(Self.columns) FROM event_dead_letters WHERE module = \(module) \(behind)
            ORDER BY died_at DESC, dead_letter_id DESC LIMIT \(request.limit + 1)
            """, deadline: request.deadline)
        let page = rows.prefix(request.limit)
        let next = rows.count > request.limit ? page.last : nil
        return Reply { (json: inout JSONWriter) in
            json.arrayField("dead_letters", of: page) { Self.write($1, to: &$0) }
            json.field(
                "next_cursor",
                next.map { request.cursor(after: [.timestamp($0.timestamp(9)), .text($0.text(0))]) })
        }
    }

    /// Puts one back, as fresh as it was, for the operator behind `request`; written to the audit log.
    ///
    /// - Returns: The dead letter as it was.
    /// - Throws: 404 when there is none of that ID.
    public func retry(_ id: String, _ request: Request) async throws -> Reply {
        let key = try IdempotencyKey(request, route: "admin/\(module)/dead-letters/\(id)/retry")
        let (module, now) = (module, request.now)
        let answer = try await storage.transaction(deadline: request.deadline) { transaction -> [UInt8] in
            if let answer = try key?.replay(in: transaction) { return answer }
            let accounts = try transaction.rows(
                "SELECT account_id FROM event_dead_letters WHERE dead_letter_id = \(id) AND module = \(module)")
            // Numbers are drawn with the account's row locked.
            guard let account = accounts.first?.text(0), try AccountLock.take(account, in: transaction) != nil,
                let row = try transaction.rows(
                    "SELECT \(Self.columns) FROM event_dead_letters WHERE dead_letter_id = \(id)"
                ).first
            else { throw Problem.notFound("There is no dead letter \(id).") }
            guard let subscription = row.text(1), subscriptions.contains(subscription) else {
                throw Problem.conflict(
                    "Nobody observes \(row.text(1) ?? "") any more; configure it again to have its dead letters sent.")
            }
            let answer = Self.json(row)
            try Self.putBack(row, at: now, in: transaction)
            try transaction.execute("DELETE FROM event_dead_letters WHERE dead_letter_id = \(id)")
            try AuditEntry(
                at: now, actor: request.caller.subject, action: "event.retry", object: "dead_letter:\(id)",
                before: answer, after: Array("{}".utf8), requestID: request.requestID
            ).append(in: transaction)
            try key?.keep(answer, in: transaction)
            return answer
        }
        return Reply(body: answer)
    }

    /// Retention counts from `now`: nobody puts an event back to have it swept away unsent.
    private static func putBack(_ row: Row, at now: Timestamp, in transaction: any Transaction) throws(StorageError) {
        try transaction.execute(
            """
            INSERT INTO event_outbox (subscription, account_id, event_id, kind, at, data, due_at, queued_at)
            VALUES (\(row.text(1)), \(row.text(2)), \(row.text(3)), \(row.text(4)), \(row.timestamp(5)),
                \(json: row.json(6) ?? "{}"), \(now), \(now))
            """)
    }

    private static func json(_ row: Row) -> [UInt8] {
        var json = JSONWriter()
        write(row, to: &json)
        return json.bytes
    }

    private static func write(_ row: Row, to json: inout JSONWriter) {
        json.object { json in
            json.field("id", row.text(0))
            json.field("subscription", row.text(1))
            json.field("account_id", row.text(2))
            json.field("event_id", row.text(3))
            json.field("event", row.text(4))
            json.field("at", row.timestamp(5))
            json.key("data")
            json.raw((row.json(6) ?? "{}").utf8)
            json.field("attempts", row.integer(7))
            json.field("last_error", row.text(8))
            json.field("died_at", row.timestamp(9))
        }
    }
}
