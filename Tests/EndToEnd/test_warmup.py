"""`concord warmup`: who was active lately is answered from the cache, and the host is asked so much at a time."""

import os
import pty
import subprocess
import time
import unittest

from harness import BINARY, ROOT, Host, eventually, position
from load import SECRET, mint
from servers import variable

# What declares itself warmable.
PATHS = ["/api/v1/reconciliation/status", "/api/v1/reconciliation/logs", "/api/v1/reconciliation/breaks",
         "/api/v1/positions/open", "/api/v1/guards/drawdown", "/api/v1/guards/status"]
USERS = 5


class Warmup(unittest.TestCase):
    def setUp(self):
        self.host = Host(environment={"JWT_SECRET_KEY": SECRET}, postgres=variable("CONCORD_TEST_POSTGRES_URL"))
        self.addCleanup(self.host.close)
        self.host.serve()
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        for number in range(USERS):
            self.host.put_account(f"acc-{number}", f"user-{number}")
            self.host.snapshot(f"acc-{number}", now, [position(1)])
        self.host.put_account("idle", "idle")

    def command(self, *arguments):
        return [BINARY, "warmup", *arguments, "--config", str(self.host.config)]

    def test_the_answers_of_active_users_are_warm_and_progress_goes_to_a_terminal(self):
        told, terminal = pty.openpty()
        entries = self.host.metric("cache_entries")
        result = subprocess.run(self.command(), stdout=subprocess.PIPE, stderr=terminal, text=True, cwd=ROOT,
                                env=self.host.environment, timeout=120)
        total = USERS * len(PATHS)
        self.assertEqual((result.returncode, result.stdout), (0, f"{total} of {total} answers are warm\n"))
        self.assertTrue(os.read(told, 65_536).decode().endswith(f"\r{total} of {total}"))
        self.assertGreaterEqual(self.host.metric("cache_entries") - entries, total)
        self.assertGreater(self.host.metric("cache_bytes"), total * 512)
        for number in range(USERS):
            for path in PATHS:
                answer = self.host.get(path, mint(f"user-{number}"))
                self.assertEqual(answer.status, 200)
        warm = [self.host.metric(f'cache_requests_total{{layer="memory",operation="{name}",result="miss"')
                for name in ("reconciliation.logs", "reconciliation.breaks")]
        # An answer may be too old on a slow machine; not all of them are.
        self.assertTrue(any(count < 2 * USERS for count in warm), warm)
        self.assertIn("fwd=uri-miss", self.host.get(PATHS[0], mint("idle")).headers["cache-status"])

    def test_so_many_are_asked_at_a_time(self):
        concurrency, total = 7, USERS * len(PATHS)
        # Without the request that looks.
        in_progress = lambda: self.host.metric("http_requests_in_progress") - 1
        session = self.host.postgres.session()
        self.addCleanup(session.close)
        session.tell("BEGIN; LOCK TABLE positions, breaks, runs, reconciliation_accounts, reconciliation_logs, guard_states "
                     "IN ACCESS EXCLUSIVE MODE")
        process = subprocess.Popen(self.command("--concurrency", str(concurrency)), stdout=subprocess.PIPE, text=True,
                                   cwd=ROOT, env=self.host.environment)
        try:
            eventually(lambda: in_progress() == concurrency)
            # Nothing more comes, however often one looks.
            self.assertEqual({in_progress() for _ in range(20)}, {concurrency})
        finally:
            session.tell("ROLLBACK")
            output, _ = process.communicate(timeout=120)
        self.assertEqual((process.returncode, output), (0, f"{total} of {total} answers are warm\n"))


if __name__ == "__main__":
    unittest.main()
