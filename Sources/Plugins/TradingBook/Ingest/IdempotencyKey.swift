public import PluginAPI

/// A client's `Idempotency-Key`, bound to who sent it, the route and the body: the same call again gets the same answer
/// for a day, another call under the key is refused. A refused call does not use the key up.
public struct IdempotencyKey: Sendable, Equatable {
    static let lifetime: Duration = .seconds(86_400)

    let subject: String
    let route: String
    let key: String
    let bodyHash: String
    let now: Timestamp

    /// `nil` when the request carries no key.
    ///
    /// - Parameter route: The operation and every parameter that changes what it does.
    public init?(_ request: Request, route: String) throws(Problem) {
        guard let key = request.idempotencyKey else { return nil }
        guard (1...255).contains(key.utf8.count), key.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw .badRequest("Idempotency-Key must be 1 to 255 characters of printable ASCII without space.")
        }
        self.init(
            subject: "\(request.caller.role.rawValue):\(request.caller.subject)", route: route, key: key,
            bodyHash: ContentHash.of(request.body), now: request.now)
    }

    init(subject: String, route: String, key: String, bodyHash: String, now: Timestamp) {
        self.subject = subject
        self.route = route
        self.key = key
        self.bodyHash = bodyHash
        self.now = now
    }

    /// The answer to the same call before, or `nil` when this is the first: then the key is taken, and
    /// ``keep(_:in:)`` must follow in the same transaction.
    public func replay(in transaction: any Transaction) throws -> [UInt8]? {
        try transaction.execute("DELETE FROM idempotency_keys WHERE created_at <= \(now - Self.lifetime)")
        let taken = try transaction.execute(
            """
            INSERT INTO idempotency_keys (subject, route, key, body_hash, answer, created_at)
            VALUES (\(subject), \(route), \(key), \(bodyHash), \(""), \(now)) ON CONFLICT DO NOTHING
            """)
        if taken == 1 { return nil }
        let rows = try transaction.rows(
            """
            SELECT body_hash, answer FROM idempotency_keys
            WHERE subject = \(subject) AND route = \(route) AND key = \(key)
            """)
        guard let row = rows.first, row.text(0) == bodyHash, let answer = row.text(1) else {
            throw Problem.conflict("The Idempotency-Key \(key) has been used with another body.")
        }
        return Array(answer.utf8)
    }

    /// Keeps the answer for the same call again.
    public func keep(_ answer: [UInt8], in transaction: any Transaction) throws {
        try transaction.execute(
            """
            UPDATE idempotency_keys SET answer = \(String(decoding: answer, as: UTF8.self))
            WHERE subject = \(subject) AND route = \(route) AND key = \(key)
            """)
    }
}
