"""The commands, their output and exit codes."""

import json
import stat
import unittest

from harness import ROOT, Host, at, position


class Commands(unittest.TestCase):
    def setUp(self):
        self.host = Host()
        self.addCleanup(self.host.close)

    def test_check_passes_on_a_good_file_and_opens_nothing(self):
        result = self.host.run("check")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertFalse((self.host.path / "concord.db").exists())

    def test_check_reports_every_mistake_with_its_place(self):
        self.host.config.write_text("server: { prot: 1 }\nlimits:\n  body: lots\nstorage: { use: oracle }\n")
        result = self.host.run("check")
        self.assertEqual(result.returncode, 2)
        for text in ("concord.yaml:1:11", "port", "concord.yaml:3:9", "concord.yaml:4:17", "sqlite", "^"):
            self.assertIn(text, result.stderr)
        listed = json.loads(self.host.run("check", "--format", "json").stdout)
        self.assertTrue(listed)

    def test_the_printed_sample_is_a_good_configuration(self):
        sample = self.host.run("config", "sample", check=True).stdout
        self.host.config.write_text(sample)
        result = self.host.run("check")
        self.assertEqual(result.returncode, 0, result.stderr)

    def test_secrets_are_not_shown(self):
        secret = "not-to-be-seen-" + "x" * 32
        environment = {**self.host.environment, "JWT_SECRET_KEY": secret}
        shown = self.host.run("config", "show", "--origin", environment=environment)
        self.assertEqual(shown.returncode, 0, shown.stderr)
        self.assertNotIn(secret, shown.stdout + shown.stderr)
        self.assertIn("JWT_SECRET_KEY", shown.stdout)

    def test_the_schema_is_json(self):
        self.assertEqual(json.loads(self.host.run("config", "schema", check=True).stdout)["type"], "object")

    def test_accounts_are_put_and_listed_with_and_without_a_server(self):
        for serving in (False, True):
            if serving:
                self.host.serve()
            name = f"acc-{serving}"
            self.host.run("account", "put", name, "--user", "U", "--currency", "EUR", "--time-zone", "Europe/Berlin",
                          "--snapshot-interval", "manual", check=True)
            listed = self.host.run("account", "list", check=True).stdout
            self.assertIn(name, listed)
        bad = self.host.run("account", "put", "a b", "--user", "U", "--currency", "EUR", "--time-zone", "UTC")
        self.assertEqual(bad.returncode, 2)

    def test_tokens(self):
        minted = self.host.run("token", "mint", "--user", "ann", "--role", "agent", "--account", "a", check=True).stdout
        self.assertEqual(len(minted.strip().split(".")), 3)
        self.assertEqual(len(minted.splitlines()), 1)
        shown = self.host.run("token", "inspect", minted.strip(), check=True).stdout
        self.assertIn("ann", shown)
        self.assertIn("agent", shown)
        secret = self.host.path / "concord.db.jwt-secret"
        self.assertEqual(stat.S_IMODE(secret.stat().st_mode), 0o600)
        self.assertNotEqual(self.host.run("token", "inspect", "a.b.c").returncode, 0)

    def test_modules_are_listed(self):
        listed = json.loads(self.host.run("modules", "list", "--format", "json", check=True).stdout)
        self.assertLessEqual({"sqlite", "memory", "book", "reconciliation", "positions", "guards"}, {m["id"] for m in listed})
        self.assertIn("path", self.host.run("modules", "info", "sqlite", check=True).stdout)
        self.assertEqual(self.host.run("modules", "info", "nothing").returncode, 2)

    def test_health_tells_a_server_from_none(self):
        self.assertEqual(self.host.run("health").returncode, 3)
        self.host.serve()
        self.assertEqual(self.host.run("health").returncode, 0)
        self.assertEqual(self.host.run("health", "--ready").returncode, 0)

    def test_warm_up_fills_the_cache(self):
        self.host.serve()
        self.host.put_account("acc", "U", snapshot_interval="10s")
        self.host.snapshot("acc", at(0), [position(1)])
        result = self.host.run("warmup")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertRegex(result.stdout, r"^([1-9]\d*) of \1 answers are warm")
        answer = self.host.get("/api/v1/reconciliation/status", self.host.token("U"))
        self.assertIn("hit", answer.headers["cache-status"])

    def test_bad_usage_is_64(self):
        self.assertEqual(self.host.run("account", "put").returncode, 64)
        self.assertEqual(self.host.run("nonsense").returncode, 64)

    def test_trades_are_imported_whole_or_not_at_all(self):
        self.host.run("account", "put", "sample", "--user", "U", "--currency", "USD", "--time-zone", "Europe/London",
                      "--snapshot-interval", "manual", check=True)
        good = ROOT / "config" / "sample" / "trades.csv"
        lines = good.read_text().splitlines(keepends=True)
        bad = self.host.path / "bad.csv"
        bad.write_text("".join(lines[:-1]) + lines[-1].replace("EURUSD", "EUR USD").replace("open", "opne"))
        refused = self.host.run("import", "trades", str(bad), "--account", "sample")
        self.assertEqual(refused.returncode, 2, refused.stdout)
        self.assertIn(f"bad.csv:{len(lines)}", refused.stderr)
        taken = self.host.run("import", "trades", str(good), "--account", "sample", check=True)
        self.assertIn(f"{len(lines) - 1} inserted", taken.stdout)

    def test_lists_of_positions_are_imported_as_csv_and_json_with_the_moment_they_name(self):
        self.host.run("account", "put", "acc", "--user", "U", "--currency", "USD", "--time-zone", "UTC",
                      "--snapshot-interval", "manual", check=True)
        row = {"ticket": 11, "symbol": "EURUSD", "direction": "buy", "volume": "0.10", "entry_price": "1.17120",
               "entry_time": at(0), "current_price": "1.17200", "profit": "8.00"}
        listed, table = self.host.path / "p.json", self.host.path / "p.csv"
        listed.write_text(json.dumps([{**row, "as_of": at(1)}]))
        table.write_text(",".join(row) + "\n" + ",".join(map(str, row.values())) + "\n")
        bad = self.host.path / "bad.json"
        bad.write_text(listed.read_text().replace("buy", "long"))

        first = self.host.run("import", "statement", str(listed), "--account", "acc", check=True)
        refused = self.host.run("import", "statement", str(bad), "--account", "acc")
        undated = self.host.run("import", "statement", str(table), "--account", "acc")
        self.host.serve()
        second = self.host.run("import", "statement", str(table), "--account", "acc", "--as-of", at(2), check=True)

        self.assertIn("1 open", first.stdout)
        self.assertEqual((refused.returncode, undated.returncode), (2, 2))
        self.assertRegex(refused.stderr, r"bad\.json:1:\d+: /0/direction: must be buy or sell")
        self.assertIn("as_of", undated.stderr)
        self.assertIn("1 open", second.stdout)
        new = self.host.run("import", "statement", str(bad), "--account", "new", "--user", "U", "--currency", "USD",
                            "--time-zone", "UTC+00:00")
        self.assertEqual(new.returncode, 2)
        self.assertNotIn("new ", self.host.run("account", "list", check=True).stdout)
        status = self.host.ok("GET", "/api/v1/reconciliation/status?account_id=acc", self.host.operator)
        self.assertEqual((status["total_syncs"], status["open_positions_count"]), ("2", "1"))
