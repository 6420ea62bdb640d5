"""What Concord takes of the machine's memory, and how long it takes to start."""

import statistics
import time

from book import CURRENT, Book
from contenders import Concord, fetch
from scene import directory, started
from wrk import Load

# The default of cache.memory.max_size, and what the rest of the host may take beside it.
CACHE_MAX, ALLOWANCE = 64 << 20, 60 << 20


def memory(options, stack):
    """What Concord takes when it has nothing to do, how long it takes to start, and its peak under many users' keys."""
    concord = started(stack, Concord("memory", "sqlite"))
    time.sleep(3)
    print(f"idle: {concord.memory('VmRSS') / 2**20:.1f} MiB resident")
    fresh = concord.start_seconds
    again = [concord.restart() for _ in range(5)]
    print(f"start to ready: {fresh * 1000:.0f} ms with an empty database, "
          f"{statistics.median(again) * 1000:.0f} ms again (median of 5, {max(again) * 1000:.0f} at most)")
    book = Book(options.users, options.positions)
    book.send(concord.port)
    concord.restart()
    time.sleep(15)
    print(f"idle with {options.users} users' accounts: {concord.memory('VmRSS') / 2**20:.1f} MiB resident")
    tokens = book.tokens()
    _, body = fetch(concord.port, CURRENT, tokens[0])
    folder = directory(stack)
    load = Load.of(tokens, folder, options, hit_share=1)
    end = time.monotonic() + options.duration
    while (left := end - time.monotonic()) > 0:
        block = load.block(concord, max(1, min(30, int(left))))
        print(f"{options.users} users' keys of {len(body)} bytes: {block.rate:.0f} requests/s, "
              f"{concord.memory('VmRSS') / 2**20:.1f} MiB resident, {concord.memory('VmHWM') / 2**20:.1f} at the peak")
    limit = CACHE_MAX + ALLOWANCE
    print(f"peak / (cache.memory.max_size + {ALLOWANCE >> 20} MiB): {concord.memory('VmHWM') / limit:.2f}")
