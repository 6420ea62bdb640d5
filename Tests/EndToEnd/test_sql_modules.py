"""Query services that are files: what they answer, to whom, within which bounds, and what is refused before they do."""

import json
import signal
import unittest
import urllib.parse

from harness import POSTGRES_URL, ConcordTest, Host, at, eventually, trade

EVERYTHING = """
summary: Everything that can be asked
methods:
  trades:
    params:
      symbol: { type: symbol }
      since: { type: time, default: -3650d }
      at_least: { type: decimal, default: 0, min: 0 }
    columns: { lots: decimal }
    ttl: 10s
    sql: |
      -- A comment with a 'quote and $no_parameter.
      SELECT account_id, trade_id, sum(volume) AS lots
      FROM v_trades
      WHERE ($symbol IS NULL OR symbol = $symbol) AND entry_time >= $since AND volume >= $at_least
      GROUP BY account_id, trade_id
      ORDER BY account_id, trade_id
  named:
    params: { comment: { type: text, required: true } }
    sql: SELECT trade_id FROM v_trades WHERE comment = $comment
  few:
    limits: { rows: 2 }
    sql: SELECT trade_id FROM v_trades
  small:
    limits: { bytes: 1KiB }
    columns: { trade_id: text }
    sql: SELECT a.trade_id AS trade_id FROM v_trades a, v_trades b, v_trades c, v_trades d, v_trades e
  endless:
    limits: { time: 100ms }
    columns: { n: integer }
    sql: |
      WITH RECURSIVE numbers (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM numbers)
      SELECT count(*) AS n FROM numbers
"""

PLATFORM = """
scope: platform
methods:
  trades:
    sql: SELECT account_id, count(*) AS trades FROM v_trades GROUP BY account_id ORDER BY account_id
  all:
    sql: SELECT count(*) AS trades FROM v_trades
"""

TIMES = """
methods:
  at:
    params: { moment: { type: integer } }
    columns: { t: timestamp }
    sql: SELECT entry_time + $moment - $moment AS t FROM v_trades WHERE trade_id = 'ann-0'
"""

# Every one of them asks for rows of all accounts, or for more than rows.
ESCAPES = [
    "SELECT trade_id FROM v_trades WHERE 1=1 OR account_id = 'of-bob'",
    "SELECT trade_id FROM v_trades UNION ALL SELECT trade_id FROM trades",
    "SELECT trade_id FROM trades",
    "WITH v_trades AS (SELECT * FROM trades) SELECT trade_id FROM v_trades",
    "SELECT (SELECT max(trade_id) FROM trades) AS trade_id",
    "SELECT trade_id FROM v_trades; DELETE FROM trades",
    "DELETE FROM trades RETURNING trade_id",
    "WITH gone AS (DELETE FROM trades RETURNING trade_id) SELECT trade_id FROM gone",
    "SELECT set_config('concord.accounts', 'of-bob', true) AS trade_id",
    "SELECT current_setting('concord.accounts') AS trade_id",
    "SELECT pg_sleep(10) AS trade_id", "SELECT load_extension('x') AS trade_id", "PRAGMA table_info(trades)",
    "SELECT sql AS trade_id FROM sqlite_schema", "SELECT relname AS trade_id FROM pg_class",
    "SELECT $$x$$ AS trade_id", "SELECT E'\\\\' AS trade_id", "SELECT /* /* */ trade_id FROM v_trades */ trade_id FROM trades",
    "SELECT value AS trade_id FROM json_each('[1]')", "SELECT name AS trade_id FROM pragma_table_list",
    "SELECT trade_id FROM public.trades", "SELECT trade_id FROM main.trades", "ATTACH 'x' AS y",
    "SELECT random() AS trade_id", "SELECT concord_scope() AS trade_id",
]

VALUES = ["'", "''; DROP TABLE trades; --", "x' OR '1'='1", "\\'", "$1", "?1", "%", "\"", "/*", "--", "1; SELECT 1",
          "of-bob", "𝒳", "x" * 256]


def module(text, name="asked"):
    """A host's extra configuration with one module of that text beside it."""
    return {name: text}


class WithModules:
    """A host with files of its own."""

    def __init__(self, modules, serve=True):
        self.host = Host()
        directory = self.host.path / "queries"
        directory.mkdir()
        for name, text in modules.items():
            (directory / f"{name}.yaml").write_text(text)
        with open(self.host.config, "a") as config:
            config.write(f"modules: {{ sql: {directory} }}\n")
        self.directory = directory
        if serve:
            self.host.serve()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.host.close()


