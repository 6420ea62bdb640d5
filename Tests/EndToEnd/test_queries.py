"""The bodies that existing clients parse: fields, digits, and a user without data."""

from harness import ConcordTest, Number, at, position, trade

EVENT = {"event_id", "event_type", "user_id", "created_at", "divergence_reason", "description", "metadata"}
STATUS = {
    "user_id", "status", "last_sync_at", "total_syncs", "last_sync_duration_ms", "open_positions_count",
    "matched_positions", "divergences_detected", "recent_events", "error_message",
}
POSITION = {
    "position_id", "account_id", "ticket", "symbol", "broker_symbol", "direction", "volume", "entry_price", "entry_time",
    "current_price", "unrealized_pnl", "unrealized_pnl_pct", "take_profit", "stop_loss", "status", "matched_with_bot",
    "last_updated_at",
}
CLOSED = POSITION | {"closed_at", "close_price", "realized_pnl", "close_reason"}
OPEN = {
    "user_id", "total_positions", "total_unrealized_pnl", "total_unrealized_pnl_pct", "positions", "last_updated_at",
}
DRAWDOWN = {
    "user_id", "account_id", "state", "current_equity", "peak_equity", "current_drawdown_pct", "alert_type",
    "alert_threshold_pct", "should_close_all", "time_to_liquidation_seconds", "liquidation_at", "last_checked_at",
}
MARKET = {"user_id", "symbols", "alerts", "last_evaluated_at"}
ALERT = {
    "symbol", "condition_type", "alert_type", "price_gap_pct", "bid_ask_spread_pct", "open_price", "close_price", "bid",
    "ask", "should_close_positions", "detected_at",
}
GUARDS = {
    "user_id", "system_status", "drawdown_guard", "market_guard_alerts", "any_positions_should_close",
    "last_evaluated_at",
}
BREAK = {
    "id", "account_id", "class", "severity", "status", "symbol", "trade_id", "ticket", "field", "ours", "broker", "delta",
    "differences", "first_seen_at", "last_seen_at", "times_seen", "snoozed_until", "acknowledged_until",
}


