public import PluginAPI
import TradingBook

extension GuardsModule: AdministeredModule {
    public var adminOperations: [Operation] {
        let command = ReleaseCommand(storage: storage, limits: drawdownLimits, outbox: book.outbox)
        return [
            .command(
                "release", at: "/guards/{account}/release", summary: "End the latch of an account's drawdown guard",
                scope: .account(pathParameter: "account"), roles: [.operator],
                parameters: [Parameter("account", .id, "The account")], body: ReleaseCommand.body,
                reply: DrawdownReport.schema
            ) { (request: Request) async throws -> Reply in try await command.reply(to: request) }
        ]
    }
}
