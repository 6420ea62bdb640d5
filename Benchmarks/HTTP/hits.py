"""Answers from the cache, beside servers that give the same bytes without any of its work."""

import time

from allocations import Allocations
from book import CLOSED, CURRENT, FRESH, Book
from contenders import Concord, Nginx, SwiftServer, fetch
from figures import Counted, report
from scene import concord_with_book, directory, started
from wrk import Load


def hits(options, stack):
    """Concord, raw NIO, Hummingbird and nginx in turns.

    Before each block every user's answer is made anew, so that a block of at most four seconds asks for fresh answers only.
    """
    book = Book(options.users, options.positions, closed=options.hit_share < 1)
    concord, _ = concord_with_book(options, stack, book)
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
    folder = directory(stack)
    load = Load.of(tokens, folder, options, options.hit_share)
    blocks = {contender.name: [] for contender in contenders}
    counted = Counted(concord)
    for contender in contenders:
        load.block(contender, 2)
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
    folder = directory(stack)
    ours, theirs = Allocations(folder, "concord"), Allocations(folder, "raw")
    concord = started(stack, Concord("memory", "sqlite", ours.environment))
    raw = started(stack, SwiftServer("raw NIO", "RawServer", headers, body, theirs.environment))
    # Few, because misses of many would be among the hits.
    book = Book(10, options.positions)
    book.send(concord.port)
    tokens = book.tokens()
    raw.wait(CURRENT, tokens[0])
    load = Load.of(tokens, folder, options, hit_share=1)
    for contender, counted in [(concord, ours), (raw, theirs)]:
        load.block(contender, 2)
        book.ask(concord.port, CURRENT, tokens)
        before = counted.count
        requests = load.block(contender, 2).requests
        print(f"{contender.name}: {(counted.count - before) / requests:.1f} allocations a request")


def shared(options, stack):
    """A constant share of hits, one Concord alone."""
    book = Book(options.users, options.positions, closed=True)
    concord, _ = concord_with_book(options, stack, book)
    folder = directory(stack)
    load = Load.of(book.tokens(), folder, options, options.hit_share)
    load.block(concord, 2)
    counted, blocks = Counted(concord), []
    for _ in range(options.rounds):
        counted.begin()
        blocks.append(load.block(concord, options.duration))
        counted.end()
    counted.check(blocks, options)
    report([concord], {concord.name: blocks})
