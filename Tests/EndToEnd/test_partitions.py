"""The monthly partitions of a PostgreSQL database, by hand and by a serving host."""

import datetime
import json
import time
import unittest

from harness import Host, at, position
from servers import variable

UTC = datetime.timezone.utc


def month(ahead=0):
    """A partition's name, so many months from now."""
    now = datetime.datetime.now(UTC)
    year, index = divmod(now.year * 12 + now.month - 1 + ahead, 12)
    return f"reconciliation_logs_{year}_{index + 1:02}"


class Partitions(unittest.TestCase):
    def setUp(self):
        self.host = Host("retention: { logs: 400d }\n", postgres=variable("CONCORD_TEST_POSTGRES_URL"))
        self.addCleanup(self.host.close)

    def partitions(self, *arguments):
        result = self.host.run("partitions", *arguments, "--format", "json")
        self.assertEqual(result.returncode, 0, result.stderr)
        (rows,) = json.loads(result.stdout).values()
        return {row["partition"]: row for row in rows}

    def insert(self, moment):
        self.host.postgres.psql(
            self.host.postgres.url,
            "INSERT INTO reconciliation_logs (log_id, account_id, at, sequence, kind, event_type, description, metadata) "
            f"VALUES ('{moment}', 'acc', '{moment}', 1, 'sync', 'position_synced', 'by hand', '{{}}')")

    def test_months_are_made_listed_and_dropped_by_hand(self):
        self.host.run("migrate", "up", check=True)
        self.assertEqual(list(self.partitions("list")), ["reconciliation_logs_default"])

        # A month may end between two of these lines.
        before = month()
        made = self.partitions("create", "--months", "2")
        if before == month():
            self.assertEqual(list(made), [month(0), month(1), month(2)])
        self.assertEqual(len(made), 3)
        again = self.host.run("partitions", "create", "--months", "2", check=True)
        self.assertEqual((again.stdout, again.stderr.strip()), ("", "nothing is missing"))

        self.insert("2001-05-06T00:00:00Z")
        self.assertEqual(list(self.partitions("create", "--months", "2")), ["reconciliation_logs_2001_05"])
        old = self.partitions("list")["reconciliation_logs_2001_05"]
        self.assertEqual((old["from"], old["to"], old["table"], old["is_default"], old["rows_estimate"]),
                         ("2001-05-01T00:00:00Z", "2001-06-01T00:00:00Z", "reconciliation_logs", False, 1))
        self.assertGreater(old["bytes"], 0)
        text = self.host.run("partitions", "list", check=True).stdout
        self.assertRegex(text, r"(?m)^reconciliation_logs_2001_05 +reconciliation_logs +2001-05-01T00:00:00Z +2001-06-01")

        dropped = self.host.run("partitions", "drop", check=True).stdout
        self.assertIn("reconciliation_logs_2001_05", dropped)
        self.assertNotIn(before, dropped)
        self.assertEqual(list(self.partitions("list")), [*made, "reconciliation_logs_default"])
        self.assertEqual(self.host.stored("SELECT count(*) AS n FROM reconciliation_logs"), [(0,)])

    def test_what_the_retention_keeps_is_dropped_only_when_forced_by_name(self):
        self.host.run("migrate", "up", check=True)
        made = list(self.partitions("create"))
        self.insert("2001-05-06T00:00:00Z")
        self.partitions("create")

        refused = self.host.run("partitions", "drop", "reconciliation_logs_2001_05", made[0])
        self.assertEqual(refused.returncode, 2, refused.stderr)
        self.assertIn(f"{made[0]} takes rows until", refused.stderr)
        self.assertIn("--force", refused.stderr)
        self.assertIn("reconciliation_logs_2001_05", self.partitions("list"))
        self.assertEqual(self.host.run("partitions", "drop", "--force").returncode, 64)

        for name in ("reconciliation_logs_default", "reconciliation_logs_1999_01", "accounts"):
            refused = self.host.run("partitions", "drop", name, "--force")
            self.assertEqual(refused.returncode, 2, refused.stderr)
            self.assertIn(name, refused.stderr)
        self.assertEqual(list(self.partitions("drop", made[0], "--force")), [made[0]])
        self.assertEqual(list(self.partitions("drop")), ["reconciliation_logs_2001_05"])
        self.assertEqual(list(self.partitions("drop")), [])

    def test_a_host_has_the_months_from_its_start_and_drops_what_is_over(self):
        self.host.run("migrate", "up", check=True)
        self.insert("2001-05-06T00:00:00Z")
        self.host.serve()
        self.host.put_account("acc", "ann")
        self.host.snapshot("acc", at(0), [position(1)])

        end = time.monotonic() + 30
        while (found := self.partitions("list")).keys() & {"reconciliation_logs_2001_05"} or (
                self.host.stored("SELECT count(*) AS n FROM reconciliation_logs WHERE at < '2002-01-01'") != [(0,)]):
            self.assertLess(time.monotonic(), end, found)
            time.sleep(0.2)
        self.assertEqual(len(found), 5, found)
        ((strays,),) = self.host.stored("SELECT count(*) AS n FROM reconciliation_logs_default")
        self.assertEqual(strays, 0)
        logs = self.host.ok("GET", "/api/v1/reconciliation/logs?account_id=acc&limit=500", self.host.operator)["logs"]
        self.assertGreater(len(logs), 0)

        # Beside a serving host, too.
        self.assertEqual(len(self.partitions("create", "--months", "5")), 2)

    def test_without_the_migration_it_says_what_to_do(self):
        refused = self.host.run("partitions", "list")
        self.assertEqual(refused.returncode, 3, refused.stderr)
        self.assertIn("concord migrate up", refused.stderr)


class OnSQLite(unittest.TestCase):
    def test_there_are_none_and_nothing_is_opened(self):
        host = Host(postgres=None)
        self.addCleanup(host.close)
        for command in ("list", "create", "drop"):
            refused = host.run("partitions", command)
            self.assertEqual((refused.returncode, refused.stdout), (2, ""))
            self.assertIn("storage.use is sqlite", refused.stderr)
        self.assertFalse((host.path / "concord.db").exists())


if __name__ == "__main__":
    unittest.main()
