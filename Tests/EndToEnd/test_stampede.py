"""A thousand clients that ask the same at once, and find nothing in the cache, are one question to storage."""

import concurrent.futures
import unittest

from harness import Host, at, eventually, position
from load import SECRET, Crowd, mint
from servers import variable

CLIENTS = 1_000
PATH = "/api/v1/positions/open?account_id=acc"


class Stampede(unittest.TestCase):
    def setUp(self):
        # Time enough to come together on a slow machine.
        self.host = Host(environment={"JWT_SECRET_KEY": SECRET, "CONCORD__LIMITS__REQUEST_TIMEOUT": "120s"},
                         postgres=variable("CONCORD_TEST_POSTGRES_URL"))
        self.addCleanup(self.host.close)
        self.host.serve()
        self.host.put_account("acc", "ann")
        self.host.snapshot("acc", at(0), [position(n) for n in range(1, 11)])

    def counted(self):
        names = ('module_calls_total{module="positions",operation="open"',
                 'cache_requests_total{layer="memory",operation="positions.open",result="miss"',
                 'cache_requests_total{layer="memory",operation="positions.open",result="join"',
                 'cache_requests_total{layer="memory",operation="positions.open"')
        return [self.host.metric(name) for name in names]

    def waiting(self):
        """Statements that wait for the table."""
        return int(self.host.postgres.value(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"))

    def test_a_thousand_misses_of_one_key_are_one_call_and_one_statement_that_waits(self):
        # Whose account it is, is known by then.
        self.host.ok("GET", "/api/v1/guards/status?account_id=acc", self.host.operator)
        tokens = [mint("ann"), mint("bot", "agent", accounts=["acc"]), mint("root", "operator")]
        crowd = Crowd(self.host, [(PATH, tokens[n % 3]) for n in range(CLIENTS)])
        before, statements = self.counted(), self.host.metric("pg_queries_total")
        session = self.host.postgres.session()
        self.addCleanup(session.close)
        session.tell("BEGIN; LOCK TABLE positions IN ACCESS EXCLUSIVE MODE")

        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            answers = pool.submit(crowd.ask_once)
            try:
                # The request that looks is one of them.
                eventually(lambda: self.host.metric("http_requests_in_progress") == CLIENTS + 1, seconds=90)
                eventually(lambda: self.waiting() == 1)
                # All of them are there, and whoever would ask storage as well has had the time to.
                for _ in range(20):
                    self.host.ok("GET", "/api/v1/accounts", tokens[2])
                self.assertEqual(self.waiting(), 1)
            finally:
                session.tell("ROLLBACK")
            answers = answers.result(120)

        self.assertEqual([answer for answer in answers if answer.status != 200][:3], [])
        self.assertEqual(len({answer.body for answer in answers}), 1)
        self.assertEqual(len(answers[0].json["positions"]), 10)
        after = self.counted()
        self.assertEqual([b - a for a, b in zip(before, after)], [1, 1, CLIENTS - 1, CLIENTS])
        collapsed = [a for a in answers if a.headers["cache-status"] == "concord; fwd=uri-miss; collapsed"]
        self.assertEqual(len(collapsed), CLIENTS - 1)
        # What the host does by itself meanwhile is far less than a statement for each.
        self.assertLess(self.host.metric("pg_queries_total") - statements, CLIENTS / 4)


if __name__ == "__main__":
    unittest.main()
