"""Guards that act: a trip, its countdown over a restart, commands that agents carry out, and the release."""

import json
import signal
import time
import unittest
from datetime import datetime

from harness import CLOSED_STATEMENT, SERVER_TIME_ZONE, ConcordTest, Host, at, eventually, position

QUERIES = "queries:\n  - reconciliation\n  - positions\n  - guards: {{ drawdown: {{ countdown: {countdown} }} }}\n"


def gold(ticket):
    return position(ticket, symbol="XAUUSD", entry_price=1950.50, current_price=1900, profit=-505, swap=-1.25)


def trip(host, account, tickets, user="ann"):
    """Lets an account lose half of its equity with these positions open."""
    host.put_account(account, user)
    positions = [gold(ticket) for ticket in tickets]
    host.snapshot(account, at(0), positions, account={"equity": 10000})
    return host.snapshot(account, at(1), positions, account={"equity": 5000})


def commands(host, account, **query):
    text = "&".join(f"{k}={v}" for k, v in {"account_id": account, "limit": 500, **query}.items())
    return host.ok("GET", f"/api/v1/close-commands?{text}", host.operator)["commands"]


class Restart(unittest.TestCase):
    def test_a_countdown_goes_on_over_a_crash_and_ends_in_one_command_per_position(self):
        host = Host(QUERIES.format(countdown="4s"))
        self.addCleanup(host.close)
        host.serve()
        told = trip(host, "acc", [1, 2, 3])
        self.assertEqual(told["guards"]["state"], "tripped")
        drawdown = host.ok("GET", "/api/v1/guards/drawdown", host.token("ann"))
        self.assertEqual(commands(host, "acc"), [])

        host.stop(signal.SIGKILL)
        host.serve()
        after = host.ok("GET", "/api/v1/guards/drawdown", host.token("ann"))
        written = eventually(lambda: commands(host, "acc"))

        self.assertEqual(after["liquidation_at"], drawdown["liquidation_at"])
        self.assertEqual([c["ticket"] for c in written], ["1", "2", "3"])
        self.assertEqual({c["status"] for c in written}, {"pending"})
        moments = [datetime.fromisoformat(text) for text in (drawdown["liquidation_at"], written[0]["created_at"])]
        self.assertEqual(moments, sorted(moments))
        host.stop(signal.SIGTERM)
        host.serve()
        trips = host.ok("GET", "/api/v1/guards/history", host.token("ann"))["trips"]
        self.assertEqual([t["commands_at"] for t in trips], [written[0]["created_at"]])
        looks = eventually(lambda: self.looks(host))
        eventually(lambda: self.looks(host) > looks + 1)
        self.assertEqual(commands(host, "acc"), written)

    def looks(self, host):
        """How often the host has looked for what is due since its start."""
        line = 'module_calls_total{module="guards",operation="scheduled",outcome="ok"} '
        lines = host.request("GET", "/metrics").body.splitlines()
        return next((int(text.removeprefix(line)) for text in lines if text.startswith(line)), 0)


