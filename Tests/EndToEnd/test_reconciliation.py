"""A bot's book made from a real statement, with differences planted in it."""

import json
import random

from harness import OPEN_STATEMENT, SERVER_TIME_ZONE, ConcordTest, at, position, trade


class PlantedDifferences(ConcordTest):
    def setUp(self):
        self.host.put_account("donor", "U", currency="EUR", time_zone=SERVER_TIME_ZONE)
        answer = self.host.request(
            "POST", "/api/v1/statements?account_id=donor", self.host.agent, OPEN_STATEMENT.read_bytes(),
            headers={"Content-Type": "text/html"})
        self.assertEqual(answer.status, 200, answer)
        self.rows = self.host.ok("GET", "/api/v1/positions/open?account_id=donor", self.host.operator)["positions"]
        self.assertEqual(len(self.rows), 169)

    def broker(self):
        return [
            {
                "ticket": int(row["ticket"]), "symbol": row["broker_symbol"], "direction": row["direction"],
                "volume": row["volume"], "entry_price": row["entry_price"], "entry_time": row["entry_time"],
                "current_price": row["current_price"], "profit": row["unrealized_pnl"],
                "take_profit": row["take_profit"], "stop_loss": row["stop_loss"],
            }
            for row in self.rows
        ]

    def test_exactly_the_planted_differences_are_breaks_in_any_row_order_and_once(self):
        broker = self.broker()
        book = [
            trade(f"t-{row['ticket']}", "acc-0", symbol=row["symbol"], direction=row["direction"], volume=row["volume"],
                  entry_price=row["entry_price"], entry_time=row["entry_time"], ticket=row["ticket"])
            for row in broker
        ]
        expected = {}
        book[3]["entry_price"] = self.moved(book[3]["entry_price"], 1)
        expected[broker[3]["ticket"]] = "entry_slippage"
        book[10]["volume"] = "0.50"
        expected[broker[10]["ticket"]] = "volume_mismatch"
        book[20]["volume"] = "1.50"
        expected[broker[20]["ticket"]] = "partial_fill"
        book[30]["direction"] = "sell" if book[30]["direction"] == "buy" else "buy"
        expected[broker[30]["ticket"]] = "side_flip"
        book[40]["stop_loss"] = self.moved(book[40]["entry_price"], -5)
        expected[broker[40]["ticket"]] = "sl_mismatch"
        book[50]["take_profit"] = self.moved(book[50]["entry_price"], 5)
        expected[broker[50]["ticket"]] = "tp_mismatch"
        vanished = trade("t-vanished", "acc-0", ticket=999999001)
        book.append(vanished)
        expected[999999001] = "broker_closed"
        del book[60]
        expected[broker[60]["ticket"]] = "unknown_to_us"

        seen = []
        for index, seed in enumerate((None, 1, 2)):
            account = f"acc-{index}"
            self.host.put_account(account, "U", currency="EUR")
            mine, theirs = [dict(row, account_id=account) for row in book], list(broker)
            if seed is not None:
                random.Random(seed).shuffle(mine)
                random.Random(seed + 10).shuffle(theirs)
            self.host.ok("POST", "/api/v1/trades", self.host.agent, mine)
            for second in range(3):
                self.host.snapshot(account, at(second), theirs)
            found = {int(b["ticket"]): b for b in self.host.breaks(account)}
            self.assertEqual({k: b["class"] for k, b in found.items()}, expected)
            self.assertEqual({b["times_seen"] for b in found.values()}, {"3"})
            seen.append(sorted((b["class"], b["ours"], b["broker"], b["delta"]) for b in found.values()))
        self.assertEqual(seen[0], seen[1])
        self.assertEqual(seen[0], seen[2])

    @staticmethod
    def moved(price, percent):
        """`price` moved by `percent` of itself, to five decimals: far beyond any tolerance."""
        units = round(float(price) * 100000) * (100 + percent) // 100
        return f"{units // 100000}.{units % 100000:05d}"


