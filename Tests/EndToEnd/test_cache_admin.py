"""Operators make cached answers stale: by tag, by pattern, all of them; on one host, on two, and with Redis gone."""

import json
import signal
import sqlite3
import threading
import unittest

from harness import ConcordTest, Host, Postgres, at, eventually
from servers import Redis, variable

STATUS = "/api/v1/reconciliation/status"
POSITIONS = "/api/v1/positions/open"


def order(host, what, body=None, token=None, **options):
    return host.request("POST", f"/admin/cache/{what}", token or host.operator, body, port=host.admin_port, **options)


def is_hit(host, path, user):
    """Whether the answer had been kept; it is afterwards."""
    answer = host.get(path, host.token(user))
    if answer.status != 200:
        raise AssertionError(answer)
    return "concord; hit" in answer.headers["cache-status"]


class OneHost(ConcordTest):
    # Long enough that nothing goes by itself.
    extra = "cache: { default_ttl: 10s }\n"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for user in ("ann", "bob"):
            cls.host.put_account(f"of-{user}", user)

    def fill(self):
        for user in ("ann", "bob"):
            for path in (STATUS, POSITIONS):
                is_hit(self.host, path, user)

    def gone(self, what, body=None):
        """Which answers are no longer kept after an order."""
        self.fill()
        answer = order(self.host, what, body)
        self.assertEqual(answer.status, 200, answer)
        return {(path, user) for user in ("ann", "bob") for path in (STATUS, POSITIONS)
                if not is_hit(self.host, path, user)}, answer.json

    def test_tags_and_patterns_end_what_they_name_and_nothing_else(self):
        everything = {(path, user) for user in ("ann", "bob") for path in (STATUS, POSITIONS)}
        of_ann = {(path, "ann") for path in (STATUS, POSITIONS)}
        for body, expected, tags in [
            ({"tags": ["user:ann"]}, of_ann, ["user:ann"]),
            ({"tags": ["account:of-ann"]}, of_ann, ["account:of-ann"]),
            ({"tags": ["module:positions"]}, {(POSITIONS, "ann"), (POSITIONS, "bob")}, ["module:positions"]),
            ({"tags": ["*"]}, everything, ["*"]),
            ({"pattern": "concord_1:positions.*"}, {(POSITIONS, "ann"), (POSITIONS, "bob")}, ["module:positions"]),
            ({"pattern": "*:u:ann:*"}, of_ann, ["user:ann"]),
            ({"pattern": "*"}, everything, ["*"]),
            ({"tags": ["user:nobody"]}, set(), ["user:nobody"]),
        ]:
            with self.subTest(body):
                gone, told = self.gone("invalidate", body)
                self.assertEqual(gone, expected)
                self.assertEqual((told["tags"], told["reach"]), (tags, "local"))

    def test_the_keys_that_a_pattern_found_are_told(self):
        self.fill()
        told = order(self.host, "invalidate", {"pattern": "concord_1:*:u:ann:*"}).json
        self.assertEqual(told["keys"], ["concord_1:positions.open:u:ann:", "concord_1:reconciliation.status:u:ann:"])

    def test_clearing_frees_what_the_host_keeps(self):
        gone, told = self.gone("clear")
        self.assertEqual(len(gone), 4)
        self.assertGreaterEqual(int(told["entries"]), 4)
        order(self.host, "clear")
        kept = self.host.request("GET", "/admin/cache", self.host.operator, port=self.host.admin_port).json
        self.assertEqual((kept["entries"], kept["bytes"]), ("0", "0"))

    def test_each_order_is_in_the_audit_log_with_who_what_and_the_request(self):
        for number, (what, body) in enumerate([("invalidate", {"pattern": "*:u:ann:*"}), ("clear", None)]):
            answer = order(self.host, what, body, headers={"X-Request-Id": f"audited-{number}"})
            self.assertEqual((answer.status, answer.headers["x-request-id"]), (200, f"audited-{number}"))
        rows = self.host.stored("SELECT action, object, actor, after, request_id FROM audit_logs "
                                "WHERE request_id LIKE 'audited-%' ORDER BY request_id")
        rows = [(*row[:3], row[3] if isinstance(row[3], dict) else json.loads(row[3]), row[4]) for row in rows]
        self.assertEqual(rows, [
            ("cache.invalidate", "cache", "root", {"tags": ["user:ann"], "pattern": "*:u:ann:*"}, "audited-0"),
            ("cache.clear", "cache", "root", {"tags": ["*"]}, "audited-1")])

    def test_bad_orders_are_refused_with_their_place_and_change_nothing(self):
        self.fill()
        for body, status, pointer in [
            ({"tags": ["account:x", "module:position"]}, 422, "/tags/1"),
            ({"pattern": "positions.*"}, 422, "/pattern"), ({"pattern": "*", "tags": ["*"]}, 422, "/pattern"),
            ({}, 422, "/tags"), ({"tag": ["*"]}, 422, "/tag"), ("[]", 400, None), ("", 400, None),
        ]:
            with self.subTest(body):
                answer = order(self.host, "invalidate", body)
                self.assertEqual(answer.status, status, answer)
                self.assertEqual(answer.headers["content-type"], "application/problem+json")
                if pointer is not None:
                    self.assertIn(pointer, [error["pointer"] for error in answer.json["errors"]])
        self.assertEqual(order(self.host, "clear", {"tags": ["*"]}).status, 400)
        self.assertEqual(order(self.host, "clear", headers={"Idempotency-Key": "a b"}).status, 400)
        self.assertTrue(is_hit(self.host, STATUS, "ann"))

    def test_only_operators_may_and_only_on_their_listener(self):
        for what in ("invalidate", "clear"):
            path, body = f"/admin/cache/{what}", {"tags": ["*"]} if what == "invalidate" else None
            port = self.host.admin_port
            self.assertEqual(self.host.request("POST", path, None, body, port=port).status, 401)
            for token in (self.host.token("ann"), self.host.agent):
                self.assertEqual(self.host.request("POST", path, token, body, port=port).status, 403)
            self.assertEqual(self.host.request("POST", path, self.host.operator, body).status, 404)
            answer = self.host.request("GET", path, self.host.operator, port=port)
            self.assertEqual((answer.status, answer.headers["allow"]), (405, "POST"))

    def test_under_load_nobody_gets_a_body_from_before_the_answer(self):
        """The data changes behind the host's back, so that only the order can bring it to light."""
        if self.host.postgres:
            self.skipTest("rows are changed in SQLite's file")
        stop, failures, seen = threading.Event(), [], [0]
        token = self.host.token("ann")

        def read():
            while not stop.is_set():
                floor = seen[0]
                found = int(self.host.get(STATUS, token).json["total_syncs"])
                if found < floor:
                    failures.append((found, floor))

        readers = [threading.Thread(target=read) for _ in range(4)]
        for reader in readers:
            reader.start()
        try:
            for number in range(1, 31):
                with sqlite3.connect(f"{self.host.path}/concord.db", timeout=10) as database:
                    database.execute("UPDATE accounts SET snapshots_total = ? WHERE account_id = 'of-ann'", (number,))
                body = {"tags": ["account:of-ann"]} if number % 2 else {"pattern": "*.status:u:ann:*"}
                self.assertEqual(order(self.host, "invalidate", body).status, 200)
                seen[0] = number
        finally:
            stop.set()
            for reader in readers:
                reader.join()
        self.assertEqual(failures, [])


