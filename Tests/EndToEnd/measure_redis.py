"""What a hundred clients wait for while Redis is well, slow, frozen, full and killed: figures, beside the budget.

    CONCORD_BINARY=…/concord python3 -B measure_redis.py [SECONDS]

Every client is a user with a key of its own, so that each answer that is no longer fresh is a question to Redis. Clients, host
and Redis share the machine: what its load adds is in every line, the first one tells how much.
"""

import signal
import sys
import time

from harness import Host, eventually
from load import SECRET, Crowd, mint
from servers import Redis, SlowRoad

CLIENTS, BUDGET = 100, 20
PATHS = ["/api/v1/reconciliation/status", "/api/v1/positions/open", "/api/v1/guards/status"]


def main(seconds):
    redis = Redis().start()
    road = SlowRoad(redis.port)
    host = Host("cache: { use: redis }\n", {"JWT_SECRET_KEY": SECRET, "REDIS_URL": redis.url.replace(
        str(redis.port), str(road.port))}, postgres=None)
    try:
        host.serve()

        def slow(delay):
            road.delay = delay

        def memory(limit):
            assert redis.tell("CONFIG", "SET", "maxmemory-policy", "noeviction", "maxmemory", limit) == "OK"

        states = [
            ("well", lambda: None, lambda: None),
            ("200 ms an answer", lambda: slow(0.2), lambda: slow(0)),
            ("frozen", lambda: redis.signal(signal.SIGSTOP), lambda: redis.signal(signal.SIGCONT)),
            ("full", lambda: memory("1"), lambda: memory("0")),
            ("killed", lambda: redis.signal(signal.SIGKILL), redis.start),
        ]
        print(f"{'Redis is':18} {'answers':>8} {'not 200':>8} {'p50 ms':>7} {'p99 ms':>7} {'max ms':>7} {'waited':>7}"
              f"   (budget {BUDGET} ms)")
        for name, begin, end in states:
            eventually(lambda: host.request("GET", "/api/v1/ready").json["checks"]["redis"]["status"] == "up")
            waited = host.metric("redis_timeouts_total")
            with Crowd(host, [(PATHS[n % 3], mint(f"{name.replace(' ', '-')}-{n}")) for n in range(CLIENTS)], pause=0.1) as crowd:
                time.sleep(1)
                crowd.seconds.clear()
                begin()
                try:
                    time.sleep(seconds)
                    took = sorted(crowd.seconds)
                finally:
                    end()
            bad = len(crowd.failures) + sum(course != ["fresh"] for course in crowd.courses)
            at = lambda share: took[min(len(took) - 1, int(len(took) * share))] * 1000
            print(f"{name:18} {len(took):8} {bad:8} {at(0.5):7.1f} {at(0.99):7.1f} {at(1):7.1f} "
                  f"{host.metric('redis_timeouts_total') - waited:7.0f}", flush=True)
    finally:
        host.close()
        road.close()
        redis.close()


if __name__ == "__main__":
    main(float(sys.argv[1]) if len(sys.argv) > 1 else 20)