class Regressions(ConcordTest):
    def test_filters_take_the_names_that_brokers_use(self):
        self.host.put_account("f", "U")
        self.host.snapshot("f", at(0), [position(1, symbol="gbpusd-2")])
        for name in ("GBPUSD", "gbpusd", "gbpusd-2"):
            with self.subTest(name):
                self.assertEqual(len(self.host.breaks("f", symbol=name)), 1)
                logs = self.host.ok("GET", f"/api/v1/reconciliation/logs?account_id=f&symbol={name}", self.host.operator)
                self.assertTrue(logs["logs"])

    def test_a_ticket_that_comes_back_is_matched_only_when_a_run_pairs_it(self):
        self.host.put_account("m", "U")
        self.host.ok("POST", "/api/v1/trades", self.host.agent, [trade(account="m", ticket=1)])
        self.host.snapshot("m", at(0), [position(1)])
        self.host.ok("POST", "/api/v1/trades", self.host.agent, [trade(account="m", ticket=1, status="closed")])
        self.host.snapshot("m", at(1), [])
        self.host.snapshot("m", at(2), [position(1)], completeness="partial")
        status = self.host.ok("GET", "/api/v1/reconciliation/status?account_id=m", self.host.operator)
        self.assertEqual((status["open_positions_count"], status["matched_positions"]), ("1", "0"))

    def test_flows_that_leave_the_range_of_amounts_are_refused_when_they_arrive(self):
        self.host.put_account("w", "U")
        figures = {"balance": 1000, "equity": 1000}
        self.host.snapshot("w", at(0), [], account=figures)
        flows = [{"flow_id": f"f{n}", "time": at(1), "amount": 90000000000, "kind": "deposit"} for n in range(2)]
        for completeness in ("partial", "complete"):
            answer = self.host.request("POST", "/api/v1/snapshots", self.host.agent, {
                "account_id": "w", "as_of": at(1), "completeness": completeness, "positions": [], "flows": flows})
            self.assertEqual(answer.status, 422, answer)
        self.host.snapshot("w", at(2), [], account=figures)

    def test_an_agent_for_some_accounts_cannot_change_what_instruments_mean_to_all(self):
        limited = self.host.token("bot-2", "agent", accounts=["none"])
        body = {"digits": 5, "pip": 1, "multiplier": 100000, "quote_currency": "USD", "aliases": []}
        put = lambda symbol, **more: self.host.request(
            "PUT", f"/api/v1/instruments/{symbol}", limited, {**body, **more}).status
        self.assertEqual(put("EURUSD"), 403)
        self.assertEqual(put("ZZZ", aliases=["GBPUSD"]), 409)
        self.assertEqual(put("NEWCOIN"), 200)
        self.assertEqual(put("NEWCOIN", pip=2), 403)


