import PluginAPI
import TradingBook

extension ReconciliationModule {
    /// What the owner of an account, and operators, do to its breaks.
    ///
    /// The break says which account it is; `account_id` may say it too, as in every query.
    var breakCommands: [Operation] {
        BreakAct.Kind.allCases.map { kind in
            let command = BreakCommand(
                kind: kind, storage: context.storage, settings: settings, metrics: metrics, outbox: book.outbox)
            return .command(
                "\(kind.rawValue)Break", at: "/reconciliation/breaks/{break_id}/\(kind.rawValue)",
                summary: kind.summary, roles: [.user, .operator],
                parameters: [
                    BreaksQuery.idParameter, Parameter("account_id", .id, "The break's account, if it is to be sure"),
                ],
                body: BreakAct.body(kind), reply: .object(BreakRow.members)
            ) { (request) async throws -> Reply in try await command.reply(to: request) }
        }
    }

    var rerun: Operation {
        let command = RerunCommand(book: book)
        return .command(
            "rerun", at: "/reconciliation/runs", summary: "Run the latest snapshot again", roles: [.agent, .operator],
            body: RerunCommand.body, reply: RerunCommand.schema
        ) { (request) async throws -> Reply in try await command.reply(to: request) }
    }
}
