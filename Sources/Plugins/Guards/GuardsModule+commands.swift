import PluginAPI

extension GuardsModule {
    /// What is to be closed, and what became of it. Everybody may look at their own accounts' commands; only agents act.
    var closeCommandOperations: [Operation] {
        let id = Parameter("id", .id, "The command")
        let desk = CloseCommandDesk(storage: storage, book: book, meters: meters)
        return [
            .query(
                "closeCommands", at: "/close-commands", summary: "Positions to close, and what became of that",
                ttl: .seconds(5), parameters: CloseCommandList.parameters, isPaged: true, isServedStale: false,
                reply: CloseCommandRow.listSchema
            ) { (request: Request) async throws -> Reply in
                try await CloseCommandList(storage: storage).reply(to: request)
            },
            .command(
                "leaseCloseCommands", at: "/close-commands/lease", summary: "Take positions to close, for a while",
                roles: [.agent], body: LeaseBody.schema, reply: CloseCommandRow.listSchema
            ) { (request: Request) async throws -> Reply in try await desk.lease(request) },
            .command(
                "confirmCloseCommand", at: "/close-commands/{id}/confirm", summary: "The position is closed",
                roles: [.agent], parameters: [id], body: ConfirmBody.schema, reply: CloseCommandRow.schema
            ) { (request: Request) async throws -> Reply in try await desk.confirm(request) },
            .command(
                "failCloseCommand", at: "/close-commands/{id}/fail", summary: "The position cannot be closed",
                roles: [.agent], parameters: [id], body: FailBody.schema, reply: CloseCommandRow.schema
            ) { (request: Request) async throws -> Reply in try await desk.fail(request) },
        ]
    }
}
