"""The built-in read path alone, beside a module that is asked and behaves, and beside one that is asked as often and misbehaves."""

import collections
import contextlib
import http.client
import itertools
import pathlib
import resource
import shutil
import statistics
import threading
import time

from book import Book
from contenders import Concord
from flood import Flood
from plugins import compiled, digest
from scene import backends, directory, started
from wrk import Load

SOURCE = pathlib.Path(__file__).resolve().parents[1] / "Isolation" / "Misbehaving.swift"
# By whom a neighbour is asked: so many callers, each so often a second.
CALLERS, CALLS_PER_SECOND = 8, 10
# Calls that wait at once, each on a connection of its own, and how many come a second: somewhat less than the module answers, so that
# few wait where it is not flooded.
FLOOD, FLOOD_PER_SECOND = 10_000, 800
# The first is the bench's own noise: a second module that does what the calm one does.
BEHAVIOURS = ["behaves", "throws", "hangs", "spins", "returns_1_gb", "is_flooded", "is_called_at_once"]


def isolation(options, stack):
    """Blocks of load in turns, in another order each round. What stands in the table are medians over the rounds."""
    names = options.neighbours or BEHAVIOURS
    make_room_for_descriptors()
    book = Book(options.users, options.positions)
    concord = host(options, stack, book)
    tokens = book.tokens()
    load = Load.of(tokens, directory(stack), options, options.hit_share)
    load.block(concord, 2)
    print(f"{options.connections} connections read open positions; p99 in ms, medians of {options.rounds} rounds, and between which "
          "two the middle half of the ratios lies; last the host's processor time a request, as a ratio\n")
    print("| the neighbour | p99 beside it | beside one that behaves | ratio | alone | ratio | processor time | its answers |")
    print("|---|---|---|---|---|---|---|---|")
    for behaviour in names:
        with contextlib.ExitStack() as own:
            if behaviour == "is_flooded":
                neighbour = Flood(concord.port, tokens[0], behaviour, FLOOD, FLOOD_PER_SECOND)
                own.callback(neighbour.close)
            elif behaviour == "is_called_at_once":
                # In the other turn as many come evenly.
                neighbour = Flood(concord.port, tokens[0], behaviour, FLOOD, FLOOD / options.duration, is_lasting=False)
                own.callback(neighbour.close)
            else:
                neighbour = Callers(concord, tokens[0])
            print(measured(behaviour, neighbour, load, concord, options), flush=True)


def measured(behaviour, neighbour, load, concord, options):
    """A line of the table: a neighbour that misbehaves, one that behaves, and none."""
    names = [behaviour, "calm", None]
    figures, told = {name: [] for name in names}, {name: [] for name in names}
    # Within rounds, for rounds in sixes, each comes as often behind each other one.
    for order in itertools.islice(itertools.cycle(itertools.permutations(names)), options.rounds):
        for name in order:
            neighbour.begin(name)
            figures[name].append(load.block(concord, options.duration))
            told[name].append(neighbour.end())
    wild, calm, alone = ([block.p99 for block in figures[name]] for name in names)
    work = statistics.median(one.processor_microseconds / other.processor_microseconds
                             for one, other in zip(figures[behaviour], figures["calm"]))
    return (f"| {behaviour.replace('_', ' ')} | {statistics.median(wild):.2f} | {statistics.median(calm):.2f} "
            f"| {ratios(wild, calm)} | {statistics.median(alone):.2f} | {ratios(wild, alone)} | {work:.2f} "
            f"| {summary(told[behaviour], told['calm'])} |")


def ratios(ones, others):
    """What stands in a cell: the median of the rounds' ratios, and the middle half of them."""
    values = [one / other for one, other in zip(ones, others)]
    if len(values) < 4:
        return f"{statistics.median(values):.2f}"
    low, middle, high = statistics.quantiles(values, n=4)
    return f"{middle:.2f} ({low:.2f}–{high:.2f})"


def summary(wild, calm):
    """The answers of all rounds, and how many calls waited where the neighbour counts them."""
    total = sum((collections.Counter(answers) for answers, *_ in wild), collections.Counter())
    text = ", ".join(f"{count} × {status}" for status, count in sorted(total.items()))
    least = min((waiting[0] for _, *waiting in wild if waiting), default=0)
    most = max((waiting[1] for _, *waiting in calm if waiting), default=0)
    return text + (f"; {least} waiting at least, beside the calm one {most} at most" if least else "")


def make_room_for_descriptors():
    """For as many connections as a flood has, in this process and in the host."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most < FLOOD + 1_000:
        raise SystemExit(f"bench: a process may have {most} descriptors, and a flood takes {FLOOD + 1_000}: ulimit -n")
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def host(options, stack, book):
    cache, postgres = backends(options, stack)
    concord = Concord(cache, postgres.url if postgres else "sqlite")
    folder = concord.host.path / "modules"
    folder.mkdir(mode=0o755)
    items = []
    for behaviour in ["calm", *BEHAVIOURS]:
        library = compiled("Misbehaving", SOURCE.read_text().replace("BEHAVIOUR", behaviour))
        file = folder / f"{behaviour}.so"
        shutil.copy(library, file)
        items.append(f"{{ id: {behaviour}, file: {file.name}, sha256: {digest(file)} }}")
    # As shipped, but for deadlines, for a gigabyte: two at a time, so that a small machine has room for them; and for a queue in which
    # a whole flood has room.
    own = "hangs: { deadline: 1s }, spins: { deadline: 1s }, returns_1_gb: { calls: 2 }, is_flooded: { queue: 16384 }"
    concord.host.config.write_text(
        concord.host.config.read_text()
        + f"modules: {{ directory: {folder}, traps: {concord.host.path}/traps, limits: {{ of: {{ {own} }} }},\n"
        + f"  dynamic: [{', '.join(items)}] }}\n")
    started(stack, concord)
    book.send(concord.port)
    return concord


class Callers:
    """Ask a neighbour at a steady pace, one after another, until they are told to stop."""

    def __init__(self, concord, token):
        self.concord, self.port, self.token = concord, concord.port, token
        self.lock = threading.Lock()

    def begin(self, name):
        self.answers, self.stopping = {}, threading.Event()
        count = CALLERS if name else 0
        self.threads = [threading.Thread(target=self.ask, args=(name, number), daemon=True) for number in range(count)]
        for thread in self.threads:
            thread.start()

    def end(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join(40)
        # What was given up goes on for a while, and is no part of what follows.
        while self.concord.counters().get('module_calls_overdue{module="spins"}'):
            time.sleep(0.1)
        return (self.answers,)

    def ask(self, name, number):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        # All at once would be a burst that takes the cores from the others ten times a second.
        due = time.monotonic() + number / CALLERS / CALLS_PER_SECOND
        while not self.stopping.wait(max(0, due - time.monotonic())):
            connection.request("GET", f"/api/v1/{name}", headers={"Authorization": f"Bearer {self.token}"})
            answer = connection.getresponse()
            answer.read()
            with self.lock:
                self.answers[answer.status] = self.answers.get(answer.status, 0) + 1
            # What could not be asked in its time is not asked later: whoever waits a second asks less often.
            late = max(0, time.monotonic() - due)
            due += (int(late * CALLS_PER_SECOND) + 1) / CALLS_PER_SECOND
        connection.close()
