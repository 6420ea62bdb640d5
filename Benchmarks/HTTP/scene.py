"""What a run starts, and stops when it ends."""

import tempfile

from contenders import Concord
from servers import PostgresServer, Redis


def started(stack, contender):
    """Closed when the program ends, even if it does not start."""
    stack.callback(contender.close)
    return contender.start()


def backends(options, stack):
    """Where Concord finds its cache and storage; servers of this run's own are started for what needs one."""
    postgres = redis = None
    if options.storage == "postgres":
        postgres = PostgresServer()
        stack.callback(postgres.close)
    if options.cache == "redis":
        redis = Redis()
        stack.callback(redis.close)
        redis.start()
    return redis.url if redis else options.cache, postgres


def concord_with_book(options, stack, book):
    cache, postgres = backends(options, stack)
    concord = started(stack, Concord(cache, postgres.url if postgres else "sqlite"))
    book.send(concord.port)
    if postgres:
        # As its own housekeeping does some time after so many rows have come.
        concord.host.postgres.value("ANALYZE")
    return concord, postgres


def directory(stack):
    return stack.enter_context(tempfile.TemporaryDirectory(prefix="concord-bench-"))
