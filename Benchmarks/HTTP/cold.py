"""Answers from storage, beside PostgreSQL's own measuring program."""

import statistics

from book import CURRENT, Book
from contenders import fetch
from figures import Counted, median, report
from pgbench import Pgbench
from scene import concord_with_book, directory
from wrk import Load


def cold(options, stack):
    """Every query from storage, in turns with pgbench, which makes the same read and throws the rows away."""
    book = Book(options.users, options.positions)
    concord, postgres = concord_with_book(options, stack, book)
    tokens = book.tokens()
    pgbench = Pgbench(concord, postgres, options, lambda: fetch(concord.port, CURRENT, tokens[0]))
    folder = directory(stack)
    load = Load.of(tokens, folder, options, hit_share=1)
    load.block(concord, 2)
    counted, blocks, theirs = Counted(concord), [], []
    for _ in range(options.rounds):
        theirs.append(pgbench.rate(options.duration))
        counted.begin()
        blocks.append(load.block(concord, options.duration))
        counted.end()
    counted.check(blocks, options)
    report([concord], {concord.name: blocks})
    ours = median(blocks, "rate")
    print(f"pgbench: {statistics.median(theirs):.0f} reads/s ({min(theirs):.0f} to {max(theirs):.0f}) "
          f"on {pgbench.connections} connections")
    print(f"Concord / pgbench: {ours / statistics.median(theirs):.2f}")
