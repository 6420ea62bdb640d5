"""Proofs that take minutes: kills and drains during ingest, memory under load, the matcher against an oracle."""

import os
import pathlib
import platform
import random
import signal
import subprocess
import sys
import threading
import time

from harness import ROOT, Host, at, position, trade
from kills import kill_at_every_step
from load import SECRET, Crowd
from reloads import reload_under_load
from reloads import started as started_with
from servers import Redis, variable

sys.path.append(str(ROOT / "Benchmarks" / "HTTP"))
import book  # noqa: E402

QUICK = "--quick" in sys.argv[1:]
SCALE = 10 if QUICK else 1


def started(extra=""):
    host = Host(extra)
    host.serve()
    host.put_account("acc", "U")
    host.agent, host.operator  # Minted before anything is timed.
    return host


def snapshot(number):
    return {"account_id": "acc", "as_of": at(number), "completeness": "complete",
            "positions": [position(n, current_price=f"1.1{number % 1000:04d}") for n in range(1, 21)]}


def kills(cycles):
    """Every acknowledged snapshot is there after each kill, once."""
    host, acknowledged, number = started(), {}, 0
    try:
        for cycle in range(cycles):
            stop = threading.Event()

            def write():
                nonlocal number
                while not stop.is_set():
                    number += 1
                    try:
                        answer = host.request("POST", "/api/v1/snapshots", host.agent, snapshot(number), timeout=5)
                    except OSError:
                        return
                    if answer.status == 200:
                        acknowledged[number] = answer.json["run_id"]

            writer = threading.Thread(target=write)
            writer.start()
            time.sleep(random.Random(cycle).uniform(0.0, 0.08))
            host.stop(signal.SIGKILL)
            stop.set()
            writer.join()
            host.serve()
        stored = int(host.ok("GET", "/api/v1/reconciliation/status?account_id=acc", host.operator)["total_syncs"])
        lost = doubled = 0
        for each, run in acknowledged.items():
            answer = host.ok("POST", "/api/v1/snapshots", host.agent, snapshot(each))
            lost += not answer["duplicate"]
            doubled += answer["duplicate"] and answer["run_id"] != run
        unacknowledged = stored - len(acknowledged)
        assert lost == 0 and doubled == 0 and 0 <= unacknowledged <= cycles, (lost, doubled, unacknowledged)
        return f"{cycles} kills, {len(acknowledged)} acknowledged snapshots: {lost} lost, {doubled} doubled"
    finally:
        host.close()


def kills_at_every_step(cycles, postgres=None):
    """Whole or not at all, wherever in its ingest a host dies; the same call again ends it, once."""
    host = Host(postgres=postgres)
    try:
        counts = kill_at_every_step(host, host.path, cycles)
        sides = [counts[side] for side in ("before", "unheard", "acknowledged")]
        assert all(sides), counts
        return (f"{sum(sides)} kills over {counts['steps']} steps: {counts['before']} before the commit, nothing stored; "
                f"{counts['unheard']} between commit and answer, stored; {counts['acknowledged']} after the answer; "
                "0 lost, 0 doubled, 0 in part")
    finally:
        host.close()


def drains(cycles):
    """SIGTERM under load: exit 0, and what was acknowledged is stored."""
    host, total, slowest = started(), 0, 0.0
    try:
        for cycle in range(cycles):
            done = []

            def write(worker):
                for step in range(1000):
                    try:
                        number = (cycle * 4 + worker) * 1000 + step
                        answer = host.request("POST", "/api/v1/snapshots", host.agent, snapshot(number), timeout=15)
                    except OSError:
                        return
                    if answer.status != 200:
                        return
                    done.append(number)

            workers = [threading.Thread(target=write, args=(n,)) for n in range(4)]
            for worker in workers:
                worker.start()
            time.sleep(0.1)
            begun = time.monotonic()
            code = host.stop(signal.SIGTERM)
            slowest = max(slowest, time.monotonic() - begun)
            for worker in workers:
                worker.join()
            assert code == 0, code
            total += len(done)
            host.serve()
            stored = int(host.ok("GET", "/api/v1/reconciliation/status?account_id=acc", host.operator)["total_syncs"])
            assert stored == total, (stored, total)
        assert slowest < 10, slowest
        return f"{cycles} drains, {total} acknowledged, all stored; slowest exit {slowest:.2f} s"
    finally:
        host.close()


def resident(host):
    """MiB"""
    text = pathlib.Path(f"/proc/{host.process.pid}/status").read_text()
    return int(next(line for line in text.splitlines() if line.startswith("VmRSS")).split()[1]) / 1024


