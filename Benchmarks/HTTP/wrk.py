"""Load on one server by wrk, and what it came to."""

import collections
import json
import pathlib
import subprocess

from book import CLOSED, CURRENT
from contenders import program

SCRIPT = pathlib.Path(__file__).with_name("requests.lua")


class Load:
    """What is sent in each block: the tokens of a file in rotation, a share of them asking what nobody has asked before."""

    # Moments of one block of load, in milliseconds; none has as many misses.
    BLOCK = 100_000_000

    def __init__(self, tokens, path, miss_path, hit_share, connections, threads, pause=0):
        """`pause` is what each connection waits between an answer and its next request, in milliseconds, on average."""
        self.pause = pause
        self.tokens, self.path, self.miss_path = tokens, path, miss_path
        self.miss_share, self.connections, self.threads = round(1 - hit_share, 6), connections, threads
        self.blocks = 0

    @classmethod
    def of(cls, tokens, directory, options, hit_share, pause=0):
        """With a file of its own for the tokens."""
        file = pathlib.Path(directory) / "tokens"
        file.write_text("\n".join(tokens) + "\n")
        return cls(file, CURRENT, CLOSED, hit_share, options.connections, options.threads, pause)

    def block(self, contender, seconds):
        """Loads a server for a while. Ends the program when an answer is not one of 200 with a body."""
        self.blocks += 1
        command = [program("wrk"), f"-t{self.threads}", f"-c{self.connections}", f"-d{seconds}s", "--timeout", "10s",
                   "-s", str(SCRIPT), f"http://127.0.0.1:{contender.port}", "--",
                   str(self.tokens), self.path, str(self.miss_share), self.miss_path, str(self.blocks * self.BLOCK), str(self.pause)]
        before = contender.processor_seconds()
        result = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 60)
        processor = contender.processor_seconds() - before
        if result.returncode != 0:
            raise SystemExit(f"bench: wrk: {result.stdout}{result.stderr}")
        figures = json.loads(result.stdout.strip().splitlines()[-1])
        if figures["refused"] or figures["broken"] or not figures["requests"]:
            raise SystemExit(f"bench: {contender.name} did not answer every request: {figures}")
        return Block(figures, processor)


class Block:
    """One server's figures of one block. Times are in milliseconds unless their name says otherwise."""

    def __init__(self, figures, processor):
        self.requests, self.bytes = figures["requests"], figures["bytes"]
        self.rate = self.requests / (figures["duration"] / 1e6)
        self.p50, self.p95, self.p99 = (figures[name] / 1000 for name in ("p50", "p95", "p99"))
        # How often each time was taken, in milliseconds.
        self.times = collections.Counter({time / 1000: count for time, count in figures["times"]})
        self.processor_microseconds = processor * 1e6 / self.requests
