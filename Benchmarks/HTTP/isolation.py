"""The built-in read path alone, beside a module that is asked and behaves, and beside one that is asked as often and misbehaves."""

import collections
import contextlib
import http.client
import itertools
import os
import pathlib
import resource
import shutil
import threading
import time

from book import CURRENT, Book
from contenders import Concord
from flood import Flood
from plugins import compiled, digest
from pooled import Pool, ratio
from scene import backends, directory, started
from wrk import Load

SOURCE = pathlib.Path(__file__).resolve().parents[1] / "Isolation" / "Misbehaving.swift"
# By whom a neighbour is asked: so many callers, each so often a second.
CALLERS, CALLS_PER_SECOND = 8, 10
# Seconds of a load before the first of them asks, so that what a module does at first is in it.
LEAD = 0.3
# Calls that wait at once, each on a connection of its own, and how many come a second: somewhat less than the module answers, so that
# few wait where it is not flooded.
FLOOD, FLOOD_PER_SECOND = 10_000, 800
# A breaker soon sees to a gigabyte: the first seconds after the module was loaded are judged, and how many rounds at most.
FIRST_BLOCK, FIRST_ROUNDS_MAX = 45, 6
# Seconds of a block in which they come at once, and of longer times in which that happens once: the rest of those is as beside the
# other. Five minutes are what operators' rates are taken over.
AT_ONCE_BLOCK, AT_ONCE_WINDOWS = 12, [120, 300]
# How many seconds they may take to come, which is longer where other guests have the cores.
MOMENT = 0.3
# A round in which other guests of the machine took more of it than this share is told apart, at most so many times as many.
TAKEN_MAX, DISTURBED_MAX = 0.01, 10
# The first is the bench's own noise: a second module that does what the calm one does.
BEHAVIOURS = ["behaves", "throws", "hangs", "spins", "returns_1_gb", "is_flooded", "is_called_at_once"]


