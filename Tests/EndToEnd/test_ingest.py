"""The same snapshot in every way it can come twice."""

import signal
import unittest

from harness import ConcordTest, Host, at, in_parallel, position, trade


class Repeats(unittest.TestCase):
    def setUp(self):
        self.host = Host()
        self.addCleanup(self.host.close)
        self.host.serve()
        self.host.put_account("acc", "U")
        self.host.ok("POST", "/api/v1/trades", self.host.agent, [trade(ticket=1)])
        self.body = {"account_id": "acc", "as_of": at(0), "completeness": "complete", "positions": [position(1), position(2)]}

    def send(self, **headers):
        return self.host.ok("POST", "/api/v1/snapshots", self.host.agent, self.body, headers=headers)

    def syncs(self):
        return self.host.ok("GET", "/api/v1/reconciliation/status?account_id=acc", self.host.operator)["total_syncs"]

    def test_sixteen_at_once_are_one_run(self):
        answers = in_parallel(16, self.send)
        self.assertEqual(len({a["run_id"] for a in answers}), 1)
        self.assertEqual(sorted(a["duplicate"] for a in answers), [False] + [True] * 15)
        self.assertEqual(self.syncs(), "1")

    def test_after_kill_9_and_restart_it_is_the_same_run(self):
        first = self.send()
        self.host.stop(signal.SIGKILL)
        self.host.serve()
        again = self.send()
        self.assertEqual((first["run_id"], False, True), (again["run_id"], first["duplicate"], again["duplicate"]))
        self.assertEqual(self.syncs(), "1")

    def test_rows_in_another_order_are_the_same_content(self):
        first = self.send()
        self.body["positions"].reverse()
        self.assertEqual(self.send()["run_id"], first["run_id"])

    def test_an_idempotency_key_replays_its_answer_and_refuses_another_body(self):
        first = self.send(**{"Idempotency-Key": "k-1"})
        again = self.send(**{"Idempotency-Key": "k-1"})
        self.assertEqual(first["run_id"], again["run_id"])
        self.body["as_of"] = at(1)
        other = self.host.request("POST", "/api/v1/snapshots", self.host.agent, self.body, headers={"Idempotency-Key": "k-1"})
        self.assertEqual(other.status, 409, other)

    def test_a_trade_sent_twice_is_unchanged_and_a_bad_row_stores_none(self):
        good = trade("t-2", ticket=2)
        self.host.ok("POST", "/api/v1/trades", self.host.agent, [good])
        again = self.host.ok("POST", "/api/v1/trades", self.host.agent, [good])
        self.assertEqual(again["unchanged"], "1")
        bad = self.host.request("POST", "/api/v1/trades", self.host.agent, [trade("t-3", ticket=3), trade("t-4", volume=0)])
        self.assertEqual(bad.status, 422, bad)
        self.host.ok("POST", "/api/v1/snapshots", self.host.agent, {**self.body, "as_of": at(9)})
        self.assertNotIn("t-3", [b["trade_id"] for b in self.host.breaks("acc")])