class Bodies(ConcordTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        host = cls.host
        host.put_account("gold", "ann")
        host.ok("POST", "/api/v1/trades", host.agent, [
            trade("t-77", "gold", symbol="XAUUSD", entry_price=1950.50, volume=0.1),
            trade("t-78", "gold", ticket=2, volume=0.3),
        ])
        cls.first = host.snapshot("gold", at(0), [
            position(12345, symbol="XAUUSD", volume=0.10, entry_price="1950.50", current_price="1955.75",
                     take_profit=1960.00, stop_loss=1945.00, profit=52.50, comment="trade:t-77", magic=7),
            position(2, symbol="eurusd.m", volume="0.2"),
            position(3, symbol="GBPUSD"),
        ], account={"balance": 10000.00, "equity": 10072.50, "margin": 120, "credit": 0},
            flows=[{"flow_id": "d-1", "time": "2026-01-02T08:00:00Z", "amount": 10000.00, "kind": "deposit"}],
            quotes=[{"symbol": "XAUUSD", "bid": 1950.00, "ask": 1960.00, "open": 1954.00, "previous_close": 1853.10,
                     "time": at(0)}])
        host.snapshot("gold", at(1), [position(12345, symbol="XAUUSD", volume=0.10, entry_price="1950.50",
                      current_price="1955.75", take_profit=1960.00, stop_loss=1945.00, profit=52.50,
                      comment="trade:t-77"), position(2, symbol="eurusd.m", volume="0.2")],
                      account={"balance": 10000.00, "equity": 10062.50, "margin": 120, "credit": 0})
        cls.user = host.token("ann")

    def test_status(self):
        body = self.host.ok("GET", "/api/v1/reconciliation/status", self.user)
        self.assertLessEqual(STATUS, set(body))
        self.assertEqual(body["status"], "warning")
        self.assertEqual((body["total_syncs"], body["open_positions_count"], body["matched_positions"]), ("2", "2", "2"))
        self.assertEqual(body["last_sync_at"], at(1))
        self.assertLessEqual(len(body["recent_events"]), 10)
        self.assertTrue(body["recent_events"])
        for event in body["recent_events"]:
            self.assertLessEqual(EVENT, set(event))
            self.assertIsInstance(event["metadata"], dict)

    def test_open_positions_keep_their_digits(self):
        body = self.host.ok("GET", "/api/v1/positions/open", self.user)
        self.assertLessEqual(OPEN, set(body))
        gold = next(p for p in body["positions"] if p["symbol"] == "XAUUSD")
        euro = next(p for p in body["positions"] if p["symbol"] == "EURUSD")
        self.assertLessEqual(POSITION, set(gold))
        self.assertEqual((gold["entry_price"], gold["volume"], gold["take_profit"]), ("1950.50", "0.1", "1960.00"))
        self.assertEqual((gold["unrealized_pnl"], gold["unrealized_pnl_pct"]), ("52.50", "0.27"))
        self.assertEqual((euro["broker_symbol"], euro["entry_price"]), ("eurusd.m", "1.10000"))
        self.assertIsNone(euro["take_profit"])
        self.assertTrue(gold["matched_with_bot"])
        self.assertEqual(body["total_unrealized_pnl"], "62.50")
        self.assertEqual(body["total_unrealized_pnl_pct"], "0.62")

    def test_counts_agree_across_endpoints(self):
        status = self.host.ok("GET", "/api/v1/reconciliation/status", self.user)
        positions = self.host.ok("GET", "/api/v1/positions/open", self.user)
        self.assertEqual(status["open_positions_count"], positions["total_positions"])
        self.assertEqual(status["user_id"], positions["user_id"])

    def test_a_position_by_id_and_closed_positions(self):
        closed = self.host.ok("GET", "/api/v1/positions/closed", self.user)
        self.assertEqual(set(closed), {"positions", "next_cursor"})
        row = closed["positions"][0]
        self.assertLessEqual(CLOSED, set(row))
        self.assertEqual((row["ticket"], row["closed_at"], row["close_price"], row["status"]), ("3", at(1), None, "closed"))
        one = self.host.ok("GET", f"/api/v1/positions/{row['position_id']}", self.user)
        self.assertEqual(one["position_id"], row["position_id"])

    def test_logs_and_their_pages(self):
        pages, cursor = [], ""
        while True:
            body = self.host.ok("GET", f"/api/v1/reconciliation/logs?hours=720&limit=2{cursor}", self.user)
            pages += body["logs"]
            if not body["next_cursor"]:
                break
            cursor = f"&cursor={body['next_cursor']}"
        whole = self.host.ok("GET", "/api/v1/reconciliation/logs?hours=720&limit=500", self.user)
        self.assertEqual(pages, whole["logs"])
        self.assertEqual(len({row["event_id"] for row in pages}), len(pages))
        for row in pages:
            self.assertLessEqual(EVENT | {"account_id", "symbol", "ticket", "run_id"}, set(row))

    def test_breaks_and_runs(self):
        body = self.host.ok("GET", "/api/v1/reconciliation/breaks", self.user)
        self.assertEqual(set(body), {"breaks", "next_cursor"})
        found = next(b for b in body["breaks"] if b["trade_id"] == "t-78")
        self.assertLessEqual(BREAK, set(found))
        self.assertEqual((found["class"], found["field"], found["ours"], found["broker"], found["delta"]),
                         ("partial_fill", "volume", "0.3", "0.2", "-0.1"))
        self.assertTrue(found["differences"])
        one = self.host.ok("GET", f"/api/v1/reconciliation/breaks/{found['id']}", self.user)
        self.assertEqual(one, found)
        runs = self.host.ok("GET", "/api/v1/reconciliation/runs", self.user)
        self.assertEqual(len(runs["runs"]), 2)
        run = self.host.ok("GET", f"/api/v1/reconciliation/runs/{self.first['run_id']}", self.user)
        self.assertEqual(run["verdict"], "breaks")

    def test_guards(self):
        drawdown = self.host.ok("GET", "/api/v1/guards/drawdown", self.user)
        self.assertLessEqual(DRAWDOWN, set(drawdown))
        self.assertEqual((drawdown["state"], drawdown["alert_type"]), ("ok", "normal"))
        self.assertEqual((drawdown["current_equity"], drawdown["peak_equity"], drawdown["current_drawdown_pct"]),
                         ("10062.50", "10072.50", "0.10"))
        market = self.host.ok("GET", "/api/v1/guards/market", self.user)
        self.assertLessEqual(MARKET, set(market))
        kinds = {a["condition_type"]: a for a in market["alerts"]}
        self.assertEqual(set(kinds), {"price_gap", "liquidity_crisis"})
        for alert in market["alerts"]:
            self.assertLessEqual(ALERT, set(alert))
        self.assertEqual(kinds["price_gap"]["price_gap_pct"], "5.44")
        self.assertEqual(kinds["liquidity_crisis"]["bid_ask_spread_pct"], "0.51")
        status = self.host.ok("GET", "/api/v1/guards/status", self.user)
        self.assertLessEqual(GUARDS, set(status))
        self.assertEqual(status["drawdown_guard"], drawdown)
        self.assertEqual(status["market_guard_alerts"], market["alerts"])
        self.assertEqual(status["system_status"], "warning")

    def test_equity_points(self):
        points = self.host.ok("GET", "/api/v1/accounts/gold/equity?from=2026-01-01T00:00:00Z", self.user)["points"]
        self.assertEqual([(p["time"], p["equity"]) for p in points], [(at(0), "10072.50"), (at(1), "10062.50")])
        self.assertEqual(points[1]["peak"], "10072.50")

    def test_a_user_without_data_gets_the_same_bodies(self):
        nobody = self.host.token("nobody")
        status = self.host.ok("GET", "/api/v1/reconciliation/status", nobody)
        self.assertEqual((status["status"], status["total_syncs"], status["recent_events"], status["last_sync_at"]),
                         ("idle", "0", [], None))
        positions = self.host.ok("GET", "/api/v1/positions/open", nobody)
        self.assertEqual((positions["total_positions"], positions["positions"]), ("0", []))
        self.assertEqual(float(positions["total_unrealized_pnl"]), 0)
        self.assertEqual(self.host.ok("GET", "/api/v1/positions/closed", nobody), {"positions": [], "next_cursor": None})
        drawdown = self.host.ok("GET", "/api/v1/guards/drawdown", nobody)
        self.assertEqual((drawdown["state"], drawdown["account_id"], drawdown["current_equity"], drawdown["peak_equity"],
                          drawdown["current_drawdown_pct"], drawdown["last_checked_at"]),
                         ("unknown", None, None, None, None, None))
        market = self.host.ok("GET", "/api/v1/guards/market", nobody)
        self.assertEqual((market["symbols"], market["alerts"]), ([], []))
        self.assertEqual(self.host.ok("GET", "/api/v1/reconciliation/logs", nobody), {"logs": [], "next_cursor": None})
        self.assertEqual(self.host.ok("GET", "/api/v1/reconciliation/breaks", nobody), {"breaks": [], "next_cursor": None})

    def test_every_user_answer_carries_its_headers_and_an_etag_that_works(self):
        first = self.host.get("/api/v1/reconciliation/status", self.user)
        for name in ("etag", "age", "cache-control", "cache-status", "x-request-id", "ratelimit", "ratelimit-policy"):
            self.assertIn(name, first.headers)
        self.assertEqual(first.headers["cache-control"], "private, no-cache")
        again = self.host.request("GET", "/api/v1/reconciliation/status", self.user,
                                  headers={"If-None-Match": first.headers["etag"]})
        self.assertEqual((again.status, again.body), (304, ""))
        self.assertIn("hit", again.headers["cache-status"])
        head = self.host.request("HEAD", "/api/v1/reconciliation/status", self.user)
        self.assertEqual((head.status, head.body, head.headers["etag"]), (200, "", first.headers["etag"]))

    def test_a_write_is_seen_by_the_next_read(self):
        self.host.put_account("fresh", "eve")
        eve = self.host.token("eve")
        for second in range(20):
            self.host.snapshot("fresh", at(second), [position(n) for n in range(1, second + 2)])
            body = self.host.ok("GET", "/api/v1/positions/open", eve)
            self.assertEqual(body["total_positions"], str(second + 1))
