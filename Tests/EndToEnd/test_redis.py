"""Concord with `cache.use: redis` on a Redis of its own, which is killed, frozen and started again under load."""

import signal
import threading
import time
import unittest

from harness import Host, at, eventually
from load import SECRET, Crowd, mint
from servers import Redis, SlowRoad

TIMES = "2026-01-05T10:{:02d}:00Z"


class RedisTest(unittest.TestCase):
    def setUp(self):
        self.redis = Redis().start()
        self.addCleanup(self.redis.close)
        self.host = self.make_host()
        self.host.put_account("acc-1", "ann")

    def make_host(self, url=None, budget="20ms"):
        host = Host(f"cache: {{ use: redis, default_ttl: 10s, redis: {{ budget: {budget} }} }}\n",
                    {"REDIS_URL": url or self.redis.url, "JWT_SECRET_KEY": SECRET})
        self.addCleanup(host.close)
        return host.serve()

    def status(self, host=None):
        host = host or self.host
        return host.get("/api/v1/reconciliation/status", host.token("ann"))

    def shown(self):
        """What operators are told of it."""
        return self.host.ok("GET", "/admin/modules/redis", self.host.operator, port=self.host.admin_port)

    def check(self):
        return self.host.request("GET", "/api/v1/ready").json

    def wait_for(self, status, seconds=30):
        end = time.monotonic() + seconds
        while self.check()["checks"]["redis"]["status"] != status:
            if time.monotonic() > end:
                raise AssertionError(f"redis is not {status}: {self.check()}\n{self.host.logs()}")
            time.sleep(0.1)

    def test_answers_lie_in_redis_and_a_write_ends_them(self):
        first, second = self.status(), self.status()
        self.assertIn("fwd=uri-miss; stored", first.headers["cache-status"])
        self.assertIn("concord; hit", second.headers["cache-status"])
        keys = self.redis.tell("KEYS", "concord_1:reconciliation.status:*").splitlines()
        self.assertEqual(len(keys), 1, self.redis.tell("KEYS", "*"))

        # The host's own copies go: what is answered next comes out of Redis, the same bytes.
        self.redis.tell("PUBLISH", "concord_invalidations", "not a notice")
        end = time.monotonic() + 10
        while not self.host.metric('cache_requests_total{layer="redis",operation="reconciliation.status",result="hit"}'):
            self.assertLess(time.monotonic(), end, "nothing was found in Redis")
            found = self.status()
            self.assertEqual(found.body, first.body)
            time.sleep(0.01)
        self.assertIn("concord; hit", found.headers["cache-status"])

        self.host.snapshot("acc-1", TIMES.format(1), [])
        after = self.status()
        self.assertEqual(after.json["total_syncs"], "1")
        self.assertIn("fwd=uri-miss", after.headers["cache-status"])

    def test_nothing_that_goes_through_all_keys_is_sent_while_serving(self):
        self.assertEqual(self.redis.tell("CONFIG", "RESETSTAT"), "OK")
        for number in range(20):
            self.host.snapshot("acc-1", TIMES.format(number), [])
            self.status()
            self.check()
            self.host.metric("redis_keys_total")
        sent = {line.split(":")[0] for line in self.redis.tell("INFO", "commandstats").splitlines()}
        self.assertLessEqual({"cmdstat_mget", "cmdstat_unlink", "cmdstat_publish"}, sent)
        self.assertEqual(sent & {"cmdstat_keys", "cmdstat_scan", "cmdstat_flushdb", "cmdstat_flushall"}, set())

    def test_keys_are_counted_in_the_database_that_the_url_names(self):
        self.status()
        self.wait_for_keys()
        self.assertGreater(self.host.metric('redis_keys_total{db="0"}'), 0)
        self.host = self.make_host(url=self.redis.url.removesuffix("/0") + "/3")
        self.host.put_account("acc-1", "ann")
        self.status()
        self.wait_for_keys(3)
        self.assertGreater(self.host.metric('redis_keys_total{db="3"}'), 0)

    def test_a_killed_and_a_frozen_redis_fail_no_request_and_lose_no_write(self):
        self.wait_for("up")
        with UnderLoad(self):
            self.redis.signal(signal.SIGKILL)
            self.wait_for("degraded")
            self.assertEqual(self.host.request("GET", "/api/v1/ready").status, 200)
            self.assertEqual(self.host.metric("redis_keys_total"), 0)
            self.redis.start()  # Empty.
            self.wait_for("up")
            self.redis.signal(signal.SIGSTOP)
            self.wait_for("degraded")
            self.redis.signal(signal.SIGCONT)
            self.wait_for("up")
        self.wait_for_keys()

    def test_a_slow_redis_fails_no_request_and_is_waited_for_a_few_times_only(self):
        road = SlowRoad(self.redis.port)
        self.addCleanup(road.close)
        self.host.close()
        # Longer than the road's own program takes on a machine that has much to do.
        self.host = self.make_host(url=self.redis.url.replace(str(self.redis.port), str(road.port)), budget="500ms")
        self.host.put_account("acc-1", "ann")
        self.wait_for("up")
        with UnderLoad(self) as load:
            for _ in range(2):
                road.delay = 2
                # Not at once: an invalidation that was not taken in time is a reason, too.
                eventually(lambda: "did not answer within" in (self.shown()["reason"] or ""))
                # It is known to be slow: nobody waits for it any more.
                waited, asked = eventually(self.settled_timeouts), self.misses()
                self.assertGreater(waited, 0)
                load.crowd.go_on(self)
                eventually(lambda: self.misses() > asked + 50)
                self.assertEqual(self.host.metric("redis_timeouts_total"), waited)
                self.assertEqual(self.check()["checks"]["redis"]["status"], "degraded")
                road.delay = 0
                self.wait_for("up")
        self.wait_for_keys()

    def settled_timeouts(self):
        """Calls that have waited in vain, once those that were under way have."""
        before = self.host.metric("redis_timeouts_total")
        time.sleep(1)
        return before if self.host.metric("redis_timeouts_total") == before else None

    def misses(self):
        """What this host did not have itself, for which it could have asked Redis."""
        return self.host.metric('cache_requests_total{layer="redis"')

    def test_a_full_redis_fails_no_request_and_shows_nothing_old(self):
        self.status()
        self.wait_for_keys()
        with UnderLoad(self):
            self.assertEqual(self.redis.tell("CONFIG", "SET", "maxmemory-policy", "noeviction", "maxmemory", "1"), "OK")
            self.assertIn("OOM", self.redis.tell("SET", "probe", "1"))
            self.wait_for("degraded")
            self.assertEqual(self.host.request("GET", "/api/v1/ready").status, 200)
            self.wait_for_keys()
            self.assertEqual(self.redis.tell("CONFIG", "SET", "maxmemory", "0"), "OK")
            self.wait_for("up")
        # It is used again.
        stored = self.host.metric('cache_requests_total{layer="redis"')
        self.host.snapshot("acc-1", "2026-01-06T10:00:00Z", [])
        self.assertIn("stored", self.status().headers["cache-status"])
        self.assertGreater(self.host.metric('cache_requests_total{layer="redis"'), stored)
        self.wait_for_keys()

    def test_a_redis_that_is_emptied_again_and_again_shows_nothing_old(self):
        with UnderLoad(self):
            for _ in range(20):
                self.assertEqual(self.redis.tell("FLUSHALL"), "OK")
                time.sleep(0.1)
        self.wait_for("up")
        self.wait_for_keys()

    def wait_for_keys(self, database=0):
        """What the host says of the keys there are becomes what Redis says, whatever it serves meanwhile."""
        name = f'redis_keys_total{{db="{database}"}}'
        size = lambda: float(self.redis.tell("-n", str(database), "DBSIZE"))
        eventually(lambda: (before := size()) == self.host.metric(name) == size() == before, seconds=20)

    def test_check_probes_and_refuses(self):
        self.assertIn("redis: up", self.host.run("check", "--probe").stdout)
        for url, code, words in [
            ("redis+cluster://h:1", 2, "Redis Cluster"),
            ("redis-sentinel://h:1/m", 2, "Sentinel"),
            (self.redis.url.replace("secret", "wrong-one"), 3, "WRONGPASS"),
            ("redis://127.0.0.1:1", 3, "Redis cannot be reached: Connection refused"),
        ]:
            result = self.host.run(
                "check", "--probe", environment={**self.host.environment, "REDIS_URL": url})
            text = result.stdout + result.stderr
            self.assertEqual(result.returncode, code, text)
            self.assertIn(words, text)
            self.assertNotIn("wrong-one", text)

    def test_a_host_starts_without_redis_and_finds_it_later(self):
        self.redis.signal(signal.SIGKILL)
        late = self.make_host()
        ready = late.request("GET", "/api/v1/ready")
        self.assertEqual((ready.status, ready.json["status"]), (200, "degraded"))
        late.put_account("acc-1", "ann")
        self.assertEqual(self.status(late).status, 200)
        self.redis.start()
        end = time.monotonic() + 30
        while late.request("GET", "/api/v1/ready").json["status"] != "ready":
            self.assertLess(time.monotonic(), end, late.logs())
            time.sleep(0.1)


