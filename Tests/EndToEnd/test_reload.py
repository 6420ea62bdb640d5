"""A changed configuration takes over while clients ask: by SIGHUP and by an operator, and not at all when it is broken."""

import http.client
import json
import re
import signal
import unittest

from harness import Host, at, eventually, position
from load import SECRET, mint
from reloads import filled, reload_under_load, started
from servers import Redis


class Reload(unittest.TestCase):
    maxDiff = None

    def serve(self, extra="", **environment):
        self.host = Host(extra, {"JWT_SECRET_KEY": SECRET, **environment})
        self.addCleanup(self.host.close)
        self.base = self.host.config.read_text()
        return self.host.serve()

    def write(self, text, without=""):
        self.host.config.write_text(re.sub(rf"(?m)^({without}):.*\n", "", self.base) if without else self.base)
        with open(self.host.config, "a") as file:
            file.write(text)

    def post(self, query="", token=None, **options):
        return self.host.request("POST", f"/admin/config/reload{query}", token or self.host.operator,
                                 port=self.host.admin_port, **options)

    def admin(self, path):
        return self.host.ok("GET", f"/admin/{path}", self.host.operator, port=self.host.admin_port)

    def changes(self, answer):
        return {module["id"]: module["change"] for module in answer["plan"]["modules"] if module["change"] != "unchanged"}

    def test_a_good_file_takes_effect_and_the_answer_says_what_changed(self):
        host = filled(self.serve())
        user = mint("user-0")
        host.get("/api/v1/guards/drawdown?account_id=acc-0", user)
        self.write("queries: [reconciliation, positions, guards: { drawdown: { max: 35% } }]\n"
                   "limits: { requests_per_minute: 77 }\ncors: { origins: [https://desk.example] }\n", without="limits")
        planned = self.post("?dry_run=true").json
        self.assertEqual((planned["result"], planned["generation"]), ("planned", "1"))
        self.assertEqual(host.metric("config_generation"), 1)

        answer = self.post()
        self.assertEqual(answer.status, 200, answer)
        done = answer.json
        self.assertEqual((done["result"], done["generation"]), ("reloaded", "2"))
        self.assertEqual(done["plan"], planned["plan"])
        self.assertEqual(self.changes(done), {"guards": "changed"})
        settings = {each["key"]: (each["before"], each["after"]) for each in done["plan"]["settings"]}
        self.assertEqual(settings["queries.guards.drawdown.max"], ("20%", "35%"))
        self.assertEqual(settings["limits.requests_per_minute"], ("1000000", "77"))

        after = host.request("GET", "/api/v1/guards/drawdown?account_id=acc-0", user, headers={"Origin": "https://desk.example"})
        self.assertEqual(after.headers["access-control-allow-origin"], "https://desk.example")
        self.assertEqual(after.headers["ratelimit-policy"], '"requests";q=77;w=60')
        self.assertIn("35", after.body)
        config = self.admin("config")
        self.assertEqual(config["generation"], "2")
        self.assertEqual(config["configuration"]["limits"]["requests_per_minute"], "77")
        self.assertEqual(host.metric("config_generation"), 2)

    def test_every_reload_of_an_operator_is_in_the_audit_log_and_no_other(self):
        host = self.serve()
        self.write("log: { level: notice, format: json }\n", without="log")
        self.post("?dry_run=true")
        self.post(headers={"X-Request-Id": "the-reload"})
        self.write("logg: { level: info }\n")
        self.post()
        self.write("", without="log")
        host.process.send_signal(signal.SIGHUP)
        eventually(lambda: host.metric("config_generation") == 3)
        rows = host.stored("SELECT actor, action, object, before, after, request_id FROM audit_logs")
        self.assertEqual(len(rows), 1, rows)
        load = lambda value: json.loads(value) if isinstance(value, str) else value
        self.assertEqual(rows[0][:3] + rows[0][5:], ("root", "config.reload", "configuration", "the-reload"))
        self.assertEqual(load(rows[0][3]), {"generation": 1})
        self.assertEqual(load(rows[0][4])["generation"], 2)
        self.assertEqual(load(rows[0][4])["plan"]["settings"],
                         [{"key": "log.level", "before": "warning", "after": "notice"}])

    def test_mistakes_are_answered_as_check_gives_them_and_change_nothing(self):
        host = filled(self.serve())
        for text, status in (("serverr: 1\n", 422), ("cors: { origins: [nonsense] }\nretention: { runs: soon }\n", 422),
                             ("queries: [reconciliation: { tolerance: { volume: 5 parsecs } }]\n", 422),
                             ("queries: [\n", 422), ("server: { port: 1 }\n", 409)):
            with self.subTest(text=text):
                self.write(text, without="server" if status == 409 else "")
                answer = self.post()
                self.assertEqual(answer.status, status, answer)
                self.assertEqual(answer.headers["content-type"], "application/problem+json")
                told = [each["detail"] for each in answer.json["errors"]]
                if status == 422:
                    checked = host.run("check").stderr.splitlines()
                    self.assertEqual(told, [line for line in checked if ": error: " in line])
                else:
                    self.assertEqual(answer.json["errors"][1 if len(told) > 1 else 0]["pointer"], "/server/port")
                    self.assertIn(f"`server.port` takes a restart to change; it was {host.port}; restart the host", told[-1])
                self.assertEqual(self.post("?dry_run=true").status, status)
                self.assertEqual(host.get("/api/v1/positions/open", mint("user-0")).status, 200)
        self.assertEqual((host.metric("config_generation"), host.metric("config_reload_failures_total")), (1, 5))
        self.host.config.unlink()
        self.assertEqual(self.post().status, 422)

    def test_only_operators_reload_and_the_parameters_are_checked(self):
        host = self.serve()
        self.assertEqual(self.post(token=mint("user-0")).status, 403)
        self.assertEqual(self.post("?dry_run=perhaps").status, 400)
        self.assertEqual(self.post("?dryrun=true").status, 400)
        self.assertEqual(host.request("GET", "/admin/config/reload", host.operator, port=host.admin_port).status, 405)
        self.assertEqual(host.metric("config_generation"), 1)

    def test_the_log_tells_of_a_signal_plan_and_failure(self):
        host = self.serve("")
        self.write("log: { level: notice, format: json }\nqueries: [reconciliation, guards]\n", without="log")
        host.process.send_signal(signal.SIGHUP)
        eventually(lambda: host.metric("config_generation") == 2)
        entry = eventually(lambda: self.entry("configuration reloaded"))
        self.assertEqual((entry["level"], entry["reason"], entry["generation"]), ("notice", "SIGHUP", "2"))
        self.assertEqual((entry["modules"], entry["settings"]), ("positions removed", "queries, log.level"))
        self.write("log: { level: loud }\n", without="log")
        host.process.send_signal(signal.SIGHUP)
        entry = eventually(lambda: self.entry("configuration not reloaded, the one in use is kept"))
        self.assertEqual(entry["level"], "error")
        self.assertRegex(entry["mistakes"], r"concord\.yaml:\d+:\d+: error: `log\.level`")

    def entry(self, message):
        lines = [json.loads(line) for line in self.host.logs().splitlines() if line.startswith("{")]
        return next((line for line in reversed(lines) if line["message"] == message), None)

    def test_what_was_kept_stays_and_what_a_changed_module_answered_goes(self):
        host = filled(self.serve())
        user = mint("user-0")
        paths = ["/api/v1/positions/open", "/api/v1/reconciliation/status", "/api/v1/guards/status"]
        for path in paths:
            host.get(path, user)
        self.write("queries: [reconciliation: { grace: 1s }, positions, guards]\n")
        self.assertEqual(self.changes(self.post().json), {"reconciliation": "changed"})
        hits = ["hit" in host.get(path, user).headers["cache-status"] for path in paths]
        self.assertEqual(hits, [True, False, True])

    def test_a_roles_mapping_and_a_secret_hold_from_the_reload_on(self):
        host = filled(self.serve())
        owner = mint("user-1", role="owner")
        path = "/api/v1/positions/open?account_id=acc-0"
        for _ in range(3):
            self.assertEqual(host.get(path, owner).status, 404)
        self.write("auth: { roles: { owner: operator } }\n")
        self.assertEqual(self.post().status, 200)
        self.assertEqual([host.get(path, owner).status for _ in range(3)], [200] * 3)
        self.write("")
        self.assertEqual(self.post().status, 200)
        self.assertEqual([host.get(path, owner).status for _ in range(3)], [404] * 3)

    def test_what_is_replaced_stops_once_its_requests_have_ended(self):
        """Long before the time-out of requests: it is their end that is waited for, and an idle connection is none."""
        host = filled(self.serve())
        self.write("log: { level: info, format: json }\n", without="log")
        self.assertEqual(self.post().status, 200)
        idle = http.client.HTTPConnection("127.0.0.1", host.port)
        self.addCleanup(idle.close)
        idle.request("GET", "/api/v1/positions/open", headers={"Authorization": f"Bearer {mint('user-0')}"})
        idle.getresponse().read()
        for number in range(1, 4):
            self.write("log: { level: info, format: json }\n"
                       f"queries: [reconciliation, positions, guards: {{ drawdown: {{ max: {20 + number}% }} }}]\n", without="log")
            self.assertEqual(self.post().status, 200)
            eventually(lambda: self.stops() == number, seconds=20)

    def stops(self):
        lines = [json.loads(line) for line in self.host.logs().splitlines() if line.startswith("{")]
        return sum((line["message"], line.get("id"), line.get("status")) == ("module status", "guards", "stopped") for line in lines)

    def test_writes_go_on_and_run_each_stage_once(self):
        host = filled(self.serve())
        for number in range(1, 4):
            self.write(f"queries: [reconciliation: {{ grace: {number}s }}, positions, guards: {{ drawdown: {{ max: {20 + number}% }} }}]\n")
            self.assertEqual(self.post().status, 200)
        before = host.metric("recon_runs_total")
        host.snapshot("acc-0", at(10), [position(1)])
        self.assertEqual(host.metric("recon_runs_total") - before, 1)

    def test_a_signal_while_it_goes_down_is_no_reload(self):
        host = self.serve()
        host.process.send_signal(signal.SIGTERM)
        host.process.send_signal(signal.SIGHUP)
        self.assertEqual(host.process.wait(15), 0)


class UnderLoad(unittest.TestCase):
    def check(self, redis):
        host = started(redis)
        self.addCleanup(host.close)
        reloads, outcome = reload_under_load(host, 20, redis)
        self.assertEqual(outcome.failures, [])
        self.assertEqual(outcome.kinds, {"fresh"}, "0 failed requests")
        self.assertGreater(outcome.answered, 1_000)
        self.assertEqual(host.metric("config_generation"), reloads.generation)
        self.assertEqual(host.metric("config_reload_failures_total"), reloads.failed)
        before, usages = outcome.before, outcome.usages
        self.assertLessEqual(max(each.descriptors for each in usages), before.descriptors + 8, usages)
        self.assertLessEqual(max(each.threads for each in usages), before.threads + 4, usages)
        self.assertLessEqual(max(each.resident for each in usages), before.resident + 24, usages)
        print(f"20 reloads, {outcome.answered} answers, {before} before, {outcome.after} after", flush=True)

    def test_twenty_reloads_half_of_them_broken_fail_no_request_and_leak_nothing(self):
        self.check(None)

    def test_nor_do_they_with_redis_which_a_module_made_anew_cannot_reach(self):
        redis = Redis().start()
        self.addCleanup(redis.close)
        self.check(redis)
