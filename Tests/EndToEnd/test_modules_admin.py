"""Operators see modules as they are, disable them and enable them again, and learn which of them fail."""

import contextlib
import http.client
import json
import threading
import unittest

from harness import POSTGRES_URL, Host, eventually, trade

STATUS = "/api/v1/reconciliation/status"
OPEN = "/api/v1/positions/open"

SLOW = """
summary: Takes as long as it may
stability: experimental
methods:
  endless:
    params: { number: { type: integer } }
    limits: { time: 20s }
    ttl: 0s
    columns: { n: integer }
    sql: |
      WITH RECURSIVE numbers (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers)
      SELECT count(*) AS n FROM numbers WHERE i <> $number
  wide:
    ttl: 10s
    sql: SELECT account_id, trade_id FROM v_trades
"""


def admin(host, method, path, token=None, **options):
    return host.request(method, path, token or host.operator, port=host.admin_port, **options)


class ModulesTest(unittest.TestCase):
    maxDiff = None

    def serve(self, extra="", environment=None):
        host = Host(extra, environment)
        self.addCleanup(host.close)
        queries = host.path / "queries"
        queries.mkdir()
        (queries / "slow.yaml").write_text(SLOW)
        host.config.write_text(host.config.read_text().replace("\nlog:", "\nmodules: { sql: %s, limits: { %s } }\nlog:" % (
            queries, self.limits)))
        host.serve()
        host.put_account("of-ann", "ann")
        return host

    limits = "of: { slow: { calls: 4, reply: 1KiB, failures: 2, pause: 1h } }"

    def module(self, host, identifier):
        return admin(host, "GET", f"/admin/modules/{identifier}").json

    def test_a_module_is_shown_with_all_that_it_is_and_may(self):
        host = self.serve()
        shown = self.module(host, "slow")
        self.assertEqual(
            {key: shown[key] for key in ("id", "kind", "source", "version", "stability", "requires", "loaded", "status",
                                         "reason", "last_error", "overdue_calls", "waiting_calls")},
            {"id": "slow", "kind": "query", "source": "sql", "version": "1.0.0", "stability": "experimental",
             "requires": ["book"], "loaded": True, "status": "ok", "reason": None, "last_error": None,
             "overdue_calls": "0", "waiting_calls": "0"})
        self.assertEqual(shown["limits"], {"calls": "4", "queue": "4096", "deadline_ms": "30000",
                                           "reply_bytes": "1024", "failures": "2", "pause_ms": "3600000"})
        operation = next(o for o in shown["operations"] if o["name"] == "wide")
        self.assertEqual((operation["method"], operation["path"], operation["roles"], operation["ttl_ms"]),
                         ("GET", "/api/v1/slow/wide", ["agent", "operator", "user"], "10000"))
        storage = self.module(host, "postgres" if host.postgres else "sqlite")
        self.assertEqual((storage["kind"], storage["status"], storage["limits"]), ("storage", "ok", None))
        self.assertIn("•••" if host.postgres else "concord.db", json.dumps(storage["configuration"], ensure_ascii=False))
        webhook = self.module(host, "webhook")
        self.assertEqual((webhook["loaded"], webhook["status"], webhook["operations"]), (False, "disabled", []))

    def test_the_command_shows_what_is_there_with_files(self):
        host = self.serve()
        listed = {m["id"]: m for m in json.loads(host.run("modules", "list", "--format", "json", check=True).stdout)}
        self.assertEqual((listed["slow"]["source"], listed["slow"]["stability"]), ("sql", "experimental"))
        self.assertEqual((listed["book"]["source"], listed["book"]["stability"]), ("compiled", "stable"))
        told = host.run("modules", "info", "slow", check=True).stdout
        for part in ("slow.yaml", "experimental", "/api/v1/slow/endless", "agent, operator, user", "At a time: 4 calls", "30s", "1KiB",
                     "tried after 1h"):
            self.assertIn(part, told)
        told = host.run("modules", "info", "reconciliation", check=True).stdout
        for part in ("grace: 0s", "/api/v1/reconciliation/status", "reconciliation/0001"):
            self.assertIn(part, told)
        self.assertIn("Not loaded", host.run("modules", "info", "webhook", check=True).stdout)

    def test_a_disabled_module_answers_503_even_what_is_cached_until_it_is_enabled(self):
        host = self.serve("cache: { default_ttl: 60s }\n")
        token = host.token("ann")
        for _ in range(3):
            before = host.get(OPEN, token)
        self.assertIn("concord; hit", before.headers["cache-status"])

        off = admin(host, "POST", "/admin/modules/positions/disable", headers={"X-Request-Id": "off"})
        self.assertEqual((off.status, off.json), (200, {"id": "positions", "status": "disabled", "reason": None, "audited": True}))
        for _ in range(3):
            refused = host.get(OPEN, token)
            self.assertEqual(refused.status, 503, refused)
            self.assertIn("disabled by an operator", refused.json["detail"])
            self.assertIn("retry-after", refused.headers)
        self.assertEqual(host.get(STATUS, token).status, 200)
        self.assertEqual(self.module(host, "positions")["status"], "disabled")
        ready = host.request("GET", "/api/v1/ready")
        self.assertEqual(ready.json["status"], "ready")
        self.assertNotIn("positions", ready.json["checks"])
        self.assertEqual(host.metric('module_status{module="positions",status="disabled"}'), 1)
        reload = admin(host, "POST", "/admin/config/reload")
        self.assertEqual(reload.status, 200, reload)
        self.assertEqual(host.get(OPEN, token).status, 503)

        on = admin(host, "POST", "/admin/modules/positions/enable", headers={"X-Request-Id": "on"})
        self.assertEqual(on.json["status"], "ok")
        self.assertEqual(host.get(OPEN, token).status, 200)
        rows = host.stored("SELECT request_id, action, object, actor FROM audit_logs WHERE request_id IN ('off', 'on') "
                           "ORDER BY request_id")
        self.assertEqual([tuple(row) for row in rows], [("off", "module.disable", "positions", "root"),
                                                        ("on", "module.enable", "positions", "root")])

    def test_what_cannot_be_disabled_is_refused_with_a_sentence_and_only_operators_may(self):
        host = self.serve()
        for identifier, status, part in [
            ("book", 409, "required by"), ("memory", 409, "cache in use"), ("nothing", 404, "no module"),
            ("webhook", 409, "does not load"),
        ]:
            answer = admin(host, "POST", f"/admin/modules/{identifier}/disable")
            self.assertEqual(answer.status, status, answer)
            self.assertIn(part, answer.json["detail"])
        for token in (host.token("ann"), host.agent):
            self.assertEqual(admin(host, "POST", "/admin/modules/positions/disable", token).status, 403)
        self.assertEqual(host.get(OPEN, host.token("ann")).status, 200)

    def test_a_restart_enables_everything(self):
        host = self.serve()
        admin(host, "POST", "/admin/modules/positions/disable")
        host.stop()
        host.serve()
        self.assertEqual(host.get(OPEN, host.token("ann")).status, 200)

    def test_a_reply_that_is_too_large_concerns_whoever_asked_and_a_ruinous_one_everybody(self):
        host = self.serve()
        token, rows = host.token("ann"), [trade(f"t-{n}", "of-ann") for n in range(1_000)]
        host.ok("POST", "/api/v1/trades", host.agent, rows[:60])
        for _ in range(3):
            refused = host.get("/api/v1/slow/wide", token)
            self.assertEqual((refused.status, refused.json["detail"]),
                             (422, "The answer has more than 1024 bytes; ask for less by the parameters."))
        shown = self.module(host, "slow")
        self.assertEqual((shown["status"], shown["last_error"]), ("ok", None))

        host.ok("POST", "/api/v1/trades", host.agent, rows)
        self.assertEqual(host.get("/api/v1/slow/wide", token).status, 422)
        held = host.get("/api/v1/slow/wide", token)
        self.assertEqual(held.status, 503, held)
        self.assertGreater(int(held.headers["retry-after"]), 3000)
        shown = self.module(host, "slow")
        self.assertEqual((shown["status"], shown["last_error"]["doing"]), ("degraded", "wide"))
        self.assertIn("more than 1024", shown["last_error"]["reason"])
        ready = host.request("GET", "/api/v1/ready")
        self.assertEqual((ready.status, ready.json["status"], ready.json["checks"]["slow"]["status"]),
                         (200, "degraded", "degraded"))
        self.assertEqual(ready.json["checks"]["slow"]["reason"], "its calls fail, and one is tried now and then")
        self.assertEqual(host.get(OPEN, token).status, 200)

        on = admin(host, "POST", "/admin/modules/slow/enable")
        self.assertEqual((on.status, on.json["status"]), (200, "ok"))
        self.assertEqual(host.get("/api/v1/slow/wide", token).status, 422)

    def test_modules_of_a_broken_configuration_are_shown_with_what_is_wrong(self):
        host = self.serve()
        library = "modules: { dynamic: [{ id: wild, file: wild.so, sha256: %s }]," % ("0" * 64)
        host.config.write_text(host.config.read_text().replace("modules: {", library))
        listed = host.run("modules", "list", check=True)
        self.assertIn("positions", listed.stdout)
        self.assertIn("wild.so", listed.stderr)
        info = host.run("modules", "info", "positions", check=True)
        self.assertIn("has mistakes; see concord check", info.stdout)
        self.assertNotIn("Not loaded", info.stdout)
        self.assertIn("error: `modules.d", info.stderr)
        refused = host.run("modules", "info", "wild")
        self.assertEqual(refused.returncode, 2)
        self.assertIn("error: `modules.d", refused.stderr)
        self.assertIn("there is no module wild, as far as the configuration, which has mistakes, can be read", refused.stderr)

    def test_slow_callers_of_one_module_leave_the_others_their_connections(self):
        environment = {"DB_POOL_SIZE": "6", "DB_MAX_OVERFLOW": "0"} if POSTGRES_URL else {}
        host = self.serve(environment=environment)
        token, stopped = host.token("ann"), []

        def ask(number):
            with contextlib.suppress(OSError, http.client.HTTPException):
                stopped.append(host.get(f"/api/v1/slow/endless?number=-{number + 1}", token).status)

        callers = [threading.Thread(target=ask, args=(number,)) for number in range(10)]
        for caller in callers:
            caller.start()
        if host.postgres:
            # As many as the module may have, which is fewer than there are connections.
            running = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'WITH RECURSIVE numbers%'"
            eventually(lambda: host.postgres.value(running) == "4")
        for number in range(50):
            answer = host.get(f"{OPEN}?symbol=S{number}", token)
            self.assertEqual(answer.status, 200, answer)
        self.assertEqual(stopped, [], "the slow calls had ended before the others were asked")
        if host.postgres:
            self.assertEqual(host.postgres.value(running), "4")
        host.stop()
        for caller in callers:
            caller.join()


if __name__ == "__main__":
    unittest.main()