class TwoHosts(unittest.TestCase):
    """On one PostgreSQL and one Redis."""

    maxDiff = None

    def setUp(self):
        self.database = Postgres(variable("CONCORD_TEST_POSTGRES_URL"))
        self.addCleanup(self.database.drop)
        self.redis = Redis().start()
        self.addCleanup(self.redis.close)
        self.one, self.other = [self.make_host() for _ in range(2)]
        self.other.tokens = self.one.tokens
        for user in ("ann", "bob"):
            self.one.put_account(f"of-{user}", user)

    def make_host(self):
        host = Host("cache: { use: redis }\n", {"REDIS_URL": self.redis.url}, postgres=self.database)
        self.addCleanup(host.close)
        return host.serve()

    def set_syncs(self, number):
        """Behind the hosts' backs."""
        self.database.value(f"UPDATE accounts SET snapshots_total = {number}")

    def syncs(self, host, user="ann"):
        return int(host.ok("GET", STATUS, host.token(user))["total_syncs"])

    def both_show(self, number, user="ann"):
        return [self.syncs(host, user) for host in (self.one, self.other)] == [number, number]

    def test_an_order_to_one_host_holds_on_the_other_and_in_redis(self):
        for number, body in enumerate([
                {"tags": ["account:of-ann"]}, {"tags": ["module:reconciliation"]}, {"pattern": "*:u:ann:*"},
                {"pattern": "concord_1:reconciliation.*"}, {"tags": ["*"]}, None], start=1):
            eventually(lambda: self.both_show(number - 1), seconds=15)
            self.redis.tell("CONFIG", "RESETSTAT")
            self.set_syncs(number)
            answer = order(self.one, "invalidate" if body else "clear", body)
            self.assertEqual((answer.status, answer.json["reach"]), (200, "shared"), answer)
            # At once where it was given; on the other as soon as it is heard, long before the answer would end by itself.
            self.assertEqual(self.syncs(self.one), number, body)
            eventually(lambda: self.syncs(self.other) == number, seconds=3)
            sent = self.redis.tell("INFO", "commandstats")
            for command in ("cmdstat_keys", "cmdstat_scan", "cmdstat_flush"):
                self.assertNotIn(command, sent)

    def test_others_answers_stay(self):
        eventually(lambda: self.both_show(0, "bob"))
        self.set_syncs(5)
        order(self.one, "invalidate", {"tags": ["user:ann"]})
        eventually(lambda: self.both_show(5))
        self.assertTrue(self.both_show(0, "bob"))

    def test_with_redis_gone_an_order_is_owed_and_done_when_it_is_back(self):
        eventually(lambda: self.both_show(0))
        self.redis.signal(signal.SIGSTOP)
        self.set_syncs(3)
        answer = order(self.one, "invalidate", {"pattern": "*:a:of-ann:*"}, headers={"X-Request-Id": "owed"})
        self.assertEqual((answer.status, answer.json["reach"]), (200, "owed"), answer)
        answer = order(self.one, "invalidate", {"pattern": "*:u:ann:*"}, headers={"X-Request-Id": "owed-too"})
        self.assertEqual(answer.json["reach"], "owed", answer)
        self.assertEqual(self.syncs(self.one), 3)
        self.redis.signal(signal.SIGCONT)
        eventually(lambda: self.both_show(3))
        # What was kept in Redis before is not found by a host that comes new.
        third = self.make_host()
        third.tokens = self.one.tokens
        self.assertEqual(self.syncs(third), 3)
        actions = self.database.rows(
            "SELECT request_id, action FROM audit_logs WHERE request_id LIKE 'owed%' ORDER BY request_id, action")
        self.assertEqual(actions, [("owed", "cache.invalidate"), ("owed", "cache.invalidate.owed"),
                                   ("owed-too", "cache.invalidate"), ("owed-too", "cache.invalidate.owed")])

    def test_without_storage_an_order_is_refused_and_old_answers_go_on(self):
        eventually(lambda: self.both_show(0))
        host = self.one
        self.database.psql(self.database.server, f"ALTER DATABASE {self.database.name} ALLOW_CONNECTIONS false")
        self.database.cut()
        answer = order(host, "clear")
        self.assertEqual(answer.status, 503, answer)
        self.assertIn("retry-after", answer.headers)
        self.assertEqual(host.get(STATUS, host.token("ann")).status, 200)
        self.database.psql(self.database.server, f"ALTER DATABASE {self.database.name} ALLOW_CONNECTIONS true")
        eventually(lambda: order(host, "clear").status == 200)


if __name__ == "__main__":
    unittest.main()
