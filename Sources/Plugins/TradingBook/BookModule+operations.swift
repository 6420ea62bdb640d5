import PluginAPI

extension BookModule {
    var accountOperations: [Operation] {
        let id = Parameter("id", .id, "The account")
        return [
            // Which accounts there are depends on the token alone, so no tag could keep a cached list true.
            .query(
                "accounts", at: "/accounts", summary: "Accounts the token may read", scope: .caller, ttl: .zero,
                reply: .object(["accounts": .array(BookSchemas.account)])
            ) { (request: Request) async throws -> Reply in
                try await self.queries.list(request.caller, deadline: request.deadline)
            },
            .query(
                "account", at: "/accounts/{id}", summary: "One account and its figures",
                scope: .account(pathParameter: "id"), ttl: .seconds(10), parameters: [id], reply: BookSchemas.account
            ) { (request: Request) async throws -> Reply in
                try await self.queries.account(request.text("id") ?? "", deadline: request.deadline)
            },
            .query(
                "equity", at: "/accounts/{id}/equity", summary: "Equity, balance and peak over time",
                scope: .account(pathParameter: "id"), ttl: .seconds(10),
                parameters: [
                    id, .time("from", "From this time"), .time("to", "Up to but without this time"),
                    Parameter("points", .integer(1...2_000), default: .value(.integer(200)), "Points at most"),
                ],
                reply: BookSchemas.equity
            ) { (request: Request) async throws -> Reply in
                try await self.queries.equity(
                    request.text("id") ?? "", from: request.time("from"), to: request.time("to"),
                    points: request.integer("points") ?? 200, deadline: request.deadline)
            },
            .command(
                "putAccount", .put, at: "/accounts/{id}", summary: "Create or replace an account",
                roles: [.agent, .operator], parameters: [id], body: BookSchemas.accountBody, reply: BookSchemas.account
            ) { (request: Request) async throws -> Reply in
                let account = try AccountBody.parse(request.body, id: request.text("id") ?? "")
                return try await self.putAccount(account, request)
            },
        ]
    }

    var instrumentOperations: [Operation] {
        [
            .command(
                "putInstrument", .put, at: "/instruments/{symbol}", summary: "Describe an instrument",
                roles: [.agent, .operator], parameters: [Parameter("symbol", .symbol, "The canonical symbol")],
                body: BookSchemas.instrumentBody, reply: BookSchemas.instrument
            ) { (request: Request) async throws -> Reply in
                try await self.putInstrument(
                    try DescribedInstrument.parse(request.body, symbol: request.text("symbol") ?? ""), request)
            }
        ]
    }

    var ingestOperations: [Operation] {
        [
            .command(
                "signals", at: "/signals", summary: "Put signals into the bot's book", roles: [.agent],
                body: BookSchemas.signals, reply: BookSchemas.counts
            ) { (request: Request) async throws -> Reply in
                let signals = try BookBodies.signals(request.body, contentType: request.contentType)
                return try await self.upsert(signals, request, key: try IdempotencyKey(request, route: "signals"))
            },
            .command(
                "approvals", at: "/approvals", summary: "Put approvals into the bot's book", roles: [.agent],
                body: BookSchemas.approvals, reply: BookSchemas.counts
            ) { (request: Request) async throws -> Reply in
                let approvals = try BookBodies.approvals(request.body, contentType: request.contentType)
                return try await self.upsert(approvals, request, key: try IdempotencyKey(request, route: "approvals"))
            },
            .command(
                "trades", at: "/trades", summary: "Put trades into the bot's book", roles: [.agent],
                body: BookSchemas.trades, reply: BookSchemas.counts
            ) { (request: Request) async throws -> Reply in
                let trades = try BookBodies.trades(request.body, contentType: request.contentType)
                return try await self.upsert(trades, request, key: try IdempotencyKey(request, route: "trades"))
            },
            .command(
                "snapshots", at: "/snapshots", summary: "Store and reconcile a broker's snapshot", roles: [.agent],
                body: BookSchemas.snapshot, reply: BookSchemas.run
            ) { (request: Request) async throws -> Reply in
                try await self.storeSnapshot(
                    try SnapshotBody.parse(request.body), request,
                    key: try IdempotencyKey(request, route: "snapshots"))
            },
            .command(
                "statements", at: "/statements", summary: "Import a broker's statement", roles: [.agent],
                parameters: [
                    Parameter("account_id", .id, "The account it is of; needed"),
                    Parameter("as_of", .time, "When the positions of a CSV or JSON file were read"),
                    Parameter("user_id", .id, "Creates the account for this user when there is none"),
                    Parameter("currency", .text(maxBytes: 3), "Of the account when it is created"),
                    Parameter("time_zone", .text(maxBytes: 128), "The broker's clock, when the account is created"),
                ],
                body: BodySchema(contentTypes: ["text/html", "text/csv", "application/json"], schema: .text),
                reply: BookSchemas.statement
            ) { (request: Request) async throws -> Reply in
                try await self.importStatement(request)
            },
        ]
    }
}