def fill(host):
    for user in ("ann", "bob"):
        host.put_account(f"of-{user}", user)
        host.ok("POST", "/api/v1/trades", host.agent,
                [trade(f"{user}-{n}", f"of-{user}", comment="x", volume=n + 0.5) for n in range(3)])


class Served(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.files = WithModules({"asked": EVERYTHING, "overview": PLATFORM})
        cls.addClassCleanup(cls.files.host.close)
        cls.host = cls.files.host
        fill(cls.host)

    def rows(self, user="ann", path="/api/v1/asked/trades", **query):
        return self.host.ok("GET", f"{path}?{urllib.parse.urlencode(query)}", self.host.token(user))["rows"]

    def test_each_user_sees_their_own_rows(self):
        for user in ("ann", "bob"):
            self.assertEqual([(row["account_id"], row["trade_id"]) for row in self.rows(user)],
                             [(f"of-{user}", f"{user}-{n}") for n in range(3)])
        self.assertEqual(self.rows("nobody"), [])

    def test_another_users_account_is_not_found(self):
        answer = self.host.get("/api/v1/asked/trades?account_id=of-bob", self.host.token("ann"))
        self.assertEqual(answer.status, 404, answer)
        agent = self.host.ok("GET", "/api/v1/asked/trades?account_id=of-bob", self.host.agent)["rows"]
        self.assertEqual({row["account_id"] for row in agent}, {"of-bob"})

    def test_decimals_are_exact_and_parameters_typed(self):
        self.assertEqual([row["lots"] for row in self.rows()], ["0.5", "1.5", "2.5"])
        self.assertEqual([row["trade_id"] for row in self.rows(at_least="1.5")], ["ann-1", "ann-2"])
        self.assertEqual(self.rows(symbol="GBPUSD"), [])
        self.assertEqual(len(self.rows(symbol="EURUSD", since="2020-01-01T00:00:00Z")), 3)
        self.assertEqual(self.rows(since="2030-01-01T00:00:00Z"), [])
        for query in ("at_least=-1", "at_least=x", "since=yesterday", "symbl=EURUSD", "at_least=1&at_least=2"):
            self.assertEqual(self.host.get(f"/api/v1/asked/trades?{query}", self.host.token("ann")).status, 400, query)
        missing = self.host.get("/api/v1/asked/named", self.host.token("ann"))
        self.assertEqual((missing.status, missing.json["errors"][0]["parameter"]), (400, "comment"))

    def test_answers_are_kept_until_something_is_written(self):
        token = self.host.token("ann")
        path = "/api/v1/asked/trades?symbol=EURUSD"
        first, second = self.host.get(path, token), self.host.get(path, token)
        self.assertIn("hit", second.headers["cache-status"])
        self.assertEqual(first.headers["etag"], second.headers["etag"])
        again = self.host.request("GET", path, token, headers={"If-None-Match": first.headers["etag"]})
        self.assertEqual(again.status, 304)
        self.host.ok("POST", "/api/v1/trades", self.host.agent, [trade("ann-0", "of-ann", comment="x", volume=0.7)])
        self.assertEqual(self.host.get(path, token).json["rows"][0]["lots"], "0.7")
        self.host.ok("POST", "/api/v1/trades", self.host.agent, [trade("ann-0", "of-ann", comment="x", volume=0.5)])

    def test_values_are_values(self):
        for value in VALUES:
            self.assertEqual(self.rows(path="/api/v1/asked/named", comment=value), [], value)
        self.assertEqual(len(self.rows(path="/api/v1/asked/named", comment="x")), 3)
        self.assertEqual(self.host.stored("SELECT count(*) FROM trades")[0][0], 6)

    def test_the_platform_is_for_operators(self):
        port = dict(port=self.host.port)
        self.assertEqual(self.host.get("/api/v1/overview/trades", self.host.token("ann")).status, 403)
        self.assertEqual(self.host.get("/api/v1/overview/trades", self.host.agent).status, 403)
        rows = self.host.ok("GET", "/api/v1/overview/trades", self.host.operator, **port)["rows"]
        self.assertEqual([(row["account_id"], row["trades"]) for row in rows], [("of-ann", "3"), ("of-bob", "3")])
        everything = self.host.ok("GET", "/api/v1/overview/all", self.host.operator)["rows"]
        self.assertEqual(everything, [{"trades": "6"}])
        # A statement for one account on the same connections afterwards.
        self.assertEqual(len(self.rows(symbol="EURUSD", at_least="0.25")), 3)

    def test_answers_are_bounded(self):
        for method in ("few", "small"):
            answer = self.host.get(f"/api/v1/asked/{method}", self.host.token("ann"))
            self.assertEqual(answer.status, 422, answer)
        late = self.host.get("/api/v1/asked/endless", self.host.token("ann"))
        self.assertEqual(late.status, 503, late)
        self.assertIn("retry-after", late.headers)
        self.assertEqual(len(self.rows(at_least="0.125")), 3)

    def test_they_are_described_and_counted(self):
        described = self.host.request("GET", "/api/v1/openapi.json").json["paths"]
        names = {parameter["name"] for parameter in described["/api/v1/asked/trades"]["get"]["parameters"]
                 if "name" in parameter}
        self.assertTrue({"symbol", "since", "at_least"} <= names, names)
        self.assertIn("/api/v1/overview/trades", described)
        self.rows()
        self.assertGreater(self.host.metric('module_calls_total{module="asked"'), 0)
        modules = self.host.ok("GET", "/admin/modules", self.host.operator, port=self.host.admin_port)
        listed = {m["id"]: m for m in (modules["modules"] if isinstance(modules, dict) else modules)}
        self.assertEqual((listed["asked"]["kind"], listed["asked"]["status"]), ("query", "ok"))


class Times(unittest.TestCase):
    """PostgreSQL refuses such a statement when it is looked at."""

    def test_a_time_beyond_the_calendar_ends_no_host(self):
        text = TIMES.replace("entry_time + $moment - $moment", "entry_time - entry_time + $moment")
        with WithModules(module(text), serve=False) as files:
            host = files.host
            host.serve(until="/api/v1/health")
            fill(host)
            if POSTGRES_URL:
                self.assertEqual(host.get("/api/v1/asked/at?moment=0", host.token("ann")).status, 503)
                return
            for moment in (-2**63, 2**63 - 1, -62135596800000001, 253402300800000000):
                self.assertEqual(host.get(f"/api/v1/asked/at?moment={moment}", host.token("ann")).status, 500, moment)
            good = host.ok("GET", "/api/v1/asked/at?moment=0", host.token("ann"))["rows"]
            self.assertEqual(good, [{"t": "1970-01-01T00:00:00Z"}])


class Shipped(ConcordTest):
    """What lies in config/queries, as a new user finds it."""

    def test_profit_by_day_and_oldest_breaks(self):
        self.host.put_account("acc", "ann")
        self.host.ok("POST", "/api/v1/trades", self.host.agent, [trade("t-1", "acc")])
        self.host.snapshot("acc", at(0), [])
        ages = self.host.ok("GET", "/api/v1/break_ages/by_symbol", self.host.token("ann"))["rows"]
        self.assertEqual([(row["symbol"], row["breaks"]) for row in ages], [("EURUSD", "1")])
        self.assertEqual(ages[0]["oldest_at"], at(0))
        self.assertEqual(self.host.ok("GET", "/api/v1/pnl/by_day?from=2026-01-01T00:00:00Z", self.host.token("ann")),
                         {"rows": []})


class Refused(unittest.TestCase):
    def check(self, text, name="asked"):
        with WithModules(module(text, name), serve=False) as files:
            return files.host.run("modules", "check", str(files.directory / f"{name}.yaml"))

    def test_a_mistake_has_its_place(self):
        for text, place, words in [
            ("methods:\n  a:\n    sql: SELECT x FROM v_trades\n", "3:17", "columns: { x: decimal }"),
            ("methods:\n  a:\n    sql: |\n\n      SELECT symbol\n        FROM v_trades WHERE symbol = $s\n", "6:38", "$s"),
            ("methods:\n  a:\n    params: { s: { type: text } }\n    sql: SELECT symbol FROM v_trades\n", "3:18", "use $s"),
            ("methods:\n  a:\n    sql: |\n      SELECT symbol FROM v_trades WHERE volume > 0.5\n", "4:50", "dec('0.5')"),
            ("methods:\n  a:\n    sql: |\n      SELECT symbol FROM v_trades WHERE volume * volume > 0\n", "4:48", "dec_mul"),
            ("methods:\n  a:\n    sql: SELECT * FROM v_trades\n", "3:17", "write out"),
            ("methods:\n  a:\n    sql: 'SELECT count(*) FROM v_trades'\n", "3:18", "AS"),
            ("method: {}\nmethods: {}\n", "1:1", "did you mean `methods`"),
            ("methods:\n  a:\n    params: { account_id: { type: id } }\n    sql: SELECT symbol FROM v_trades\n", "3:27", "itself"),
        ]:
            result = self.check(text)
            self.assertEqual(result.returncode, 2, text)
            self.assertIn(f"asked.yaml:{place}: error", result.stderr, text)
            self.assertIn(words, result.stderr, text)

    def test_names_are_checked(self):
        good = "methods:\n  a:\n    sql: SELECT symbol FROM v_trades\n"
        self.assertEqual(self.check(good).returncode, 0)
        for name in ("positions", "Asked", "a-b", "1a"):
            self.assertEqual(self.check(good, name).returncode, 2, name)

    def test_a_broken_file_is_a_mistake_of_the_configuration(self):
        with WithModules(module("methods: {}\n"), serve=False) as files:
            for command in (["check"], ["serve"]):
                result = files.host.run(*command)
                self.assertEqual(result.returncode, 2, result)
                self.assertIn("asked.yaml:1:1: error", result.stderr)
            report = json.loads(files.host.run("check", "--format", "json").stdout)
            self.assertFalse(report["valid"])
            self.assertTrue(report["mistakes"][0]["place"].endswith("asked.yaml:1:1"), report)

    def test_no_statement_gets_out_of_its_accounts(self):
        for statement in ESCAPES:
            text = f"methods:\n  a:\n    columns: {{ trade_id: text }}\n    sql: {json.dumps(statement)}\n"
            with WithModules(module(text), serve=False) as files:
                host = files.host
                if host.run("check").returncode == 2:
                    continue
                host.serve(until="/api/v1/health")
                fill(host)
                answer = host.get("/api/v1/asked/a", host.token("ann"))
                self.assertNotIn("bob-", answer.body, statement)
                self.assertIn(answer.status, (200, 503), statement)
                if answer.status == 503:
                    self.assertEqual(host.ok("GET", "/api/v1/positions/open", host.token("ann"))["total_positions"], "0")
                self.assertEqual(host.stored("SELECT count(*) FROM trades")[0][0], 6, statement)

    def test_what_the_schema_does_not_have_fails_that_module_only(self):
        text = "methods:\n  a:\n    columns: { x: text }\n    sql: |\n      SELECT symbol,\n        symbl AS x FROM v_trades\n"
        with WithModules({"asked": text, "good": EVERYTHING}, serve=False) as files:
            host = files.host
            self.assertEqual(host.run("check").returncode, 0)
            host.serve(until="/api/v1/health")
            fill(host)
            probed = host.run("modules", "check", "--probe", str(files.directory / "asked.yaml"))
            if POSTGRES_URL:
                self.assertEqual(probed.returncode, 2, probed)
                self.assertIn("asked.yaml:6:9: ", probed.stderr)
            self.assertEqual(host.get("/api/v1/asked/a", host.token("ann")).status, 503)
            self.assertEqual(len(host.ok("GET", "/api/v1/good/trades", host.token("ann"))["rows"]), 3)
            ready = host.request("GET", "/api/v1/ready").json["checks"]["asked"]
            self.assertEqual(ready["status"], "down")
            self.assertEqual(ready["reason"], "it did not start")
            shown = host.ok("GET", "/admin/modules/asked", host.operator, port=host.admin_port)
            self.assertIn("asked.yaml:6:9: ", shown["reason"])


class Changed(unittest.TestCase):
    """Files that come, change, break and go while the host serves."""

    def trades(self, host, path="/api/v1/asked/a"):
        answer = host.get(path, host.token("ann"))
        return [next(iter(row.values())) for row in answer.json["rows"]] if answer.status == 200 else answer.status

    @staticmethod
    def text(column, where="1 = 1"):
        return f"methods:\n  a:\n    ttl: 1h\n    sql: SELECT {column} FROM v_trades WHERE {where} ORDER BY trade_id\n"

    def test_a_changed_file_is_taken_and_a_broken_one_is_not(self):
        with WithModules(module(self.text("trade_id"))) as files:
            host, file = files.host, files.directory / "asked.yaml"
            fill(host)
            self.assertEqual(self.trades(host), ["ann-0", "ann-1", "ann-2"])
            file.write_text(self.text("volume"))
            eventually(lambda: self.trades(host) == ["0.5", "1.5", "2.5"])
            generation = host.metric("config_generation")
            for broken, words in ((self.text("volum"), "columns: { volum: decimal }"), ("methods: [", "YAML"),
                                  (self.text("volume", "symbl = 'x'"), "asked.yaml:4:44: ")):
                file.write_text(broken)
                eventually(lambda: words in host.logs())
                self.assertEqual(self.trades(host), ["0.5", "1.5", "2.5"])
            self.assertEqual(host.metric("config_generation"), generation)
            self.assertGreaterEqual(host.metric("config_reload_failures_total"), 3)
            file.write_text(self.text("symbol", "volume > dec('2')"))
            eventually(lambda: self.trades(host) == ["EURUSD"])

    def test_files_come_and_go(self):
        with WithModules(module(self.text("trade_id"))) as files:
            host = files.host
            fill(host)
            other = files.directory / "other.yaml"
            other.write_text(self.text("symbol"))
            eventually(lambda: self.trades(host, "/api/v1/other/a") == ["EURUSD"] * 3)
            self.assertIn("/api/v1/other/a", host.request("GET", "/api/v1/openapi.json").json["paths"])
            other.unlink()
            eventually(lambda: self.trades(host, "/api/v1/other/a") == 404)
            self.assertEqual(self.trades(host), ["ann-0", "ann-1", "ann-2"])

    def test_a_file_takes_no_unreloaded_configuration_with_it(self):
        with WithModules(module(self.text("trade_id"))) as files:
            host = files.host
            fill(host)
            host.token("ann"), host.operator
            host.config.write_text(host.config.read_text().replace("level: warning", "level: error") + "retention: { logs: 1 }\n")
            (files.directory / "asked.yaml").write_text(self.text("symbol"))
            eventually(lambda: self.trades(host) == ["EURUSD"] * 3)
            shown = host.ok("GET", "/admin/config", host.operator, port=host.admin_port)
            self.assertIn('"warning"', json.dumps(shown))

    def test_an_order_and_a_signal_take_changed_files_too(self):
        with WithModules(module(self.text("trade_id"))) as files:
            host, file = files.host, files.directory / "asked.yaml"
            fill(host)
            file.write_text(self.text("symbol"))
            host.ok("POST", "/admin/config/reload", host.operator, port=host.admin_port)
            self.assertEqual(self.trades(host), ["EURUSD"] * 3)
            file.write_text("methods: {}\n")
            refused = host.request("POST", "/admin/config/reload", host.operator, port=host.admin_port)
            self.assertEqual(refused.status, 422, refused)
            self.assertIn("asked.yaml:1:1: ", refused.json["errors"][0]["detail"])
            file.write_text(self.text("direction"))
            host.process.send_signal(signal.SIGHUP)
            eventually(lambda: self.trades(host) == ["buy"] * 3)


class SchemaChanges(unittest.TestCase):
    def test_views_do_not_stand_in_the_way_of_migrations(self):
        with WithModules(module(EVERYTHING)) as files:
            host = files.host
            fill(host)
            host.stop()
            host.run("migrate", "down", "--to", "book/0011", check=True)
            host.run("migrate", "up", check=True)
            host.serve()
            self.assertEqual(len(host.ok("GET", "/api/v1/asked/trades", host.token("ann"))["rows"]), 3)

    def test_a_backup_is_restored_beside_and_over_views(self):
        with WithModules(module(EVERYTHING)) as files:
            host = files.host
            fill(host)
            backup = host.path / "concord.backup"
            host.run("backup", str(backup), check=True)
            host.ok("POST", "/api/v1/trades", host.agent, [trade("ann-9", "of-ann")])
            host.stop()
            host.run("restore", str(backup), "--replace", check=True)
            host.serve()
            self.assertEqual(len(host.ok("GET", "/api/v1/asked/trades", host.token("ann"))["rows"]), 3)


if __name__ == "__main__":
    unittest.main()