class UnderLoad:
    """Reads of a hundred clients, and writes each of which is read at once, while something happens to Redis.

    None of them may fail."""

    CLIENTS = 100

    def __init__(self, test):
        self.test, self.host = test, test.host
        self.failures, self.writes, self.stop = [], 0, threading.Event()
        self.host.agent, self.host.token("ann")  # Minted before threads ask for them.
        paths = ["/api/v1/reconciliation/status", "/api/v1/positions/open", "/api/v1/guards/status"]
        self.crowd = Crowd(self.host, [(paths[n % 3], mint("ann" if n < 10 else f"user-{n}")) for n in range(self.CLIENTS)])
        self.thread = threading.Thread(target=self.write)

    def __enter__(self):
        self.crowd.__enter__()
        self.thread.start()
        return self

    def __exit__(self, kind, *_):
        self.stop.set()
        self.thread.join()
        self.crowd.__exit__()
        if kind:
            return
        self.test.assertEqual(self.failures[:3], [])
        self.test.assertGreater(self.writes, 5)
        self.test.assertEqual(self.crowd.failures[:3], [])
        self.test.assertEqual(self.crowd.courses, [["fresh"]] * self.CLIENTS)

    def write(self):
        while not self.stop.is_set():
            self.writes += 1
            try:
                self.host.snapshot("acc-1", at(self.writes), [])
                # Read your writes, on the host that wrote, whatever Redis does.
                seen = int(self.test.status().json["total_syncs"])
                if seen != self.writes:
                    self.failures.append(f"wrote {self.writes} snapshots and read {seen}")
            except AssertionError as error:
                self.failures.append(error)
            time.sleep(0.05)


if __name__ == "__main__":
    unittest.main()
