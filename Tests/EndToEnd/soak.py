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
from servers import variable

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


def memory(minutes):
    """Resident memory over minutes of reads and writes of many users."""
    host = started()
    try:
        users = 200
        for number in range(users):
            host.put_account(f"acc-{number}", f"user-{number}")
        tokens = [host.operator] * users
        end, curve, count, refused = time.monotonic() + minutes * 60, [], [0], []

        def resident():
            text = pathlib.Path(f"/proc/{host.process.pid}/status").read_text()
            return int(next(line for line in text.splitlines() if line.startswith("VmRSS")).split()[1]) // 1024

        def load(worker):
            generator = random.Random(worker)
            while time.monotonic() < end:
                account = f"acc-{generator.randrange(users)}"
                if generator.random() < 0.2:
                    count[0] += 1
                    body = dict(snapshot(count[0]), account_id=account)
                    answer = host.request("POST", "/api/v1/snapshots", host.agent, body)
                else:
                    answer = host.request(
                        "GET", f"/api/v1/reconciliation/status?account_id={account}", host.operator)
                if answer.status != 200:
                    refused.append(answer)

        workers = [threading.Thread(target=load, args=(n,)) for n in range(4)]
        for worker in workers:
            worker.start()
        while time.monotonic() < end:
            curve.append(resident())
            time.sleep(max(1, minutes * 60 / 10))
        for worker in workers:
            worker.join()
        curve.append(resident())
        assert not refused, refused[:3]
        middle = max(curve[len(curve) // 2 - 1:len(curve) // 2 + 1])
        assert curve[-1] <= middle * 1.1 + 4, curve
        return f"{minutes:g} min, {count[0]} snapshots, 0 refused, resident MiB: {' '.join(map(str, curve))}"
    finally:
        host.close()


def oracle(books):
    """The matcher against a slow comparison of every row with every other."""
    begun = time.monotonic()
    subprocess.run(["swift", "test", "--filter", "OracleTests"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL,
                   env=dict(os.environ, CONCORD_ORACLE_BOOKS=str(books)))
    return f"{books} small random books, the same findings in each; {time.monotonic() - begun:.0f} s with its build"


def machine():
    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if "model name" in line), "unknown")
    return f"{os.cpu_count()} cores, {model}, {platform.system()} {platform.release().split('-')[0]}"


def main():
    results = [
        ("Kill -9 during ingest", kills(200 // SCALE)),
        ("Kill -9 at every step, SQLite", kills_at_every_step(200 // SCALE)),
        ("Kill -9 at every step, PostgreSQL",
         kills_at_every_step(200 // SCALE, variable("CONCORD_TEST_POSTGRES_URL"))),
        ("SIGTERM under load", drains(30 // SCALE)),
        ("Memory under load", memory(5 / SCALE)),
        ("Matcher against an oracle", oracle(100_000 // SCALE)),
    ]
    for name, figure in results:
        print(f"{name}: {figure}")
    if QUICK:
        return
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True).stdout.strip()
    page = [
        "# Proofs", "",
        "The table is written by `scripts/soak`; each run replaces it. An assertion that fails writes nothing.", "",
        f"- Commit: {commit}", "- Command: `scripts/soak`", f"- Machine: {machine()}", "",
        "| proof | figure |", "|---|---|",
        *(f"| {name} | {figure} |" for name, figure in results), "",
    ]
    file = ROOT / "docs" / "proofs.md"
    _, heading, kept = file.read_text().partition("\n## ")
    file.write_text("\n".join(page) + heading + kept)


main()
