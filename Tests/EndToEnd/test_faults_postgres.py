"""PostgreSQL killed, frozen, cut off and full under a host that serves: it says so, loses nothing, and heals by itself."""

import unittest

from harness import Host, at, eventually, position
from load import Crowd, Load, kind_of, mint
from servers import PostgresServer

EXTRA = "cache: { use: memory, stale_if_error: 2s }\n"
# Soon enough for a test to see the end of it.
SHORT = {"CONCORD__LIMITS__REQUEST_TIMEOUT": "3s"}
CONNECTIONS = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'concord'"


class PostgresFaults(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = PostgresServer()
        cls.addClassCleanup(cls.server.close)

    def setUp(self):
        self.host = self.serve()

    def serve(self, extra=EXTRA, **environment):
        host = Host(extra, {**SHORT, **environment}, postgres=self.server.url)
        self.addCleanup(host.close)
        host.serve()
        self.process = host.process.pid
        return host

    def tearDown(self):
        self.assertEqual((self.host.process.pid, self.host.process.poll()), (self.process, None), "not without a restart")

    def ready(self):
        answer = self.host.request("GET", "/api/v1/ready")
        check = answer.json["checks"]["database"]
        if check["status"] != "up":
            self.assertTrue(check["reason"], answer)
        return answer.status, check["status"]

    def wait_for_ready(self, expected):
        eventually(lambda: self.ready() == expected, seconds=20)

    def connections(self):
        return self.host.metric("storage_pool_connections")

    def check_connections(self):
        """What the host says of its connections is what the server says."""
        eventually(lambda: self.connections() == int(self.host.postgres.value(CONNECTIONS)), seconds=20)

    # Under load

    def test_a_server_that_is_killed_and_comes_back(self):
        with Load(self.host, "killed") as load:
            eventually(lambda: load.total > 40)
            self.server.kill()
            self.wait_for_ready((503, "down"))
            self.assertGreater(load.statuses.get(503, 0), 0)
            self.server.start()
            self.wait_for_ready((200, "up"))
            reached = load.total + 40
            eventually(lambda: load.total > reached)
        load.check(self)
        self.check_connections()

    def test_a_crowd_reads_on_from_the_cache_of_a_server_that_is_killed_is_then_told_and_served_again(self):
        # Longer than any answer is fresh, so that all are stale at the same time.
        host = self.host = self.serve("cache: { use: memory, stale_if_error: 20s }\n")
        users, questions = 25, []
        for number in range(users):
            host.put_account(f"crowd-{number}", f"crowd-{number}")
            host.snapshot(f"crowd-{number}", at(0), [position(1)])
            questions += [(path, mint(f"crowd-{number}")) for path in (
                "/api/v1/reconciliation/status", "/api/v1/positions/open", f"/api/v1/accounts/crowd-{number}",
                "/api/v1/guards/status")]
        crowd = Crowd(host, questions, pause=0.2)
        # Nobody may act on a guard's old figures.
        kept = [n for n, (path, _) in enumerate(questions) if "guards" not in path]
        guards = [n for n in range(len(questions)) if n not in kept]
        are = lambda kind, numbers: all(crowd.latest[n] and kind_of(crowd.latest[n]) == kind for n in numbers)
        with crowd:
            eventually(lambda: are("fresh", range(len(questions))))
            bodies = [crowd.latest[n].body for n in kept]
            self.server.kill()
            try:
                eventually(lambda: are("stale", kept) and are("refused", guards), seconds=60)
                stale = [crowd.latest[n] for n in kept]
                self.assertEqual([answer.body for answer in stale], bodies)
                for answer in stale:
                    self.assertGreaterEqual(int(answer.headers["age"]), 4)
                    self.assertRegex(answer.headers["cache-status"], "^concord; hit; ttl=-?[0-9]+; detail=stale-if-error$")
                eventually(lambda: are("refused", range(len(questions))), seconds=90)
                self.assertEqual({crowd.latest[n].headers["retry-after"] for n in kept}, {"2"})
                self.assertEqual(self.ready(), (503, "down"))
            finally:
                self.server.start()
            eventually(lambda: are("fresh", range(len(questions))), seconds=60)
        self.assertEqual(crowd.failures, [])
        self.assertEqual([crowd.courses[n] for n in kept], [["fresh", "stale", "refused", "fresh"]] * len(kept))
        self.assertEqual([crowd.courses[n] for n in guards], [["fresh", "refused", "fresh"]] * users)
        self.assertGreater(host.metric('cache_requests_total{layer="memory",operation="positions.open",result="stale"'), 0)
        self.assertGreater(host.metric('cache_requests_total{layer="memory",operation="positions.open",result="error"'), 0)
        self.assertEqual(self.ready(), (200, "up"))

    def test_a_server_that_is_frozen_and_thawed(self):
        with Load(self.host, "frozen") as load:
            eventually(lambda: load.total > 40)
            self.server.freeze()
            try:
                self.wait_for_ready((503, "down"))
                # Nobody waits for it: everybody is answered, again and again.
                refused = load.statuses.get(503, 0)
                eventually(lambda: load.statuses.get(503, 0) > refused + 4 * load.WRITERS)
            finally:
                self.server.thaw()
            self.wait_for_ready((200, "up"))
            reached = load.total + 40
            eventually(lambda: load.total > reached)
        load.check(self)
        self.check_connections()

    def test_connections_that_are_cut_again_and_again(self):
        with Load(self.host, "cut") as load:
            for _ in range(6):
                reached = load.total + 10
                eventually(lambda: load.total > reached)
                self.host.postgres.cut()
        load.check(self)
        self.assertEqual(self.ready(), (200, "up"))
        # Those that nobody needs any more are cut as well, and nobody would come upon them.
        self.assertGreater(self.connections(), 0)
        self.host.postgres.cut()
        self.check_connections()

    # Full

    def test_a_full_disk_refuses_writes_whole_and_reads_go_on(self):
        host = self.serve("cache: { use: none }\n")
        self.host = host
        host.put_account("acc", "ann")
        number = 0
        # What does not fit at all is an error of its own kind to the server, and what fits in part another.
        for name, odd in [("nothing more fits", 0), ("a part fits", 4_096)]:
            with self.subTest(name):
                self.server.limit_files(self.server.largest_file() // 8_192 * 8_192 + 40 * 8_192 + odd)
                try:
                    number = self.fill(host, number)
                    refused = self.send(host, number)
                    self.assertEqual((refused.status, refused.headers.get("retry-after")), (503, "30"), refused)
                    self.assertIn("full", refused.json["detail"])
                    self.check_whole(host, number)
                    status = host.ok("GET", "/api/v1/reconciliation/status", host.token("ann"))
                    self.assertEqual(int(status["total_syncs"]), number)
                    self.assertEqual(len(host.ok("GET", "/api/v1/positions/open", host.token("ann"))["positions"]), 100)
                    self.assertEqual(self.ready(), (200, "up"))
                finally:
                    self.server.limit_files(None)
                self.assertEqual(self.send(host, number).status, 200)
                number += 1
                self.check_whole(host, number)

    def send(self, host, number):
        # Text that cannot be pressed together, so that a few fill the space there is.
        positions = [position(n, comment=noise(number * 1_000 + n)) for n in range(1, 101)]
        body = {"account_id": "acc", "as_of": at(number), "completeness": "complete", "positions": positions}
        return host.request("POST", "/api/v1/snapshots", host.agent, body, headers={"Idempotency-Key": f"full-{number}"})

    def fill(self, host, number):
        """Sends until one is refused; answers its number."""
        for number in range(number, number + 200):
            answer = self.send(host, number)
            if answer.status != 200:
                self.assertEqual(answer.status, 503, answer)
                return number
        self.fail("200 snapshots fit into what was left")

    def check_whole(self, host, number):
        rows = host.stored(
            "SELECT (SELECT count(*) FROM snapshots) AS a, (SELECT snapshots_total FROM accounts) AS b, "
            "(SELECT count(*) FROM runs) AS c, (SELECT count(*) FROM reconciliation_logs WHERE kind = 'sync') AS d, "
            "(SELECT count(*) FROM idempotency_keys) AS e, (SELECT count(*) FROM positions) AS f")
        self.assertEqual(rows, [(number, number, number, number, number, 100)])

    # Figures

    def test_statements_are_counted_as_the_server_counts_them(self):
        self.host.postgres.value("ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements'")
        self.server.start()
        host = self.host = self.serve("cache: { use: none }\n")
        database = host.postgres
        database.value("CREATE EXTENSION pg_stat_statements")
        # Of the host's own: neither the beginnings and ends of transactions, nor its settings, nor its health checks.
        counted = ("SELECT coalesce(sum(calls), 0) FROM pg_stat_statements JOIN pg_database d ON d.oid = dbid "
                   "WHERE d.datname = current_database() AND query !~* "
                   "'^(begin|commit|rollback|set |select set_config|create |select pg_is_in_recovery|.*pg_stat_)'")

        def difference():
            """What the host has counted less what the server has, at a moment at which nothing went on."""
            while True:
                before = host.metric("pg_queries_total")
                found = int(database.value(counted))
                if host.metric("pg_queries_total") == before:
                    return before - found

        host.put_account("acc", "ann")
        # The first one writes a few rows of a table at once, which are one statement to the host and several to the server.
        host.snapshot("acc", at(0), [position(1)])
        first, begun = difference(), host.metric("pg_queries_total")
        for number in range(1, 11):
            host.snapshot("acc", at(number), [position(1)])
            host.ok("GET", "/api/v1/positions/open", host.token("ann"))
            host.ok("GET", "/api/v1/reconciliation/breaks", host.token("ann"))
        self.assertGreater(host.metric("pg_queries_total"), begun + 30)
        self.assertEqual(difference(), first)
        backend = 'storage_queries_total{backend="postgres"}'
        eventually(lambda: host.metric(backend) == host.metric("pg_queries_total"))


def noise(seed):
    """A thousand characters without any order."""
    state, text = seed, []
    for _ in range(1_000):
        state = (state * 6_364_136_223_846_793_005 + 1_442_695_040_888_963_407) % (1 << 64)
        text.append(chr(0x21 + (state >> 40) % 0x5D))
    return "".join(text)


if __name__ == "__main__":
    unittest.main()
