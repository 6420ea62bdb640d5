"""Measures Concord's answers side by side with servers that give the same bytes without any of its work."""

import argparse
import contextlib

from cold import cold
from contenders import program
from hits import hits, shared
from isolation import BEHAVIOURS, isolation
from memory import memory
from people import people

# What can be measured, and what each chooses when it is not told.
MODES = {
    "hits": {"users": 1_000, "duration": 3, "positions": 5},
    "shared": {"users": 100, "duration": 5, "positions": 5, "hit_share": 0.8, "cache": "redis", "storage": "postgres"},
    "cold": {"users": 1_000, "duration": 5, "positions": 10, "cache": "none", "storage": "postgres"},
    "people": {"users": 100, "positions": 5, "cache": "redis", "storage": "postgres"},
    "memory": {"users": 100_000, "duration": 300, "positions": 5},
    "isolation": {"users": 100, "duration": 2, "positions": 5, "connections": 640, "rounds": 30, "pause": 100},
}


def main():
    options = arguments()
    needed = {"wrk": "wrk", "nginx": "nginx-light"}
    if options.what == "people" and not program("locust"):
        raise SystemExit("bench: locust is missing: python3 -m venv FOLDER && FOLDER/bin/pip install locust, "
                         "and FOLDER/bin on the PATH")
    if options.storage == "postgres":
        needed["pgbench"] = "postgresql"
    if options.cache == "redis":
        needed["redis-server"] = "redis-server"
    for name, package in needed.items():
        if not program(name):
            raise SystemExit(f"bench: {name} is missing: apt-get install {package}")
    with contextlib.ExitStack() as stack:
        {"hits": hits, "shared": shared, "cold": cold, "people": people, "memory": memory,
         "isolation": isolation}[options.what](options, stack)


def arguments():
    parser = argparse.ArgumentParser(
        prog="scripts/bench", description=__doc__, epilog="What is not given is as follows: " + "; ".join(
            f"{name}: " + ", ".join(f"{key} {value}" for key, value in values.items()) for name, values in MODES.items()))
    parser.add_argument(
        "what", nargs="?", choices=MODES, default="hits",
        help="hits: beside the other servers (default); shared: a constant share of hits on PostgreSQL and Redis; "
             "cold: without a cache, beside pgbench; people: 100 who think between their requests, by Locust, on PostgreSQL and "
             "Redis; memory: what Concord takes idle and under many users' keys; isolation: beside modules that misbehave")
    parser.add_argument("--connections", type=int, help="(100)")
    parser.add_argument("--threads", type=int, default=1, help="of wrk (1)")
    parser.add_argument("--rounds", type=int, help="(3)")
    parser.add_argument("--duration", type=int, help="seconds that a server is loaded in a round")
    parser.add_argument("--pause", type=int, help="milliseconds between an answer and the next request of a connection, on average (isolation)")
    parser.add_argument("--users", type=int, help="distinct tokens in rotation")
    parser.add_argument("--positions", type=int, help="open positions an account, about 420 bytes each")
    parser.add_argument("--hit-share", type=float, help="of requests whose answer was asked for before (1)")
    parser.add_argument("--cache", choices=["memory", "redis", "none"], help="(memory)")
    parser.add_argument("--storage", choices=["sqlite", "postgres"], help="(sqlite)")
    parser.add_argument("--neighbours", nargs="+", choices=BEHAVIOURS, help="that misbehave (all)")
    options = parser.parse_args()
    for name, value in {"connections": 100, "rounds": 3, "hit_share": 1, "cache": "memory", "storage": "sqlite", **MODES[options.what]}.items():
        if getattr(options, name) is None:
            setattr(options, name, value)
    return options


if __name__ == "__main__":
    main()