def start_and_idle(starts):
    """From the call to `/ready`, and what a host that nobody asks keeps in memory."""
    host, seconds = Host(environment={"JWT_SECRET_KEY": SECRET}, postgres=None), []
    try:
        for _ in range(starts):
            begun = time.monotonic()
            host.serve()
            seconds.append(time.monotonic() - begun)
            time.sleep(10)
            idle = resident(host)
            assert host.stop() == 0
        median = sorted(seconds)[len(seconds) // 2]
        assert median < 0.3 and idle < 40, (seconds, idle)
        return f"ready after {median * 1000:.0f} ms, median of {starts}; {idle:.0f} MiB resident after 10 s"
    finally:
        host.close()


# What the cache may take, and what the host may take beyond it.
CACHE_MIB, BEYOND_MIB = 64, 60
USERS, POSITIONS = 100_000 // SCALE, 5
PATHS = ["/api/v1/reconciliation/status", "/api/v1/positions/open", "/api/v1/guards/status",
         "/api/v1/reconciliation/breaks", "/api/v1/positions/closed?limit=20"]


def memory(minutes):
    """Resident memory over minutes of reads with 100,000 users' keys and writes to their accounts.

    Each has an account with open positions, so that their answers fill the cache.
    """
    host = Host(f"cache: {{ memory: {{ max_size: {CACHE_MIB}MiB }} }}\n", {"JWT_SECRET_KEY": book.SECRET}, postgres=None)
    try:
        host.serve()
        book.Book(USERS, POSITIONS).send(host.port)
        assert host.stop() == 0
        host.serve()
        host.agent  # Minted before threads ask for it.
        end, curve, count, refused = time.monotonic() + minutes * 60, [], 0, []
        generator, tokens = random.Random(1), {}

        def question():
            user = f"user-{generator.randint(1, USERS)}"
            # Users keep their tokens; these last for longer than the load.
            if user not in tokens:
                tokens[user] = book.token(user, exp=int(time.time() + minutes * 60) + 3600)
            return generator.choice(PATHS), tokens[user]

        with Crowd(host, [question] * 20, pause=0) as crowd:
            step = max(1, minutes * 60 / 30)
            while time.monotonic() < end:
                if time.monotonic() >= end - minutes * 60 + len(curve) * step:
                    curve.append(resident(host))
                count += 1
                body = dict(snapshot(count), account_id=str(generator.randint(1, USERS)))
                answer = host.request("POST", "/api/v1/snapshots", host.agent, body)
                if answer.status != 200:
                    refused.append(answer)
                time.sleep(0.02)
        curve.append(resident(host))
        text = " ".join(f"{each:.0f}" for each in curve)
        assert not refused and not crowd.failures, (refused[:3], crowd.failures[:3])
        assert {kind for course in crowd.courses for kind in course} == {"fresh"}, crowd.courses[:3]
        assert max(curve) <= CACHE_MIB + BEYOND_MIB, text
        # Past the first half it only moves up and down.
        half = len(curve) // 2
        assert max(curve[half:]) <= max(curve[:half]) * 1.05 + 4, text
        return (f"{minutes:g} min, {crowd.answered} reads with the keys of {USERS} users, {count} snapshots, 0 refused; "
                f"{host.metric('cache_evictions_total'):.0f} evictions; resident MiB: {text}")
    finally:
        host.close()


def reloads(count):
    """Configurations taking over under load, half of them broken: no request fails, and nothing leaks."""
    redis = Redis().start()
    host = started_with(redis)
    try:
        done, outcome = reload_under_load(host, count, redis)
        assert not outcome.failures and outcome.kinds == {"fresh"}, (outcome.failures[:3], outcome.kinds)
        before, usages = outcome.before, outcome.usages
        assert max(each.descriptors for each in usages) <= before.descriptors + 8, usages
        assert max(each.threads for each in usages) <= before.threads + 4, usages
        # Past the first half it only moves up and down.
        half = len(usages) // 2
        early, late = (max(each.resident for each in part) for part in (usages[:half], usages[half:]))
        assert late <= early * 1.05 + 4, (early, late)
        assert host.metric("config_generation") == done.generation
        assert host.metric("config_reload_failures_total") == done.failed
        return (f"{count} reloads, half of them broken, {outcome.answered} answers, 0 failed; {before} before, "
                f"{outcome.after} after, at most {early:.0f} MiB in the first half and {late:.0f} in the second")
    finally:
        host.close()
        redis.close()


def oracle(books):
    """The matcher against a slow comparison of every row with every other."""
    begun = time.monotonic()
    subprocess.run(["swift", "test", "--filter", "OracleTests"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL,
                   env=dict(os.environ, CONCORD_ORACLE_BOOKS=str(books)))
    return f"{books} small random books, the same findings in each; {time.monotonic() - begun:.0f} s with its build"


def machine():
    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if "model name" in line), "unknown")
    return f"{os.cpu_count()} cores, {model}, {platform.system()} {platform.release().split('-')[0]}"


def figures():
    """What each proof came to. One that fails says so in its place and keeps the others."""
    proofs = [
        ("Kill -9 during ingest", lambda: kills(200 // SCALE)),
        ("Kill -9 at every step, SQLite", lambda: kills_at_every_step(200 // SCALE)),
        ("Kill -9 at every step, PostgreSQL",
         lambda: kills_at_every_step(200 // SCALE, variable("CONCORD_TEST_POSTGRES_URL"))),
        ("SIGTERM under load", lambda: drains(30 // SCALE)),
        ("Reloads under load", lambda: reloads(200 // SCALE)),
        ("Start and idle", lambda: start_and_idle(5)),
        ("Memory under load", lambda: memory(30 / SCALE)),
        ("Matcher against an oracle", lambda: oracle(100_000 // SCALE)),
    ]
    results, failed = [], 0
    for name, proof in proofs:
        try:
            figure = proof()
        except AssertionError as error:
            figure, failed = f"**failed**: {error}", failed + 1
        print(f"{name}: {figure}", flush=True)
        results.append((name, figure))
    return results, failed


def main():
    results, failed = figures()
    if QUICK:
        return failed
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True).stdout.strip()
    page = [
        "# Proofs", "",
        "The table is written by `scripts/soak`; each run replaces it and says what failed.", "",
        f"- Commit: {commit}", "- Command: `scripts/soak`", f"- Machine: {machine()}", "",
        "| proof | figure |", "|---|---|",
        *(f"| {name} | {figure} |" for name, figure in results), "",
    ]
    file = ROOT / "docs" / "proofs.md"
    _, heading, kept = file.read_text().partition("\n## ")
    file.write_text("\n".join(page) + heading + kept)
    return failed


if __name__ == "__main__":
    sys.exit(1 if main() else 0)
