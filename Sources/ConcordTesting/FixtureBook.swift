public import PluginAPI
import PluginTesting

/// Puts accounts, trades and snapshots into a test host's book by the commands that agents use, so that what a test reads
/// has passed every rule of the real book.
public struct FixtureBook: Sendable {
    let host: TestHost

    /// A small book in which every service finds something, taken at the host's time.
    ///
    /// | account | whose | trades | positions |
    /// |---|---|---|---|
    /// | `acc-1` | `ann` | `t-1` EURUSD buy 0.10; `t-2` XAUUSD sell 0.50 | 1 EURUSD buy 0.10; 2 XAUUSD sell 0.40 |
    /// | `acc-2` | `ann` | `t-3` EURUSD buy 0.20 | none |
    /// | `acc-3` | `bob` | `t-4` GBPUSD sell 0.30 | 3 GBPUSD sell 0.30 |
    ///
    /// All trades are open, were entered an hour before, and cost 1.10000 (gold 1950.50). Accounts are in dollars; each
    /// has an equity of 10000.
    public func fill() async throws {
        for (account, user) in [("acc-1", "ann"), ("acc-2", "ann"), ("acc-3", "bob")] {
            try await put(account: account, of: user)
        }
        let gold = FixtureTrade("t-2", of: "acc-1", "XAUUSD", "sell", "0.50", price: "1950.50")
        try await put(trades: [
            FixtureTrade("t-1", of: "acc-1"), gold, FixtureTrade("t-3", of: "acc-2", "EURUSD", "buy", "0.20"),
            FixtureTrade("t-4", of: "acc-3", "GBPUSD", "sell", "0.30"),
        ])
        try await put(
            snapshot: "acc-1",
            positions: [FixturePosition(1), FixturePosition(2, "XAUUSD", "sell", "0.40", price: "1950.50")])
        try await put(snapshot: "acc-2", positions: [])
        try await put(snapshot: "acc-3", positions: [FixturePosition(3, "GBPUSD", "sell", "0.30")])
    }

    /// Opens an account, or replaces what is known of it.
    ///
    /// - Parameter interval: How often a snapshot is expected; `manual` expects none.
    public func put(
        account: String,
        of user: String,
        currency: String = "USD",
        mode: String = "hedging",
        interval: String = "manual"
    ) async throws {
        try await command("putAccount", [("id", account)], as: .operator) { json in
            json.field("user_id", user)
            json.field("currency", currency)
            json.field("mode", mode)
            json.field("snapshot_interval", interval)
        }
    }

    /// Writes trades into the bot's book. Trades that are there are replaced.
    public func put(trades: [FixtureTrade]) async throws {
        var json = JSONWriter()
        json.array(of: trades) { json, trade in json.object { trade.write(to: &$0, at: host.clock.now) } }
        try await send("trades", [], json.text, as: .agent)
    }

    /// Stores a complete snapshot of an account, taken at the host's time.
    ///
    /// Two snapshots of one account need the clock to be moved between them.
    public func put(
        snapshot account: String,
        equity: FixedDecimal = "10000",
        positions: [FixturePosition]
    ) async throws {
        let now = host.clock.now
        try await command("snapshots", [], as: .agent) { json in
            json.field("account_id", account)
            json.field("as_of", now)
            json.field("completeness", "complete")
            json.objectField("account") { json in
                json.field("balance", equity)
                json.field("equity", equity)
            }
            json.arrayField("positions", of: positions) { json, position in
                json.object { position.write(to: &$0, at: now) }
            }
        }
    }

    private func command(
        _ name: String,
        _ parameters: [(String, String)],
        as caller: Caller,
        _ members: (inout JSONWriter) -> Void
    ) async throws {
        var json = JSONWriter()
        json.object(members)
        try await send(name, parameters, json.text, as: caller)
    }

    /// - Throws: ``TestHostError`` with the answer, when the book refuses.
    private func send(
        _ name: String,
        _ parameters: [(String, String)],
        _ body: String,
        as caller: Caller
    ) async throws {
        let reply = try await host.ask("book", name, parameters, body: body, as: caller)
        guard reply.status == 200 else {
            throw TestHostError(reason: "the book answered \(reply.status) to \(name): \(reply.text)")
        }
    }
}
