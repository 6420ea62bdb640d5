"""What is past its keeping goes while a host serves, soon after its start, and what must stay does."""

import json
import sqlite3
import time
import unittest

from harness import Host, at, position, trade

RETENTION = "retention: { snapshots: 7d, runs: 30d, logs: 30d, audit: 30d }\n"
DAYS = 86_400 * 1_000_000


class Retention(unittest.TestCase):
    def setUp(self):
        self.host = Host(RETENTION)
        self.addCleanup(self.host.close)

    def database(self):
        connection = sqlite3.connect(self.host.path / "concord.db", timeout=30)
        self.addCleanup(connection.close)
        return connection

    def fill(self):
        """Three snapshots with a break that is resolved, and an act that the audit log has."""
        self.host.serve()
        self.host.put_account("acc", "ann")
        self.host.ok("POST", "/api/v1/trades", self.host.agent, [trade(ticket=1, volume=0.20)])
        first = self.host.snapshot("acc", at(0), [position(1)])
        self.host.ok("POST", "/api/v1/trades", self.host.agent, [trade(ticket=1)])
        for second in (1, 2):
            self.host.snapshot("acc", at(second), [position(1, current_price=1.10 + second / 1000)])
        self.host.stop()
        return first

    def age(self, days):
        """Makes everything that arrived look so many days older, as if the host had been down."""
        back = days * DAYS
        with self.database() as database:
            for table, columns in [
                ("snapshots", ["received_at"]), ("breaks", ["resolved_at"]), ("reconciliation_logs", ["at"]),
                ("audit_logs", ["at"]), ("idempotency_keys", ["created_at"])]:
                for column in columns:
                    database.execute(f"UPDATE {table} SET {column} = {column} - ?", (back,))

    def rows(self):
        with self.database() as database:
            count = lambda statement: database.execute(statement).fetchone()[0]
            return {
                "contents": count("SELECT count(*) FROM snapshots WHERE content <> '{}'"),
                "headers": count("SELECT count(*) FROM snapshots WHERE content_hash <> '' AND answer <> '{}'"),
                "runs": count("SELECT count(*) FROM runs WHERE digest <> ''"),
                "breaks": count("SELECT count(*) FROM breaks"),
                "events": count("SELECT count(*) FROM break_events"),
                "old logs": count("SELECT count(*) FROM reconciliation_logs"),
                "audit": count("SELECT count(*) FROM audit_logs"),
            }

    def eventually(self, expected, seconds=30):
        """A host works on its own clock, so a test has to ask again."""
        end = time.monotonic() + seconds
        while (rows := self.rows()) != expected and time.monotonic() < end:
            time.sleep(0.1)
        self.assertEqual(rows, expected)

    def test_a_host_that_has_just_started_removes_what_is_old_and_keeps_headers_digests_and_runs(self):
        first = self.fill()
        full = self.rows()
        self.assertEqual({name: full[name] > 0 for name in full}, dict.fromkeys(full, True))
        self.age(31)

        self.host.serve()

        self.eventually({"contents": 1, "headers": 3, "runs": 3, "breaks": 0, "events": 0, "old logs": 0, "audit": 0})
        run = self.host.ok("GET", f"/api/v1/reconciliation/runs/{first['run_id']}?account_id=acc", self.host.operator)
        self.assertEqual((run["verdict"], len(run["digest"])), ("breaks", 64))
        again = self.host.snapshot("acc", at(0), [position(1)])
        self.assertEqual((again["run_id"], again["duplicate"]), (first["run_id"], True))

    def test_a_host_that_never_lives_for_an_hour_still_cleans_up(self):
        """The job is due an hour after its last end, whoever did it: a start does not put it off."""
        self.fill()
        kept = self.rows()
        self.age(6)
        self.host.serve()
        self.wait_for_job()
        self.assertEqual(self.rows(), kept, "nothing is old enough")
        self.host.stop()
        self.age(25)
        with self.database() as database:
            # Fifty minutes of the hour have gone by, and then the other ten.
            database.execute("UPDATE jobs SET due_at = due_at - ?", (3_600 * 1_000_000,))

        self.host.serve()

        self.eventually({**dict.fromkeys(kept, 0), "contents": 1, "headers": 3, "runs": 3})

    def wait_for_job(self, seconds=30):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            with self.database() as database:
                done = database.execute("SELECT count(*) FROM jobs WHERE due_at > leased_until").fetchone()[0]
            if done:
                return
            time.sleep(0.1)
        self.fail(f"the job has not run within {seconds} s")


if __name__ == "__main__":
    unittest.main()