class CloseCommands(ConcordTest):
    extra = QUERIES.format(countdown="0s")

    def agent(self, name="bot-1", accounts=("acc",)):
        return self.host.token(name, "agent", accounts=accounts)

    def post(self, path, body, token=None, **headers):
        return self.host.request(
            "POST", f"/api/v1/close-commands{path}", token or self.agent(), body, headers=headers or None)

    def lease(self, account="acc", token=None, **fields):
        answer = self.post("/lease", {"account_id": account, "limit": 50, "seconds": 600, **fields}, token)
        self.assertEqual(answer.status, 200, answer)
        return answer.json["commands"]

    def metric(self, name):
        lines = self.host.request("GET", "/metrics").body.splitlines()
        return next(int(line.split(" ")[-1]) for line in lines if line.startswith(name + " "))

    def test_an_agent_leases_confirms_and_fails(self):
        closed = 'positions_autoclosed_total{reason="drawdown"}'
        before = self.metric(closed), self.metric("drawdown_guard_triggers_total")
        trip(self.host, "acc", [1, 2])
        eventually(lambda: commands(self.host, "acc"))
        self.assertEqual(self.post("/lease", {"account_id": "acc", "limit": 1, "seconds": 1}, self.agent("b", ("x",))).status, 404)

        first, second = self.lease()
        self.assertEqual(self.lease(token=self.agent("bot-2")), [])
        self.assertEqual(
            list(first)[:10],
            ["id", "account_id", "ticket", "symbol", "direction", "volume", "reason", "status", "created_at", "leased_until"])
        body = {"close_price": "1900.00", "closed_at": at(2)}
        confirm = f"/{first['id']}/confirm"
        self.assertEqual(self.post(confirm, body, self.agent("b", ("x",))).status, 404)
        self.assertEqual(self.post(confirm, body, self.agent("bot-2")).status, 409)
        done = self.post(confirm, body, **{"Idempotency-Key": "k-1"})
        again = self.post(confirm, body)
        replay = self.post(confirm, body, **{"Idempotency-Key": "k-1"})
        self.assertEqual((done.status, done.json["status"], done.json["realized_pnl"]), (200, "confirmed", "-506.25"))
        self.assertEqual([again.body, replay.body], [done.body, done.body])
        self.assertEqual(self.post(confirm, {**body, "close_price": 1901}).status, 409)
        failed = self.post(f"/{second['id']}/fail", {"reason": "the market is closed"})
        self.assertEqual((failed.status, failed.json["status"], failed.json["detail"]), (200, "failed", "the market is closed"))
        self.assertEqual(self.post(f"/{second['id']}/confirm", body).status, 409)

        rows = self.host.ok("GET", "/api/v1/positions/closed?account_id=acc", self.host.operator)["positions"]
        self.assertEqual(
            [(r["ticket"], r["close_price"], r["realized_pnl"], r["close_reason"], r["closed_at"]) for r in rows],
            [("1", "1900.00", "-506.25", "drawdown", at(2))])
        still = self.host.ok("GET", "/api/v1/positions/open?account_id=acc", self.host.operator)["positions"]
        self.assertEqual([r["ticket"] for r in still], ["2"])
        logs = self.host.ok(
            "GET", "/api/v1/reconciliation/logs?account_id=acc&event_type=position_closed", self.host.operator)["logs"]
        self.assertEqual([(line["ticket"], line["run_id"]) for line in logs], [("1", None)])
        self.assertEqual(self.metric(closed), before[0] + 1)
        self.assertEqual(self.metric("drawdown_guard_triggers_total"), before[1] + 1)
        self.assertEqual([c["ticket"] for c in commands(self.host, "acc", status="failed")], ["2"])

    def test_a_position_that_nobody_is_told_to_close_is_shown(self):
        """One fails, one is opened after the countdown: both stay open under the latch, are counted, and in the log."""
        host, metric = self.host, "guard_positions_left_open_total"
        before = self.metric(metric)
        trip(host, "left", [1, 2])
        eventually(lambda: commands(host, "left"))
        bot = self.agent(accounts=("left",))

        def stands():
            drawdown = host.ok("GET", "/api/v1/guards/drawdown?account_id=left", host.operator)
            (row,) = host.ok("GET", "/api/v1/guards/history?account_id=left", host.operator)["trips"]
            lines = host.ok(
                "GET", "/api/v1/reconciliation/logs?account_id=left&limit=500&event_type=drawdown_alert",
                host.operator)["logs"]
            return (drawdown["positions_left_open"], row["positions_left_open"], drawdown["should_close_all"],
                    sorted(line["ticket"] for line in lines if line["ticket"]))

        self.assertEqual(stands(), ("0", "0", True, []))
        first, second = self.lease("left", bot)
        self.assertEqual(self.post(f"/{first['id']}/fail", {"reason": "closed market"}, bot).status, 200)
        self.assertEqual(stands(), ("1", "1", True, ["1"]))
        for second_of in (2, 3):
            host.snapshot("left", at(second_of), [gold(1), gold(2), gold(3)], account={"equity": 5000})
            self.assertEqual(stands(), ("2", "2", True, ["1", "3"]))
        self.assertEqual(self.metric(metric), before + 2)
        confirmed = self.post(f"/{second['id']}/confirm", {"close_price": 1900, "closed_at": at(4)}, bot)
        self.assertEqual(confirmed.status, 200, confirmed)
        host.snapshot("left", at(5), [gold(3)], account={"equity": 5000})
        self.assertEqual(stands(), ("1", "1", True, ["1", "3"]))
        self.assertEqual(len(commands(host, "left")), 2, "one command per open position, once")

        host.ok("POST", "/admin/guards/left/release", host.operator, {"note": "closed by hand"}, port=host.admin_port)
        self.assertEqual(stands(), ("0", "0", False, ["1", "3"]))

    def test_a_late_statement_that_closes_the_positions_ends_their_commands(self):
        account, tickets = "late", [233821254, 233824299]
        self.host.put_account(account, "late", time_zone=SERVER_TIME_ZONE)
        for second, equity in ((0, 10_000), (1, 5_000)):
            self.host.snapshot(account, f"2020-02-20T00:00:0{second}Z",
                               [position(ticket, entry_time="2020-02-01T00:00:00Z") for ticket in tickets],
                               account={"equity": equity})
        written = eventually(lambda: commands(self.host, account))
        self.assertEqual({c["status"] for c in written}, {"pending"})
        self.host.ok("POST", "/api/v1/snapshots", self.host.agent, {
            "account_id": account, "as_of": "2020-03-03T00:00:00Z", "completeness": "partial", "positions": []})

        answer = self.host.request(
            "POST", f"/api/v1/statements?account_id={account}", self.host.agent, CLOSED_STATEMENT.read_bytes(),
            headers={"Content-Type": "text/html"})

        self.assertEqual((answer.status, answer.json["run"]["verdict"]), (200, "superseded"), answer)
        self.assertEqual([(c["status"], c["detail"]) for c in commands(self.host, account)],
                         [("expired", "the position is not open any more")] * 2)
        logs = self.host.ok("GET", f"/api/v1/reconciliation/logs?account_id={account}&limit=100", self.host.operator)
        closed = {line["ticket"] for line in logs["logs"] if line["event_type"] == "position_closed"}
        self.assertLessEqual({str(ticket) for ticket in tickets}, closed)

    def test_a_lease_that_ends_returns_the_command(self):
        trip(self.host, "lapse", [1])
        eventually(lambda: commands(self.host, "lapse"))
        (command,) = self.lease("lapse", self.agent(accounts=("lapse",)), seconds=1)
        self.assertEqual(command["status"], "leased")

        eventually(lambda: commands(self.host, "lapse", status="pending"))

        late = self.post(f"/{command['id']}/confirm", {"close_price": 1900, "closed_at": at(2)},
                         self.agent(accounts=("lapse",)))
        self.assertEqual(late.status, 409, late)
        self.assertEqual(len(self.lease("lapse", self.agent("bot-2", ("lapse",)))), 1)

    def test_pages_hold_every_command_once(self):
        trip(self.host, "pages", range(1, 8))
        eventually(lambda: commands(self.host, "pages"))
        tickets, cursor = [], ""
        while cursor is not None:
            page = self.host.ok("GET", f"/api/v1/close-commands?account_id=pages&limit=3{cursor}", self.host.operator)
            tickets += [c["ticket"] for c in page["commands"]]
            cursor = f"&cursor={page['next_cursor']}" if page["next_cursor"] else None
        self.assertEqual(tickets, [str(n) for n in range(1, 8)])

    def test_an_operator_releases_with_a_note_and_nobody_else(self):
        host = self.host
        trip(host, "held", [1, 2])
        eventually(lambda: commands(host, "held"))
        leased = self.lease("held", self.agent(accounts=("held",)), limit=1)

        def release(token, body, account="held"):
            return host.request("POST", f"/admin/guards/{account}/release", token, body, port=host.admin_port)

        note = {"note": "the deposit was late"}
        for token, body, account, expected in [
            (None, note, "held", 401), (host.token("ann"), note, "held", 403), (self.agent(accounts=("held",)), note, "held", 403),
            (host.operator, note, "absent", 404), (host.operator, {}, "held", 422), (host.operator, {"note": ""}, "held", 422),
            (host.operator, {"note": "x" * 4097}, "held", 422), (host.operator, {"note": "x", "nte": "x"}, "held", 422),
            (host.operator, "{", "held", 400),
        ]:
            with self.subTest(body=body, account=account):
                self.assertEqual(release(token, body, account).status, expected)
        self.assertEqual(host.request("POST", "/api/v1/guards/held/release", host.operator, note).status, 404)
        self.assertEqual(host.request("GET", "/admin/guards/held/release", host.operator, port=host.admin_port).status, 405)

        done = release(host.operator, note)
        self.assertEqual(done.status, 200, done)
        self.assertEqual((done.json["state"], done.json["peak_equity"], done.json["should_close_all"]), ("ok", "5000.00", False))
        self.assertEqual(release(host.operator, note).status, 409)
        drawdown = host.ok("GET", "/api/v1/guards/drawdown?account_id=held", host.operator)
        self.assertEqual(drawdown, done.json)
        self.assertEqual({c["status"] for c in commands(host, "held")}, {"expired"})
        late = self.post(f"/{leased[0]['id']}/fail", {"reason": "x"}, self.agent(accounts=("held",)))
        self.assertEqual(late.status, 409, late)
        (told,) = host.ok("GET", "/api/v1/guards/history?account_id=held", host.operator)["trips"]
        self.assertEqual((told["released_by"], told["note"]), ("root", "the deposit was late"))
        entries = host.stored(
            "SELECT actor, object, CAST(before AS TEXT) AS before, CAST(after AS TEXT) AS after, request_id "
            "FROM audit_logs WHERE action = 'guard.release' AND object = 'account:held'")
        ((actor, of, before, after, request_id),) = entries
        self.assertEqual((actor, of, request_id), ("root", "account:held", done.headers["x-request-id"]))
        self.assertEqual((json.loads(before)["state"], json.loads(after)["state"]), ("tripped", "ok"))
        routes = host.request("GET", "/admin/modules/guards", host.operator, port=host.admin_port).json["routes"]
        self.assertIn("POST /admin/guards/{account}/release", routes)

    def test_a_source_that_goes_stale_is_unknown_in_time(self):
        host = self.host
        host.put_account("quiet", "dan", snapshot_interval="2s")
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        host.snapshot("quiet", now, [], account={"equity": 10000})
        look = lambda: host.ok("GET", "/api/v1/guards/status", host.token("dan"))
        self.assertEqual(look()["drawdown_guard"]["state"], "ok")

        stale = eventually(lambda: (found := look())["drawdown_guard"]["state"] == "unknown" and found)

        self.assertEqual((stale["system_status"], stale["drawdown_guard"]["current_equity"]), ("degraded", "10000.00"))
