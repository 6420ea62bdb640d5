public import PluginAPI
import TradingBook

extension WebhookModule: AdministeredModule {
    public var adminOperations: [Operation] {
        let letters = DeadLetters(
            of: Self.descriptor.id, in: storage,
            subscriptions: subscriptions.map { Outbox.name(of: $0, in: Self.descriptor.id) })
        return [
            .query(
                "deadLetters", at: "/webhooks/dead-letters", summary: "Events that no receiver has taken, newest first",
                scope: .platform, roles: [.operator], ttl: .zero, parameters: [.limit(default: 50)], isPaged: true,
                isServedStale: false, reply: DeadLetters.listSchema
            ) { (request: Request) async throws -> Reply in try await letters.list(request) },
            .command(
                "retryDeadLetter", at: "/webhooks/dead-letters/{id}/retry", summary: "Send a dead letter once more",
                scope: .platform, roles: [.operator], parameters: [Parameter("id", .id, "The dead letter")],
                reply: DeadLetters.rowSchema
            ) { (request: Request) async throws -> Reply in
                try await letters.retry(request.text("id") ?? "", request)
            },
        ]
    }
}