class LifeOfABreak(ConcordTest):
    def test_a_break_that_is_gone_is_resolved_and_one_that_comes_back_keeps_its_id(self):
        self.host.put_account("acc", "U")
        self.host.ok("POST", "/api/v1/trades", self.host.agent, [trade(ticket=1)])
        first = self.host.snapshot("acc", at(0), [position(1, volume=0.05)])
        identifier = self.host.breaks("acc")[0]["id"]
        second = self.host.snapshot("acc", at(1), [position(1)])
        resolved = self.host.breaks("acc", status="resolved")
        third = self.host.snapshot("acc", at(2), [position(1, volume=0.05)])
        again = self.host.breaks("acc")

        self.assertEqual(first["breaks"], {"opened": "1", "still_open": "0", "resolved": "0"})
        self.assertEqual(second["verdict"], "reconciled")
        self.assertEqual(second["breaks"]["resolved"], "1")
        self.assertEqual([b["id"] for b in resolved], [identifier])
        self.assertEqual(third["verdict"], "breaks")
        self.assertEqual([b["id"] for b in again], [identifier])
        events = self.host.ok(
            "GET", f"/api/v1/reconciliation/breaks/{identifier}/events?account_id=acc", self.host.operator)["events"]
        self.assertEqual([e["to"] for e in events][-1:], ["open"])
        self.assertGreaterEqual(len(events), 3)

    def test_partial_failed_and_late_snapshots_change_no_break_and_move_nothing_back(self):
        self.host.put_account("acc2", "U")
        self.host.ok("POST", "/api/v1/trades", self.host.agent, [trade(account="acc2", ticket=1)])
        self.host.snapshot("acc2", at(10), [position(1, volume=0.05)])
        before = self.host.breaks("acc2")
        positions = self.host.ok("GET", "/api/v1/positions/open?account_id=acc2", self.host.operator)

        partial = self.host.snapshot("acc2", at(11), [], completeness="partial")
        failed = self.host.ok("POST", "/api/v1/snapshots", self.host.agent, {
            "account_id": "acc2", "as_of": at(12), "completeness": "failed", "error": "timed out", "positions": []})
        late = self.host.snapshot("acc2", at(5), [])

        self.assertEqual([partial["verdict"], failed["verdict"], late["verdict"]],
                         ["incomplete", "incomplete", "superseded"])
        after = self.host.breaks("acc2")
        self.assertEqual(json.dumps(before), json.dumps(after))
        now = self.host.ok("GET", "/api/v1/positions/open?account_id=acc2", self.host.operator)
        self.assertEqual(now["positions"], positions["positions"])
        status = self.host.ok("GET", "/api/v1/reconciliation/status?account_id=acc2", self.host.operator)
        self.assertEqual(status["status"], "error")
        self.assertEqual(status["error_message"], "timed out")
        self.assertEqual(status["total_syncs"], "4")

    def test_a_second_partial_close_is_followed_through_what_earlier_snapshots_said(self):
        """Ticket 5 became 6 and 6 became 7; the book knows 5 alone."""
        self.host.put_account("chain", "U")
        self.host.ok("POST", "/api/v1/trades", self.host.agent, [trade(account="chain", ticket=5)])
        self.host.snapshot("chain", at(0), [position(5)])
        self.host.snapshot("chain", at(1), [position(6, volume=0.06, comment="from #5")])
        third = self.host.snapshot("chain", at(2), [position(7, volume=0.03, comment="from #6")])

        self.assertEqual(third["matched"], "1")
        self.assertEqual([(b["class"], b["trade_id"], b["ticket"]) for b in self.host.breaks("chain")],
                         [("partial_fill", "t-1", "7")])
        again = self.host.ok("POST", "/api/v1/reconciliation/runs", self.host.agent, {"account_id": "chain"})
        self.assertEqual((again["matched"], again["breaks"]["still_open"]), ("1", "1"))

    def test_a_row_that_the_broker_lists_twice_is_one_break_until_it_is_listed_once(self):
        self.host.put_account("d", "U")
        trades = [trade(f"t-{ticket}", account="d", ticket=ticket) for ticket in (1, 2)]
        self.host.ok("POST", "/api/v1/trades", self.host.agent, trades)
        figures = {"balance": 1000, "equity": 1020}
        rows = [position(2), position(1), position(2)]
        answer = self.host.snapshot("d", at(0), rows, account=figures)
        self.assertEqual((answer["verdict"], answer["matched"]), ("breaks", "2"))
        found = self.host.breaks("d")
        self.assertEqual([(b["class"], b["ticket"], b["status"]) for b in found], [("duplicate_broker", "2", "open")])
        run = self.host.ok("GET", f"/api/v1/reconciliation/runs/{answer['run_id']}?account_id=d", self.host.operator)
        counts = run["counts"]["broker"]
        self.assertEqual(counts, {"rows": "3", "matched": "2", "unmatched": "0", "pending": "0", "duplicate": "1"})
        listed = self.host.ok("GET", "/api/v1/positions/open?account_id=d", self.host.operator)
        self.assertEqual((listed["total_positions"], [row["ticket"] for row in listed["positions"]]), ("2", ["1", "2"]))
        again = self.host.snapshot("d", at(0), rows[::-1], account=figures)
        self.assertEqual(again["duplicate"], True)
        healed = self.host.snapshot("d", at(1), rows[:2], account=figures)
        self.assertEqual((healed["verdict"], healed["breaks"]["resolved"]), ("reconciled", "1"))
        self.assertEqual(self.host.breaks("d"), [])
        self.assertEqual([b["ticket"] for b in self.host.breaks("d", status="resolved")], ["2"])

    def test_a_row_that_is_listed_twice_does_not_enter_the_sums_of_a_netting_account(self):
        self.host.put_account("n", "U", mode="netting")
        self.host.ok("POST", "/api/v1/trades", self.host.agent, [trade(account="n", ticket=1)])
        answer = self.host.snapshot("n", at(0), [position(1), position(1)], account={"balance": 1000, "equity": 1010})
        self.assertEqual((answer["verdict"], self.host.breaks("n")), ("reconciled", []))
        run = self.host.ok("GET", f"/api/v1/reconciliation/runs/{answer['run_id']}?account_id=n", self.host.operator)
        self.assertEqual((run["counts"]["broker"]["rows"], run["counts"]["broker"]["matched"]), ("1", "1"))


class WarmRestart(ConcordTest):
    extra = "queries:\n  - reconciliation\n  - positions\n  - guards\n"

    def held(self):
        """What both sides hold, as it is stored, and every command there is."""
        return [self.host.stored(statement) for statement in (
            "SELECT trade_id, status, direction, volume, closed_at, updated_at FROM trades ORDER BY trade_id",
            "SELECT ticket, status, direction, volume, closed_at FROM positions ORDER BY ticket",
            "SELECT ticket FROM close_commands")]

    def test_a_restart_reports_and_neither_closes_nor_books_anything(self):
        """The complaint: a warm restart flattened a live position, whatever the switch against orders said."""
        self.host.put_account("acc", "U")
        self.host.ok("POST", "/api/v1/trades", self.host.agent, [trade(ticket=1), trade("t-2", ticket=2)])
        listed = [position(1, volume=0.05), position(9, direction="sell")]
        self.host.snapshot("acc", at(0), listed)
        before, breaks = self.held(), {b["class"]: b["id"] for b in self.host.breaks("acc")}

        self.host.stop()
        self.host.serve()
        self.host.snapshot("acc", at(1), listed)
        self.host.ok("POST", "/api/v1/reconciliation/runs", self.host.agent, {"account_id": "acc"})

        self.assertEqual(set(breaks), {"partial_fill", "broker_closed", "unknown_to_us"})
        self.assertEqual({b["class"]: b["id"] for b in self.host.breaks("acc")}, breaks)
        self.assertEqual(self.held(), before)
        self.assertEqual(before[2], [])
