import PluginTesting
import Testing

/// What clients are answered by a host that has loaded the library.
@Test func volumeIsSummedBySymbolForTheCallersAccountsAlone() async throws {
    let host = try await HostProcess(loading: "Turnover")
    defer { host.stop() }
    try await host.put(account: "of-ann", of: "ann")
    try await host.post(
        "/api/v1/trades",
        """
        [
          { "trade_id": "1", "account_id": "of-ann", "symbol": "EURUSD", "direction": "buy", "volume": 0.10,
            "entry_price": 1.1, "entry_time": "2026-01-05T10:00:00Z", "status": "open" },
          { "trade_id": "2", "account_id": "of-ann", "symbol": "EURUSD", "direction": "sell", "volume": 0.25,
            "entry_price": 1.1, "entry_time": "2026-01-05T11:00:00Z", "status": "open" }
        ]
        """)
    let target = "/api/v1/turnover/by_symbol?from=2026-01-01T00:00:00Z"
    #expect(try await host.get(target, as: "ann").body == #"{"rows":[{"symbol":"EURUSD","trades":2,"lots":0.35}]}"#)
    #expect(try await host.get(target, as: "bob").body == #"{"rows":[]}"#)
    #expect(try await host.get("/api/v1/turnover/by_symbol?from=yesterday", as: "ann").status == 400)
}
