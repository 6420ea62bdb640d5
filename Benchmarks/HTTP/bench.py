"""Measures Concord's answers side by side with servers that give the same bytes without any of its work."""

import argparse
import collections
import contextlib
import statistics
import tempfile
import time

from contenders import Concord, Nginx, SwiftServer, fetch, program
from allocations import Allocations
from book import CLOSED, CURRENT, FRESH, Book
from wrk import Load


def main():
    options = arguments()
    for name, package in [("wrk", "wrk"), ("nginx", "nginx-light")]:
        if not program(name):
            raise SystemExit(f"bench: {name} is missing: apt-get install {package}")
    with contextlib.ExitStack() as stack:
        hits(options, stack)


def arguments():
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("--connections", type=int, default=100)
    parser.add_argument("--threads", type=int, default=1, help="of wrk (1)")
    parser.add_argument("--duration", type=int, default=3, help="seconds that a server is loaded in a round (3)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--users", type=int, default=1000, help="distinct tokens in rotation (1000)")
    parser.add_argument("--positions", type=int, default=5, help="open positions an account, about 420 bytes each (5)")
    parser.add_argument("--hit-share", type=float, default=1, help="of requests whose answer was asked for before (1)")
    parser.add_argument("--cache", choices=["memory", "redis", "none"], default="memory")
    parser.add_argument("--storage", choices=["sqlite", "postgres"], default="sqlite")
    return parser.parse_args()


def hits(options, stack):
    """Concord, raw NIO, Hummingbird and nginx in turns.

    Before each block every user's answer is made anew, so that a block of at most four seconds asks for fresh answers only.
    """
    book = Book(options.users, options.positions, closed=options.hit_share < 1)
    concord = started(stack, Concord(options.cache, options.storage))
    book.send(concord.port)
    tokens = book.tokens()
    # Asked twice, so that what the others give is an answer from the cache, where there is one.
    fetch(concord.port, CURRENT, tokens[0])
    headers, body = fetch(concord.port, CURRENT, tokens[0])
    others = [(name, value) for name, value in headers if name.lower() not in ("content-length", "connection")]
    contenders = [
        concord,
        started(stack, SwiftServer("raw NIO", "RawServer", others, body)),
        started(stack, SwiftServer("Hummingbird", "HummingbirdServer", others, body)),
        started(stack, Nginx(others, body, [CURRENT, CLOSED.partition("?")[0]])),
    ]
    for contender in contenders[1:]:
        if contender.wait(CURRENT, tokens[0])[1] != body:
            raise SystemExit(f"bench: {contender.name} does not give the bytes that Concord gave")
    print(f"{len(body)} bytes, {options.users} users, {options.connections} connections")
    directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="concord-bench-"))
    load = Load.of(tokens, directory, options, options.hit_share)
    blocks = {contender.name: [] for contender in contenders}
    counted = Counted(concord)
    for contender in contenders:
        load.block(contender, 1)
    loaded = time.monotonic()
    for _ in range(options.rounds):
        for contender in contenders[1:]:
            blocks[contender.name].append(load.block(contender, options.duration))
        # Concord comes last, so that what it answered a round ago is out of date by now or soon.
        time.sleep(max(0, loaded + FRESH - time.monotonic()))
        book.ask(concord.port, CURRENT, tokens)
        counted.begin()
        blocks[concord.name].append(load.block(concord, options.duration))
        counted.end()
        loaded = time.monotonic()
    counted.check(blocks[concord.name], options)
    report(contenders, blocks)
    allocations(options, stack, others, body)


def allocations(options, stack, headers, body):
    """Allocations a hit, counted in processes of their own, because counting takes time."""
    directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="concord-bench-"))
    ours, theirs = Allocations(directory, "concord"), Allocations(directory, "raw")
    concord = started(stack, Concord("memory", "sqlite", ours.environment))
    raw = started(stack, SwiftServer("raw NIO", "RawServer", headers, body, theirs.environment))
    # Few, because misses of many would be among the hits.
    book = Book(10, options.positions)
    book.send(concord.port)
    tokens = book.tokens()
    raw.wait(CURRENT, tokens[0])
    load = Load.of(tokens, directory, options, hit_share=1)
    for contender, counted in [(concord, ours), (raw, theirs)]:
        load.block(contender, 1)
        book.ask(concord.port, CURRENT, tokens)
        before = counted.count
        requests = load.block(contender, 2).requests
        print(f"{contender.name}: {(counted.count - before) / requests:.1f} allocations a request")


def started(stack, contender):
    """Closed when the program ends, even if it does not start."""
    stack.callback(contender.close)
    return contender.start()


class Counted:
    """What Concord's own counters say of the blocks of load on it."""

    def __init__(self, concord):
        self.concord, self.grown = concord, collections.Counter()

    def begin(self):
        self.before = self.concord.counters()

    def end(self):
        for series, value in self.concord.counters().items():
            self.grown[series] += value - self.before.get(series, 0)

    def check(self, blocks, options):
        answers = {series: value for series, value in self.grown.items()
                   if series.startswith("request_duration_seconds_count") and "/positions/" in series and value}
        total, sent = sum(answers.values()), sum(block.requests for block in blocks)
        if any('status="200"' not in series for series in answers):
            raise SystemExit(f"bench: Concord answered otherwise than by 200: {answers}")
        # wrk counts what has come back; at the end of a block every connection has one request under way.
        if not sent <= total <= sent + options.connections * len(blocks):
            raise SystemExit(f"bench: Concord counted {total:.0f} answers, and wrk {sent}")
        if options.cache == "none":
            return
        for layer in ["memory"] + (["redis"] if options.cache == "redis" else []):
            results = {}
            for series, value in self.grown.items():
                if series.startswith("cache_requests_total") and f'layer="{layer}"' in series and value:
                    result = series.partition('result="')[2].partition('"')[0]
                    results[result] = results.get(result, 0) + value
            share = results.get("hit", 0) / max(1, sum(results.values()))
            told = ", ".join(f"{name} {value:.0f}" for name, value in sorted(results.items()))
            print(f"look-ups in {layer}: {told}; hit ratio {share:.4f}")


def report(contenders, blocks):
    print(f"{'medians of the rounds':22} {'requests/s':>10} {'least':>8} {'most':>8} {'p50 ms':>7} {'p95 ms':>7} "
          f"{'p99 ms':>7} {'CPU µs':>7} {'peak MiB':>8}")
    for contender in contenders:
        figures = blocks[contender.name]
        rates = [block.rate for block in figures]
        print(f"{contender.name:22} {statistics.median(rates):10.0f} {min(rates):8.0f} {max(rates):8.0f} "
              f"{median(figures, 'p50'):7.2f} {median(figures, 'p95'):7.2f} {median(figures, 'p99'):7.2f} "
              f"{median(figures, 'processor_microseconds'):7.1f} {contender.memory('VmHWM') / 2**20:8.1f}")
    ours = blocks[contenders[0].name]
    for contender in contenders[1:]:
        theirs = blocks[contender.name]
        print(f"Concord / {contender.name}: {median(ours, 'rate') / median(theirs, 'rate'):.2f} of its requests/s, "
              f"{median(ours, 'processor_microseconds') / median(theirs, 'processor_microseconds'):.2f} of its CPU a request")


def median(blocks, name):
    return statistics.median(getattr(block, name) for block in blocks)


if __name__ == "__main__":
    main()
