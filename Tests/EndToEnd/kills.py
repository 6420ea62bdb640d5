"""Kills a host -9 at every step of an ingest, and says on which side of the commit each kill fell."""

import mmap
import pathlib
import shutil
import signal
import struct
import subprocess
import threading
import time

from harness import at, position

SOURCE = pathlib.Path(__file__).with_name("killpoint.c")
ACCOUNT = "acc"


class KillPoints:
    """Counts the steps of the hosts it is given to, and lets one of them die at the n-th."""

    def __init__(self, directory):
        library = pathlib.Path(directory) / "killpoint.so"
        subprocess.run([compiler(), "-shared", "-fPIC", "-O1", "-o", str(library), str(SOURCE), "-ldl"], check=True)
        path = pathlib.Path(directory) / "killpoints"
        path.write_bytes(bytes(16))
        self.file = open(path, "r+b")
        self.state = mmap.mmap(self.file.fileno(), 16)
        self.environment = {"LD_PRELOAD": str(library), "CONCORD_KILL_POINTS": str(path)}

    def arm(self, step):
        self.state[:16] = struct.pack("qq", step, 0)

    @property
    def taken(self):
        return struct.unpack("qq", self.state[:16])[1]

    def close(self):
        self.state.close()
        self.file.close()


def compiler():
    """Swift comes with one."""
    swift = shutil.which("swift")
    beside = pathlib.Path(swift).resolve().with_name("clang") if swift else None
    found = str(beside) if beside and beside.exists() else shutil.which("clang") or shutil.which("cc")
    if not found:
        raise AssertionError("no C compiler: neither clang beside swift nor clang or cc on the PATH")
    return found


def snapshot(number):
    return {"account_id": ACCOUNT, "as_of": at(number), "completeness": "complete",
            "positions": [position(n, current_price=f"1.1{number % 1000:04d}") for n in range(1, 21)]}


class KilledIngest:
    """One account's snapshots, each sent to a host that dies on it, then again to the one that comes after."""

    def __init__(self, host, points):
        self.host, self.points = host, points
        # One connection, so that what one ingest leaves prepared is so for the next.
        one = {"CONCORD__STORAGE__POSTGRES__POOL_SIZE": "1", "CONCORD__STORAGE__POSTGRES__MAX_OVERFLOW": "0"}
        host.environment.update({**points.environment, **(one if host.postgres else {})})
        host.serve()
        host.put_account(ACCOUNT, "ann")
        host.agent  # Minted before anything is timed.
        self.number = 0
        # Unacknowledged and not stored, unacknowledged and stored, acknowledged.
        self.counts = {"before": 0, "unheard": 0, "acknowledged": 0}

    def send(self, number):
        return self.host.request("POST", "/api/v1/snapshots", self.host.agent, snapshot(number), timeout=20,
                                 headers={"Idempotency-Key": f"k-{number}"})

    def steps(self, samples=5):
        """How many steps an ingest takes, as a rule: other work of the host is counted, too."""
        return sorted(self.counted() for _ in range(samples))[samples // 2]

    def counted(self):
        """One ingest that nothing happens to, which leaves every statement prepared, and its steps."""
        self.number += 1
        self.points.arm(0)
        answer = self.send(self.number)
        assert answer.status == 200, answer
        return self.points.taken

    def cycle(self, step):
        """Dies at that step, or, if the ingest has fewer, once it has answered. Returns the side of the commit it was on."""
        self.counted()
        self.number += 1
        number, heard = self.number, []

        def ask():
            try:
                heard.append(self.send(number))
            except OSError:
                pass

        self.points.arm(step)
        client = threading.Thread(target=ask)
        client.start()
        client.join()
        self.points.arm(0)
        self.host.stop(signal.SIGKILL)
        stored = self.stored(number)
        if heard:
            assert heard[0].status == 200, heard
            assert stored, f"snapshot {number} was acknowledged, and is lost"
        side = "acknowledged" if heard else "unheard" if stored else "before"
        self.counts[side] += 1
        self.host.serve()
        again = self.send(number)
        assert again.status == 200, again
        if heard:
            assert again.body == heard[0].body, (heard, again)
        assert self.send(number).body == again.body
        self.check(number)
        return side

    def stored(self, number):
        """Whether the snapshot is there; nothing of it may be there without the rest."""
        if self.host.postgres:
            # What a dead host has asked for may still be under way.
            end = time.monotonic() + 10
            while self.host.postgres.value("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                                           "AND application_name = 'concord'") != "0":
                assert time.monotonic() < end, "a killed host's connections stay"
        total = self.check(None)
        assert number - 1 <= total <= number, (number, total)
        return total == number

    def check(self, expected):
        """Of each table as many rows as there are snapshots, and as many of these as were sent."""
        ((snapshots, counted, runs, logs, keys),) = self.host.stored(
            "SELECT (SELECT count(*) FROM snapshots) AS a, (SELECT snapshots_total FROM accounts) AS b, "
            "(SELECT count(*) FROM runs) AS c, (SELECT count(*) FROM reconciliation_logs WHERE kind = 'sync') AS d, "
            "(SELECT count(*) FROM idempotency_keys) AS e")
        assert snapshots == counted == runs == logs == keys, (snapshots, counted, runs, logs, keys)
        assert expected is None or snapshots == expected, (snapshots, expected)
        return snapshots


def kill_at_every_step(host, directory, cycles):
    """Spreads half of so many kills evenly over the steps of an ingest; the others close in on its commit from both sides.

    There are more than so many, up to twice, if none has fallen between the commit and the answer yet. Returns how many fell on which side of it, and how many steps there were.
    """
    points = KillPoints(directory)
    try:
        ingest = KilledIngest(host, points)
        steps = ingest.steps()
        # Up to which step nothing was stored, and from which on it was acknowledged.
        before, acknowledged = 0, steps + 1
        for place in range(2 * cycles):
            if place >= cycles and ingest.counts["unheard"]:
                break
            if place < cycles // 2:
                step = 1 + place * steps // (cycles // 2)
            else:
                low, high = sorted((before, acknowledged))
                step = max(1, low + 1 + (high - low) // 2 if high - low > 4 else low - 1 + place % (high - low + 3))
            side = ingest.cycle(step)
            if side == "before":
                before = max(before, step)
            elif side == "acknowledged":
                acknowledged = min(acknowledged, step)
            else:
                before, acknowledged = min(before, step - 1), max(acknowledged, step + 1)
        return {**ingest.counts, "steps": steps}
    finally:
        points.close()
