"""Start, readiness, drain, locks and migrations, as an operator meets them."""

import json
import os
import signal
import sqlite3
import threading
import time
import unittest

from harness import Host, at, position

METRICS = """request_duration_seconds http_requests_in_progress errors_total pg_queries_total redis_keys_total
mt5_position_sync_total reconciliation_divergences_total drawdown_guard_triggers_total positions_autoclosed_total
reconciliation_latency_seconds cache_requests_total storage_queries_total storage_query_duration_seconds
storage_pool_connections module_status module_calls_total recon_breaks recon_oldest_break_seconds
recon_snapshot_age_seconds recon_runs_total config_generation process_""".split()


class Lifecycle(unittest.TestCase):
    def setUp(self):
        self.host = Host()
        self.addCleanup(self.host.close)

    def test_public_routes_need_no_token(self):
        self.host.serve()
        for path in ("/api/v1/health", "/health", "/api/v1/ready", "/ready", "/api/v1/trading/health", "/metrics",
                     "/api/v1/openapi.json", "/docs"):
            with self.subTest(path=path):
                self.assertEqual(self.host.request("GET", path).status, 200)
        health = self.host.request("GET", "/api/v1/health").json
        self.assertEqual(health["status"], "healthy")
        self.assertTrue(health["timestamp"].endswith("Z"))
        ready = self.host.request("GET", "/api/v1/ready").json
        self.assertEqual(ready["status"], "ready")
        self.assertEqual(ready["checks"]["database"]["status"], "up")
        self.assertLessEqual({"database", "cache", "reconciliation", "positions", "guards"}, set(ready["checks"]))

    def test_every_metric_exists_from_the_start(self):
        self.host.serve()
        text = self.host.request("GET", "/metrics").body
        for name in METRICS:
            with self.subTest(name=name):
                self.assertRegex(text, f"(?m)^{name}")

    def test_the_openapi_document_names_every_route(self):
        self.host.serve()
        document = json.loads(self.host.request("GET", "/api/v1/openapi.json").body)
        self.assertTrue(document["openapi"].startswith("3.1"))
        for path in ("/api/v1/reconciliation/status", "/api/v1/positions/{position_id}", "/api/v1/guards/status",
                     "/api/v1/snapshots", "/api/v1/accounts/{id}"):
            self.assertIn(path, document["paths"])
        printed = self.host.run("openapi", check=True).stdout
        self.assertEqual(json.loads(printed)["paths"].keys(), document["paths"].keys())

    def test_sigterm_drains_and_exits_0(self):
        self.host.serve()
        self.host.put_account("acc", "U")
        self.host.snapshot("acc", at(0), [position(1)])
        started = time.monotonic()
        self.assertEqual(self.host.stop(signal.SIGTERM), 0)
        self.assertLess(time.monotonic() - started, 10)

    def test_requests_in_flight_finish_while_draining(self):
        self.host.serve()
        self.host.put_account("acc", "U")
        answers, failures = [], []

        def write(worker):
            for second in range(40):
                try:
                    answers.append(self.host.request(
                        "POST", "/api/v1/snapshots", self.host.agent,
                        {"account_id": "acc", "as_of": at(worker * 100 + second), "completeness": "complete",
                         "positions": [position(n) for n in range(1, 200)]}).status)
                except ConnectionError as error:
                    failures.append(error)
                    return
                except OSError as error:
                    failures.append(error)
                    return

        self.host.agent
        workers = [threading.Thread(target=write, args=(n,)) for n in range(4)]
        for worker in workers:
            worker.start()
        while len(answers) < 8:
            time.sleep(0.01)
        self.assertEqual(self.host.stop(signal.SIGTERM), 0)
        for worker in workers:
            worker.join()
        accepted = answers.count(200)
        self.assertEqual(set(answers) - {200, 503}, set())
        self.host.serve()
        status = self.host.ok("GET", "/api/v1/reconciliation/status?account_id=acc", self.host.operator)
        self.assertEqual(int(status["total_syncs"]), accepted)

    def test_a_second_serve_on_the_same_database_is_refused(self):
        self.host.serve()
        other = Host()
        self.addCleanup(other.close)
        other.config.write_text(other.config.read_text().replace(str(other.path), str(self.host.path)))
        result = other.run("serve")
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertIn("lock", result.stderr)

    def test_other_programs_can_read_the_database_while_it_serves(self):
        self.host.serve()
        self.host.put_account("acc", "U")
        with sqlite3.connect(f"file:{self.host.path}/concord.db?mode=ro", uri=True) as database:
            names = {row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        self.assertLessEqual(
            {"reconciliation_logs", "positions", "trades", "users", "audit_logs", "signals", "approvals"}, names)

    def test_a_database_newer_than_the_program_is_refused(self):
        self.host.run("migrate", "up", check=True)
        with sqlite3.connect(self.host.path / "concord.db") as database:
            database.execute(
                "INSERT INTO schema_migrations SELECT max(position) + 1, 'book', 9999, 'from the future', 'x', 0 "
                "FROM schema_migrations")
        result = self.host.run("serve")
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("book/9999", result.stderr)
        probed = self.host.run("check", "--probe")
        self.assertEqual(probed.returncode, 3)
        self.assertIn("book/9999", probed.stdout)

    def test_a_migration_whose_text_changed_is_shown_and_refused(self):
        self.host.run("migrate", "up", check=True)
        with sqlite3.connect(self.host.path / "concord.db") as database:
            database.execute("UPDATE schema_migrations SET checksum = 'abc' WHERE module = 'guards' AND number = 1")
        self.assertNotEqual(self.host.run("serve").returncode, 0)
        self.assertRegex(self.host.run("migrate", "status", check=True).stdout, r"guards/0001 +changed")
        self.assertEqual(self.host.run("check", "--probe").returncode, 3)

    def test_a_probe_makes_no_database_and_says_what_serve_would(self):
        absent = self.host.run("check", "--probe", check=True)
        self.assertIn("not there yet", absent.stdout)
        self.assertFalse((self.host.path / "concord.db").exists())
        self.host.run("migrate", "up", check=True)
        self.assertIn("schema: up: up to date", self.host.run("check", "--probe", check=True).stdout)
        self.host.run("migrate", "down", check=True)
        self.assertIn("applied at the start", self.host.run("check", "--probe", check=True).stdout)
        self.host.config.write_text(self.host.config.read_text().replace("use: sqlite,", "use: sqlite, migrate: manual,"))
        pending = self.host.run("check", "--probe")
        self.assertEqual(pending.returncode, 3)
        self.assertIn("migrate up", pending.stdout)

    def test_migrations_go_up_and_down(self):
        before = self.host.run("migrate", "status", check=True).stdout
        self.assertIn("pending", before)
        self.host.run("migrate", "up", check=True)
        after = self.host.run("migrate", "status", check=True).stdout
        self.assertNotIn("pending", after)
        self.assertIn("applied", after)
        self.host.run("migrate", "down", "--to", "book/0001", check=True)
        self.assertIn("pending", self.host.run("migrate", "status", check=True).stdout)
        self.host.run("migrate", "up", check=True)
        self.assertEqual(self.host.run("migrate", "status", check=True).stdout, after)

    def test_with_manual_migrations_pending_ones_stop_the_start(self):
        self.host.config.write_text(self.host.config.read_text().replace("use: sqlite,", "use: sqlite, migrate: manual,"))
        result = self.host.run("serve")
        self.assertEqual(result.returncode, 3, result.stderr)
        self.assertIn("migrate up", result.stderr)

    def test_sighup_does_not_end_it(self):
        self.host.serve()
        self.host.process.send_signal(signal.SIGHUP)
        self.assertEqual(self.host.request("GET", "/health").status, 200)
        self.assertIsNone(self.host.process.poll())

    def test_whoever_does_not_read_the_log_holds_up_nobody(self):
        self.host.config.write_text(self.host.config.read_text().replace("level: warning", "level: info"))
        output, log = os.pipe()
        with open(output, "rb") as output:
            self.host.serve(stderr=log)
            os.close(log)
            # Each is an entry of more than 200 bytes; a pipe takes 64 KiB.
            refused = [f"refused-{number}" for number in range(1_000)]
            for request in refused:
                answer = self.host.request("GET", "/api/v1/positions/open", headers={"X-Request-Id": request})
                self.assertEqual(answer.status, 401)
            threading.Thread(target=self.host.stop, daemon=True).start()
            lines = [json.loads(line) for line in output.read().splitlines()]
        self.assertEqual([line["request_id"] for line in lines if line.get("status") == "401"], refused)
        self.assertIn("draining", [line["message"] for line in lines])

    def test_a_token_of_another_secret_is_401(self):
        self.host.serve()
        other = Host()
        self.addCleanup(other.close)
        answer = self.host.request("GET", "/api/v1/reconciliation/status", other.token("ann"))
        self.assertEqual(answer.status, 401)
        self.assertIn("Bearer", answer.headers["www-authenticate"])


class ServiceSelection(unittest.TestCase):
    def test_services_left_out_are_not_there_and_the_others_work(self):
        host = Host("queries: [positions]\n")
        self.addCleanup(host.close)
        host.serve()
        host.put_account("acc", "U")
        host.snapshot("acc", at(0), [position(1)])
        user = host.token("U")
        self.assertEqual(host.ok("GET", "/api/v1/positions/open", user)["total_positions"], "1")
        self.assertEqual(host.get("/api/v1/reconciliation/status", user).status, 404)
        self.assertEqual(host.get("/api/v1/guards/status", user).status, 404)

    def test_without_a_cache_everything_works(self):
        host = Host("cache: { use: none }\n")
        self.addCleanup(host.close)
        host.serve()
        host.put_account("acc", "U")
        answer = host.get("/api/v1/reconciliation/status", host.token("U"))
        self.assertEqual(answer.status, 200)
        self.assertNotIn("hit", answer.headers.get("cache-status", ""))