def isolation(options, stack):
    """Blocks of load in turns, in another order each round."""
    names = options.neighbours or BEHAVIOURS
    make_room_for_descriptors()
    book = Book(options.users, options.positions)
    concord = host(options, stack, book)
    tokens = book.tokens()
    load = Load.of(tokens, directory(stack), options, options.hit_share, options.pause)
    warmed = lambda: book.ask(concord.port, CURRENT, tokens)
    load.block(concord, 2)
    print(f"{options.connections} connections read open positions, each {options.pause} ms on average after its last answer. Times in ms "
          "are p99 (p99.9; the longest) of all blocks together; ratios are of p99, with the interval in which nine of ten bootstrap "
          f"draws lie. Rounds in which other guests took more than {TAKEN_MAX:.0%} of the machine are in the last ratio alone\n")
    print("| the neighbour | rounds | beside it | beside one that behaves | alone | ratio | ratio to alone | ratio in all rounds | its answers |")
    print("|---|---|---|---|---|---|---|---|---|")
    for behaviour in names:
        with contextlib.ExitStack() as own:
            neighbour, seconds, rounds, windows = Callers(concord, tokens[0]), options.duration, options.rounds, []
            if behaviour == "returns_1_gb":
                seconds, rounds = FIRST_BLOCK, min(rounds, FIRST_ROUNDS_MAX)
            elif behaviour == "is_flooded":
                neighbour = Flood(concord.port, tokens[0], behaviour, FLOOD, FLOOD_PER_SECOND)
                own.callback(neighbour.close)
            elif behaviour == "is_called_at_once":
                seconds, windows = AT_ONCE_BLOCK, AT_ONCE_WINDOWS
                # In both turns as many more come evenly over the first of those times.
                neighbour = Flood(concord.port, tokens[0], behaviour, FLOOD, FLOOD / windows[0], is_lasting=False)
                own.callback(neighbour.close)
            blocks = [1] + [window // seconds for window in windows]
            lines = measured(behaviour, rounds, blocks, lambda name: turn(neighbour, name, load, concord, seconds, warmed))
            print("\n".join(lines), flush=True)


def measured(behaviour, rounds, blocks, turn):
    """Lines of the table, each of so many blocks in one of which a neighbour misbehaves: beside it, one that behaves, and none."""
    names = [behaviour, "calm", None]
    orders, quiet, every = list(itertools.permutations(names)), [], []
    while len(quiet) < rounds:
        # Within rounds that count, for rounds in sixes, each comes as often behind each other one.
        turns = {name: turn(name) for name in orders[len(quiet) % len(orders)]}
        every.append(turns)
        if all(one.taken <= TAKEN_MAX for one in turns.values()):
            quiet.append(turns)
        if len(every) - len(quiet) > DISTURBED_MAX * rounds:
            raise SystemExit(f"bench: in {len(every) - len(quiet)} of {len(every)} rounds other guests of this machine took more than "
                             f"{TAKEN_MAX:.0%} of it")
    return [line(quiet, every, behaviour, count) for count in blocks]


def line(quiet, every, behaviour, blocks):
    wild, calm, alone = mixed(quiet, behaviour, blocks), pool(quiet, "calm"), pool(quiet, None)
    name = behaviour.replace("_", " ") + (f", once in {blocks} such blocks" if blocks > 1 else "")
    return (f"| {name} | {len(quiet)} of {len(every)} | {told(wild)} | {told(calm)} | {told(alone)} "
            f"| {told_ratio(wild, calm)} | {told_ratio(wild, alone)} "
            f"| {told_ratio(mixed(every, behaviour, blocks), pool(every, 'calm'))} | {summary(quiet, behaviour)} |")


class Turn:
    """A block of load, what the neighbour was answered, and the share of the machine that it was not given."""

    def __init__(self, block, answers, taken):
        self.block, (self.answers, *self.waiting), self.taken = block, answers, taken


def turn(neighbour, name, load, concord, seconds, warmed):
    # Whatever was asked before: what is kept goes out of date in five seconds.
    warmed()
    neighbour.begin(name)
    begun, before = time.monotonic(), stolen_seconds()
    block = load.block(concord, seconds)
    taken = (stolen_seconds() - before) / (time.monotonic() - begun) / os.cpu_count()
    answers = neighbour.end()
    # Whoever had no core for that long has not asked at once.
    if answers[3:] and answers[3] > MOMENT:
        taken = 1
    return Turn(block, answers, taken)


def pool(rounds, name):
    return Pool([turns[name].block.times for turns in rounds])


def mixed(rounds, name, blocks):
    """One block beside `name` and the others of so many beside the one that behaves: those of the same round over again, since what
    is asked for is what that block makes of them."""
    mixtures = []
    for turns in rounds:
        times = collections.Counter(turns[name].block.times)
        for time, count in turns["calm"].block.times.items():
            times[time] += (blocks - 1) * count
        mixtures.append(times)
    return Pool(mixtures)


def told(pool):
    return f"{pool.slowest(0.01):.2f} ({pool.slowest(0.001):.1f}; {pool.longest:.0f})"


def stolen_seconds():
    """For how long this machine had work and was not run, on all cores together: `steal` of proc_stat(5). 0 where it is no guest."""
    return int(pathlib.Path("/proc/stat").read_text().split(maxsplit=9)[8]) / os.sysconf("SC_CLK_TCK")


def told_ratio(one, other):
    """What stands in a cell."""
    value, low, high = ratio(one, other)
    return f"{value:.2f} ({low:.2f}–{high:.2f})"


def summary(rounds, behaviour):
    """The answers of all rounds, beside those of the one that behaves, and how many calls waited where the neighbour counts them."""
    answers = [" and ".join(f"{count} × {status}" for status, count in sorted(total(rounds, name).items())) for name in (behaviour, "calm")]
    counted = [turns for turns in rounds if turns[behaviour].waiting]
    text = f"{answers[0]}; the other's {answers[1]}"
    if not counted:
        return text
    least, most = min(turns[behaviour].waiting[0] for turns in counted), max(turns["calm"].waiting[1] for turns in counted)
    moment = max(turns[behaviour].waiting[2] for turns in counted)
    return f"{text}; all asked within {moment * 1000:.0f} ms; {least} waiting at least, beside the other {most} at most"


def total(rounds, name):
    return sum((collections.Counter(turns[name].answers) for turns in rounds), collections.Counter())


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
    # As shipped, but for deadlines, and for a queue in which a whole flood has room.
    own = "hangs: { deadline: 1s }, spins: { deadline: 1s }, is_flooded: { queue: 16384 }"
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
        if name:
            self.renew(name)
        self.answers, self.stopping = {}, threading.Event()
        count = CALLERS if name else 0
        self.threads = [threading.Thread(target=self.ask, args=(name, number), daemon=True) for number in range(count)]
        for thread in self.threads:
            thread.start()

    def renew(self, name):
        """Nothing that it has done before is held against it: each block finds it as if it had just been loaded."""
        host = self.concord.host
        answer = host.request("POST", f"/admin/modules/{name}/enable", host.operator, port=host.admin_port)
        if answer.status != 200:
            raise SystemExit(f"bench: {name} is not enabled: {answer.status} {answer.body}")

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
        due = time.monotonic() + LEAD + number / CALLERS / CALLS_PER_SECOND
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
