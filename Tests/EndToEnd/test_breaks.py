"""What people and time do to breaks, over HTTP."""

import time

from harness import ConcordTest, at, position, trade


def after(seconds):
    """A time so long after the machine's clock."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))


class Acts(ConcordTest):
    def setUp(self):
        """An account of its own with a trade of 0.10 where the broker has less."""
        self.account = self._testMethodName[:100]
        self.second = 0
        self.host.put_account(self.account, "ann")
        self.expect(0.10)
        self.found = self.see()
        self.identifier = self.host.breaks(self.account)[0]["id"]
        self.ann = self.host.token("ann")

    def expect(self, volume):
        self.host.ok("POST", "/api/v1/trades", self.host.agent, [trade(account=self.account, ticket=1, volume=volume)])

    def see(self, volume=0.05):
        self.second += 1
        return self.host.snapshot(self.account, at(self.second), [position(1, volume=volume)])

    def request(self, act, body=None, token=None, query="", **options):
        path = f"/api/v1/reconciliation/breaks/{self.identifier}/{act}{query}"
        return self.host.request("POST", path, self.ann if token is None else token, body, **options)

    def act(self, act, body=None, **options):
        answer = self.request(act, body, **options)
        self.assertEqual(answer.status, 200, answer)
        return answer.json

    def get(self, path):
        return self.host.ok("GET", f"/api/v1/reconciliation/{path}?account_id={self.account}", self.ann)

    def stands(self):
        return self.get(f"breaks/{self.identifier}")

    def history(self):
        return [(e["from"], e["event"], e["to"]) for e in self.get(f"breaks/{self.identifier}/events")["events"]]

    def test_an_acknowledged_break_stays_so_over_ten_failing_runs_and_comes_back_when_it_is_worse(self):
        self.assertEqual(self.get("status")["status"], "warning")
        answer = self.act("acknowledge", {"note": "the bot is late", "until": after(3600)})
        self.assertEqual(self.get("status")["status"], "healthy", "a write is seen by the query behind it")
        runs = [self.see() for _ in range(10)]
        quiet = self.stands()
        self.expect(0.20)
        worse = self.see()

        self.assertEqual(answer["status"], "acknowledged")
        self.assertIsNotNone(answer["acknowledged_until"])
        self.assertEqual({r["breaks"]["opened"] for r in runs}, {"0"})
        self.assertEqual((quiet["status"], quiet["times_seen"]), ("acknowledged", "11"))
        self.assertEqual(worse["breaks"], {"opened": "1", "still_open": "0", "resolved": "0"})
        self.assertEqual([b["id"] for b in self.host.breaks(self.account)], [self.identifier])
        self.assertEqual(self.stands()["status"], "open")
        self.assertIsNone(self.stands()["acknowledged_until"])
        events = self.get(f"breaks/{self.identifier}/events")["events"]
        self.assertEqual([e["event"] for e in events], ["opened", "acknowledged", "reopened"])
        self.assertEqual([e["actor"] for e in events], ["system", "ann", "system"])
        self.assertEqual([e["note"] for e in events], [None, "the bot is late", "larger: volume"])
        self.assertEqual([e["run_id"] for e in events], [self.found["run_id"], None, worse["run_id"]])

    def test_every_step_by_hand_answers_with_the_break_as_it_stands(self):
        until = after(3600)
        for act, body, status in [
            ("snooze", {"until": until}, "open"), ("acknowledge", {}, "acknowledged"), ("reopen", None, "open"),
            ("resolve", {"resolution": "fixed", "note": None}, "resolved"), ("reopen", {"note": "not so"}, "open"),
            ("resolve", {"resolution": "accepted", "note": "as agreed"}, "resolved"),
        ]:
            answer = self.act(act, body)
            with self.subTest(act=act):
                self.assertEqual(answer, self.stands())
                self.assertEqual(answer["status"], status)
                self.assertEqual(answer["snoozed_until"], until if answer["status"] != "resolved" and act in (
                    "snooze", "acknowledge") else None)
        self.assertEqual(self.get("status")["divergences_detected"], "0")
        self.assertEqual(self.see()["verdict"], "reconciled", "what was accepted is no break any more")
        self.assertEqual(self.host.breaks(self.account), [])
        self.assertEqual([b["times_seen"] for b in self.host.breaks(self.account, status="resolved")], ["2"])

    def test_a_break_keeps_its_id_over_resolve_and_reappearance(self):
        self.act("resolve", {"resolution": "fixed"})
        still = self.see()
        gone = self.see(volume=0.10)
        back = self.see()

        self.assertEqual([r["breaks"]["opened"] for r in (still, gone, back)], ["1", "0", "1"])
        self.assertEqual([b["id"] for b in self.host.breaks(self.account, status="all")], [self.identifier])
        self.assertEqual(self.history(), [
            (None, "opened", "open"), ("open", "resolved", "resolved"), ("resolved", "reopened", "open"),
            ("open", "resolved", "resolved"), ("resolved", "reopened", "open")])

    def test_an_accepted_position_that_turns_is_a_break_again(self):
        """Accepted is a purchase opened by hand; the same ticket as a sale is another thing."""
        hand = lambda **fields: self.host.snapshot(
            self.account, at(self.second), [position(1, volume=0.05), position(7, volume=0.30, **fields)])
        self.second = 10
        hand()
        self.identifier = next(b["id"] for b in self.host.breaks(self.account) if b["ticket"] == "7")
        self.act("resolve", {"resolution": "accepted", "note": "opened by hand"})
        self.second = 11
        same = hand(profit=11)
        self.second = 12
        turned = hand(direction="sell")

        self.assertEqual([r["breaks"]["opened"] for r in (same, turned)], ["0", "1"])
        events = self.get(f"breaks/{self.identifier}/events")["events"]
        self.assertEqual((events[-1]["event"], events[-1]["note"]), ("reopened", "the other direction: unknown_to_us"))

    def test_the_gauges_follow_a_run_and_an_act_at_once(self):
        def gauges(kind="partial_fill"):
            lines = self.host.request("GET", "/metrics").body.splitlines()
            return [next(int(float(line.split(" ")[-1])) for line in lines
                         if line.startswith(f'recon_breaks{{class="{kind}"') and f'status="{status}"' in line)
                    for status in ("open", "acknowledged")]

        opened, acknowledged = gauges()
        self.assertGreater(opened, 0)
        self.act("acknowledge")
        self.assertEqual(gauges(), [opened - 1, acknowledged + 1])
        self.see(volume=0.10)
        self.assertEqual(gauges(), [opened - 1, acknowledged])
        self.see(volume=0.04)
        self.assertEqual(gauges(), [opened, acknowledged])
        before = gauges("volume_mismatch")
        self.see(volume=0.20)
        self.assertEqual((gauges(), gauges("volume_mismatch")), ([opened - 1, acknowledged], [before[0] + 1, before[1]]))

    def test_after_a_restart_the_gauges_show_what_is_stored(self):
        def shown():
            lines = self.host.request("GET", "/metrics").body.splitlines()
            return sum(int(float(line.split(" ")[-1])) for line in lines if line.startswith("recon_breaks{"))

        stored = shown()
        self.assertGreater(stored, 0)
        self.host.stop()
        self.host.serve(until="/api/v1/health")
        end = time.monotonic() + 10
        while shown() != stored and time.monotonic() < end:
            time.sleep(0.05)

        self.assertEqual(shown(), stored, "nobody has asked whether the host is ready")

    def test_who_may(self):
        agent = self.host.token("bot-9", "agent", accounts=[self.account])
        for token, query, status in [
            ("", "", 401), (agent, "", 403), (self.host.agent, f"?account_id={self.account}", 403),
            (self.host.token("bob"), "", 404), (self.host.token("bob"), f"?account_id={self.account}", 404),
            (self.ann, "?account_id=absent", 404), (self.host.operator, "?account_id=absent", 404),
            (self.ann, "?acount_id=x", 400), (self.ann, f"?account_id={self.account}", 200), (self.ann, "", 200),
            (self.host.operator, "", 200), (self.host.operator, f"?account_id={self.account}", 200),
        ]:
            for act, body in [("acknowledge", {}), ("snooze", {"until": after(60)}), ("resolve", {"resolution": "fixed"}),
                              ("reopen", {})]:
                with self.subTest(act=act, status=status, query=query):
                    answer = self.request(act, body, token=token, query=query)
                    self.assertEqual(answer.status, status, answer)
        self.assertEqual({e["actor"] for e in self.get(f"breaks/{self.identifier}/events")["events"]},
                         {"system", "ann", "root"})
        absent = self.host.request(
            "POST", "/api/v1/reconciliation/breaks/absent/acknowledge", self.ann, {})
        self.assertEqual(absent.status, 404)

    def test_a_step_that_cannot_be_taken_is_a_conflict_with_a_sentence(self):
        answer = self.request("reopen", {})
        self.assertEqual((answer.status, answer.json["detail"]), (409, f"The break {self.identifier} is open already."))
        self.act("resolve", {"resolution": "fixed"})
        for act, body in [("acknowledge", {}), ("snooze", {"until": after(60)}), ("resolve", {"resolution": "fixed"})]:
            answer = self.request(act, body)
            self.assertEqual((answer.status, answer.json["detail"]),
                             (409, f"The break {self.identifier} is resolved; reopen it first."))
        self.assertEqual(len(self.history()), 2)

    def test_a_retry_under_an_idempotency_key_acts_once(self):
        key = {"Idempotency-Key": self.account}
        first = self.act("acknowledge", {"note": "a"}, headers=key)
        again = self.act("acknowledge", {"note": "a"}, headers=key)
        other = self.request("acknowledge", {"note": "b"}, headers=key)

        self.assertEqual(first, again)
        self.assertEqual(other.status, 409)
        self.assertEqual(len(self.history()), 2)

    def test_time_alone_reopens_what_was_acknowledged(self):
        self.act("acknowledge", {"until": after(2)})
        end = time.monotonic() + 60
        while self.stands()["status"] != "open" and time.monotonic() < end:
            pass
        self.assertEqual(self.history()[-1], ("acknowledged", "reopened", "open"))
        self.assertEqual(self.get("status")["status"], "warning")
        logs = self.get("logs")["logs"]
        self.assertEqual((logs[0]["event_type"], logs[0]["run_id"]), ("divergence_detected", None))

    def test_a_restart_keeps_what_was_done_and_does_what_came_due_meanwhile(self):
        self.act("acknowledge", {"until": after(1)})
        before = self.history()
        self.assertEqual(self.host.stop(), 0)
        while time.gmtime() < time.strptime(after(-1), "%Y-%m-%dT%H:%M:%SZ"):
            pass
        self.host.serve()
        end = time.monotonic() + 60
        while self.stands()["status"] != "open" and time.monotonic() < end:
            pass
        self.assertEqual(self.history(), before + [("acknowledged", "reopened", "open")])

    def test_the_routes_are_documented(self):
        paths = self.host.ok("GET", "/api/v1/openapi.json", None)["paths"]
        for act in ("acknowledge", "snooze", "resolve", "reopen"):
            self.assertIn("post", paths[f"/api/v1/reconciliation/breaks/{{break_id}}/{act}"])
