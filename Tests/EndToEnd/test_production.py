"""The shipped configuration for PostgreSQL and Redis, as an operator uses it, with two hosts on the same servers."""

import time
import unittest
import uuid

from harness import ROOT, Host, Postgres, at, position, trade
from servers import variable


class Production(unittest.TestCase):
    def setUp(self):
        self.database = Postgres(variable("CONCORD_TEST_POSTGRES_URL"))
        self.addCleanup(self.database.drop)
        self.prefix = f"production_{uuid.uuid4().hex}_"

    def host(self):
        host = Host(postgres=None)
        self.addCleanup(host.close)
        host.config = ROOT / "config" / "production.yaml"
        host.environment.update({
            "DATABASE_URL": self.database.url, "REDIS_URL": variable("CONCORD_TEST_REDIS_URL"),
            "JWT_SECRET_KEY": "a-secret-of-forty-characters-for-tests-only", "CACHE_PREFIX": self.prefix,
            "CONCORD__SERVER__HOST": "127.0.0.1", "CONCORD__SERVER__PORT": str(host.port),
            "CONCORD__ADMIN__PORT": str(host.admin_port),
        })
        return host

    def test_it_checks_migrates_and_serves_what_hosts_share(self):
        one, other = self.host(), self.host()
        one.run("check", check=True)
        pending = one.run("check", "--probe")
        self.assertEqual(pending.returncode, 3, pending.stdout)
        self.assertIn("run: concord migrate up", pending.stdout)
        one.run("migrate", "up", check=True)
        one.run("check", "--probe", check=True)
        one.serve()
        other.serve()

        one.put_account("acc", "ann")
        one.ok("POST", "/api/v1/trades", one.agent, [trade(account="acc", ticket=1)])
        ann = one.token("ann")
        for minute in range(5):
            (one, other)[minute % 2].snapshot("acc", at(minute), [position(1), position(2)])
            end = time.monotonic() + 3
            while True:
                seen = [host.ok("GET", "/api/v1/reconciliation/status", ann)["total_syncs"] for host in (one, other)]
                if seen == [str(minute + 1)] * 2 or time.monotonic() > end:
                    break
            self.assertEqual(seen, [str(minute + 1)] * 2, "the other host was not told")
        found = [[(b["class"], b["ticket"], b["times_seen"]) for b in host.breaks("acc")] for host in (one, other)]
        self.assertEqual(found, [[("unknown_to_us", "2", "5")]] * 2)
        for host in (one, other):
            checks = host.ok("GET", "/api/v1/ready", None)["checks"]
            self.assertEqual((checks["database"]["status"], checks["redis"]["status"]), ("up", "up"))
