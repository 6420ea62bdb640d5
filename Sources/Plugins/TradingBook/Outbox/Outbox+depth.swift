public import PluginAPI

extension Outbox {
    /// How much waits for a subscription.
    public struct Depth: Sendable, Equatable {
        public var waiting: Int64
        /// When the event that has waited longest happened, or was put back.
        public var oldest: Timestamp?
        public var dead: Int64

        public init(waiting: Int64 = 0, oldest: Timestamp? = nil, dead: Int64 = 0) {
            (self.waiting, self.oldest, self.dead) = (waiting, oldest, dead)
        }
    }

    /// By subscription; one that nothing waits for is not there.
    public func depths() async throws(StorageError) -> [String: Depth] {
        var depths: [String: Depth] = [:]
        let waiting = try await storage.rows(
            """
            SELECT d.subscription, d.waiting, coalesce(o.queued_at, o.at) FROM (
                SELECT subscription, count(*) AS waiting, min(number) AS first FROM event_outbox GROUP BY subscription
            ) AS d JOIN event_outbox o ON o.number = d.first
            """)
        for row in waiting {
            depths[row.text(0) ?? ""] = Depth(waiting: row.integer(1) ?? 0, oldest: row.timestamp(2))
        }
        let dead = try await storage.rows(
            "SELECT subscription, count(*) FROM event_dead_letters GROUP BY subscription")
        for row in dead { depths[row.text(0) ?? "", default: Depth()].dead = row.integer(1) ?? 0 }
        return depths
    }
}
