"""Concord with `cache.use: redis` on a Redis of its own, which is killed, frozen and started again under load."""

import signal
import threading
import time
import unittest

from harness import Host
from servers import Redis

TIMES = "2026-01-05T10:{:02d}:00Z"


class RedisTest(unittest.TestCase):
    def setUp(self):
        self.redis = Redis().start()
        self.addCleanup(self.redis.close)
        self.host = self.make_host()
        self.host.put_account("acc-1", "ann")

    def make_host(self):
        host = Host("cache: { use: redis, default_ttl: 10s }\n", {"REDIS_URL": self.redis.url})
        self.addCleanup(host.close)
        return host.serve()

    def status(self, host=None):
        host = host or self.host
        return host.get("/api/v1/reconciliation/status", host.token("ann"))

    def check(self):
        return self.host.request("GET", "/api/v1/ready").json

    def wait_for(self, status, seconds=30):
        end = time.monotonic() + seconds
        while self.check()["checks"]["redis"]["status"] != status:
            if time.monotonic() > end:
                raise AssertionError(f"redis is not {status}: {self.check()}\n{self.host.logs()}")
            time.sleep(0.1)

    def metric(self, name):
        lines = self.host.request("GET", "/metrics").body.splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name))

    def test_answers_lie_in_redis_and_a_write_ends_them(self):
        first, second = self.status(), self.status()
        self.assertIn("fwd=uri-miss; stored", first.headers["cache-status"])
        self.assertIn("concord; hit", second.headers["cache-status"])
        keys = self.redis.tell("KEYS", "concord_1:reconciliation.status:*").splitlines()
        self.assertEqual(len(keys), 1, self.redis.tell("KEYS", "*"))

        # The host's own copies go: what is answered next comes out of Redis, the same bytes.
        self.redis.tell("PUBLISH", "concord_invalidations", "not a notice")
        end = time.monotonic() + 10
        while not self.metric('cache_requests_total{layer="redis",operation="reconciliation.status",result="hit"}'):
            self.assertLess(time.monotonic(), end, "nothing was found in Redis")
            found = self.status()
            self.assertEqual(found.body, first.body)
            time.sleep(0.01)
        self.assertIn("concord; hit", found.headers["cache-status"])

        self.host.snapshot("acc-1", TIMES.format(1), [])
        after = self.status()
        self.assertEqual(after.json["total_syncs"], "1")
        self.assertIn("fwd=uri-miss", after.headers["cache-status"])

    def test_keys_are_counted(self):
        self.status()
        end = time.monotonic() + 10
        while self.metric('redis_keys_total{db="0"}') != float(self.redis.tell("DBSIZE")):
            self.assertLess(time.monotonic(), end, "redis_keys_total is not what DBSIZE says")
            self.status()
            time.sleep(0.1)

    def test_a_killed_and_a_frozen_redis_fail_no_request_and_lose_no_write(self):
        self.assertEqual(self.check()["checks"]["redis"]["status"], "up")
        failures, stop, writes = [], threading.Event(), []

        def read():
            while not stop.is_set():
                answer = self.status()
                if answer.status != 200:
                    failures.append(answer)

        def write():
            minute = 0
            while not stop.is_set():
                minute += 1
                second = f"2026-01-05T{10 + minute // 3600:02d}:{minute // 60 % 60:02d}:{minute % 60:02d}Z"
                try:
                    self.host.snapshot("acc-1", second, [])
                    # Read your writes, on the host that wrote, whatever Redis does.
                    seen = int(self.status().json["total_syncs"])
                    if seen != minute:
                        failures.append(f"wrote {minute} snapshots and read {seen}")
                except AssertionError as error:
                    failures.append(error)
                writes.append(minute)
                time.sleep(0.05)

        threads = [threading.Thread(target=read) for _ in range(4)] + [threading.Thread(target=write)]
        for thread in threads:
            thread.start()
        try:
            self.redis.signal(signal.SIGKILL)
            self.wait_for("degraded")
            self.assertEqual(self.host.request("GET", "/api/v1/ready").status, 200)
            self.redis.start()
            self.wait_for("up")
            self.redis.signal(signal.SIGSTOP)
            self.wait_for("degraded")
            self.redis.signal(signal.SIGCONT)
            self.wait_for("up")
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        self.assertEqual(failures, [])
        self.assertGreater(len(writes), 5)

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


if __name__ == "__main__":
    unittest.main()
